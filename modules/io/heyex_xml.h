// HEYEX XML export of the Heidelberg Spectralis: one XML file, and beside it a TIFF or JPEG for
// each B-scan and for the localiser (IR) image. Spacing: x and y from ScaleX and ScaleY (mm), z
// from the distance of the B-scans' start points. Grey samples are delivered as stored (UInt8
// 0..255, HEYEX's display scale). The XML names its pictures by the path they were exported to;
// only the last part is used, beside the XML, and one that climbs ("..") is refused.
#pragma once

#include "modules/core/context.h"
#include "modules/io/bytes.h"

#include <filesystem>
#include <functional>

namespace sensorium {

// Gives the picture of that file name; throws Error when there is none.
using PictureSource = std::function<Image(const std::string& file_name)>;

// 0..100, from the first bytes of a file.
int sniff_heyex_xml(std::span<const std::byte> head);
// The one HEYEX XML file of a folder, or empty. Throws Error BadInput when there are several.
std::filesystem::path find_heyex_xml(const std::filesystem::path& folder);

// name: the file, for messages. Throws Error BadInput naming the missing or contradictory element,
// or the picture whose size differs from what the XML says. With Samples::Skip no picture is asked
// for and the localiser is absent.
Volume parse_heyex_xml(std::string_view xml, const std::string& name, const PictureSource& pictures,
                       Samples samples = Samples::Load, const Context& context = {});

// The pictures that the XML file names, by their file names beside it; none for a folder.
std::vector<std::string> heyex_xml_files(const std::filesystem::path& path);
// path: the XML file, or its folder. One Error lists all missing pictures.
Volume load_heyex_xml(const std::filesystem::path& path, Samples samples, const Context& context);

}
