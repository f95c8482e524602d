// HEYEX raw export (.vol) of the Heidelberg Spectralis.
//
// Layout as published with the HEYEX special-function export and in open readers (octSegmentation's
// HDEVolImporter, eyepy): a header of 2048 bytes, the SLO image (SizeXSlo * SizeYSlo bytes), then
// for each B-scan a header of BScanHdrSize bytes that also holds the layer lines (float32,
// [NumSeg][SizeX] at OffSeg) and SizeX * SizeZ float32 reflectivities. Little endian. Recognised by
// "HSF-OCT-", never by the suffix, which GE Kretz ultrasound shares.
//
// Delivered: Float32 in 0..1, the fourth root of the stored reflectivity, which is the display
// transform of HEYEX (grey = 255 * x^0.25). Samples outside the registered area (stored above 1e30)
// are 0, layer lines there NaN. Spacing: x from ScaleX, y (depth) from ScaleZ, z from Distance; a
// distance of 0 is unknown. Files written by the Python package eyepy in the same layout ("ep-v")
// are read too; they hold grey levels 0..255.
#pragma once

#include "modules/core/context.h"
#include "modules/io/bytes.h"

namespace sensorium {

// 0..100, from the first bytes.
int sniff_heyex_vol(std::span<const std::byte> head);

// name: the file, for messages. With Samples::Skip all but pixels is filled in. Allocates no more
// than the file's own size twice. Throws Error BadInput (cut short, contradictory sizes) or
// Unsupported (another format).
Volume parse_heyex_vol(std::span<const std::byte> file, const std::string& name,
                       Samples samples = Samples::Load, const Context& context = {});

// The line's standard name by its position in the file: ILM, BM, RNFL, GCL, IPL, INL, OPL, ONL,
// ELM, IOS, OPT, CHO, VIT, ANT, PR1, PR2, RPE (0 to 16; the lower border of the layer named, but
// ILM, ELM and BM themselves). Beyond: "layer N".
std::string heyex_layer_name(int position);

}
