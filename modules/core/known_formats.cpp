#include "modules/core/known_formats.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sensorium {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t offset;
  std::string_view bytes, name, hint;
};

constexpr std::string_view export_oct = "export the scan from the device's program as DICOM, "
                                        "HEYEX .vol or pictures";
constexpr std::string_view later = "this version reads no such recordings; see 'sensorium info "
                                   "--formats'";

constexpr std::array magics{
    Magic{0, "CMDb"sv, "a Heidelberg E2E database", export_oct},
    Magic{0, "MDbMDir"sv, "a Heidelberg E2E database", export_oct},
    Magic{0, "FOCT"sv, "a Topcon .fda scan", export_oct},
    Magic{0, "FAA"sv, "a Topcon .fda scan", export_oct},
    Magic{0, "KRETZFILE"sv, "a GE Kretz volume", "export it from the device as DICOM"},
    Magic{0, "\x93NUMPY"sv, "a NumPy array", later},
    Magic{0, "ENVI"sv, "the header of an ENVI hyperspectral cube", later},
    Magic{0, "\x89HDF"sv, "an HDF5 file without an image in it", later},
    Magic{0, "HEAD74"sv, "an ERDAS 7.4 grid", later},
    Magic{0, "\x5c\x01\0\0"sv, "a header of Analyze 7.5, or a NIfTI header without its mark",
          "save it as NIfTI (.nii.gz)"},
    Magic{0, "%PDF"sv, "a PDF document", "give the recording, not its report"},
    Magic{0, "PK\x03\x04"sv, "a ZIP archive", "unpack it first"},
    Magic{0, "\x1f\x8b"sv, "gzip data that holds no NIfTI volume", "unpack it with gunzip first"},
    Magic{0, "BZh"sv, "bzip2 data", "unpack it with bunzip2 first"},
    Magic{0, "\xfd\x37zXZ"sv, "xz data", "unpack it with unxz first"},
    Magic{0, "7z\xbc\xaf"sv, "a 7-Zip archive", "unpack it first"},
    Magic{257, "ustar"sv, "a tar archive", "unpack it first"},
    Magic{0, "SQLite format 3"sv, "a SQLite database", "a result folder is opened as a folder"},
    Magic{0, "\x7f\x45LF"sv, "a program", "give a recording"},
    Magic{8, "WEBP"sv, "a WebP picture", "save it as PNG or TIFF"},
    Magic{4, "ftypheic"sv, "a HEIC picture", "save it as PNG or TIFF"},
    Magic{4, "ftypavif"sv, "an AVIF picture", "save it as PNG or TIFF"},
    Magic{0, "\0\0\0\x0cjP  "sv, "a JPEG 2000 picture", "save it as PNG or TIFF"},
    Magic{0, "\xff\x4f\xff\x51"sv, "a JPEG 2000 codestream", "save it as PNG or TIFF"},
    Magic{0, "8BPS"sv, "a Photoshop picture", "save it as TIFF"},
    Magic{0, "SIMPLE  ="sv, "a FITS image", "save it as NIfTI or TIFF"},
    Magic{0, "RIFF"sv, "a RIFF file that is no AVI video", "see 'sensorium info --formats'"},
};

bool is_text(std::span<const std::byte> head) {
  return std::all_of(head.begin(), head.end(), [](std::byte b) {
    const auto c = static_cast<unsigned char>(b);
    return c >= 32 || c == '\t' || c == '\n' || c == '\r';
  });
}

}

KnownFormat known_format(std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  for (const Magic& magic : magics)
    if (text.size() >= magic.offset && text.substr(magic.offset).starts_with(magic.bytes))
      return {std::string(magic.name), std::string(magic.hint)};
  if (text.empty() || !is_text(head)) return {};
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start != std::string_view::npos && (text[start] == '{' || text[start] == '['))
    return {"JSON text", "a recipe is run with 'sensorium run recipe.json'"};
  if (start != std::string_view::npos && text[start] == '<')
    return {"XML or HTML, but no HEYEX export", "export it from HEYEX as XML"};
  return {"text", "give an image, a volume or a video"};
}

}
