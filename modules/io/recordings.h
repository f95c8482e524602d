// Readers of recordings that need no plugin: tables of text, NumPy arrays, COMTRADE, TDMS.
#pragma once

#include "modules/core/extension.h"

namespace sensorium {

std::vector<ReaderDefinition> recording_readers();

}
