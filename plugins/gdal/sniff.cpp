#include "modules/core/file.h"
#include "plugins/gdal/gdal_files.h"

#include <array>
#include <fstream>

namespace sensorium::gdal {
namespace fs = std::filesystem;
namespace {

using namespace std::string_view_literals;

struct Mark {
  std::string_view bytes, driver;
};
constexpr std::array marks{Mark{"EHFA_HEADER_TAG"sv, "HFA"sv}, Mark{"HEAD74"sv, "LAN"sv},
                           Mark{"HEADER\0"sv, "LAN"sv},        Mark{"PCIDSK  "sv, "PCIDSK"sv},
                           Mark{"NITF02"sv, "NITF"sv},         Mark{"NSIF01"sv, "NITF"sv}};

// Samples a pixel (tag 277) of a classic TIFF's first directory; 0 where it cannot be read.
std::uint32_t samples_a_pixel(const fs::path& path, bool big) {
  std::ifstream in(path, std::ios::binary);
  const auto number = [&](std::uint64_t at, int bytes) -> std::uint64_t {
    std::array<unsigned char, 4> raw{};
    in.seekg(static_cast<std::streamoff>(at));
    if (!in.read(reinterpret_cast<char*>(raw.data()), bytes)) return 0;
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i)
      value = value << 8 | raw[static_cast<std::size_t>(big ? i : bytes - 1 - i)];
    return value;
  };
  const std::uint64_t directory = number(4, 4), entries = number(directory, 2);
  for (std::uint64_t i = 0; i < entries && in; ++i) {
    const std::uint64_t at = directory + 2 + 12 * i;
    if (number(at, 2) == 277)
      return static_cast<std::uint32_t>(number(at + 2, 2) == 3 ? number(at + 8, 2)
                                                               : number(at + 8, 4));
  }
  return 0;
}

}

std::string driver_of(const fs::path& path, std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  for (const Mark& mark : marks)
    if (text.starts_with(mark.bytes)) return std::string(mark.driver);
  if (text.starts_with("II+\0"sv) || text.starts_with("MM\0+"sv)) return "GTiff";
  const bool big = text.starts_with("MM\0*"sv);
  if (!big && !text.starts_with("II*\0"sv)) return {};
  return samples_a_pixel(path, big) > 4 ? "GTiff" : "";
}

}
