// NI TDMS files, versions 4712 and 4713: groups and channels of numbers, little- and big-endian,
// contiguous or interleaved, in any number of segments. DAQmx raw data are refused.
//
// Rate: the property wf_increment (seconds). Unit: unit_string or NI_UnitDescription. Linear NI
// scales are applied; others are named in a warning and the stored values shown.
#pragma once

#include "modules/core/context.h"
#include "modules/core/dataset.h"

#include <filesystem>

namespace sensorium {

int sniff_tdms(std::span<const std::byte> head);
// Channels of one length and rate make the recording; where there are several such sets, the one
// with most samples is taken and a warning names the others. Channels that lie in one piece are
// mapped; others are gathered in memory. Throws Error BadInput, Unsupported.
Recording load_tdms(const std::filesystem::path& path, const Context& context);

}
