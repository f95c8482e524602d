#include "pipelines/cube_analysis/references.h"

#include "hyperspectral/unmixing.h"
#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/imaging/spectra.h"
#include "modules/imaging/spectral_library.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

namespace sensorium::cube_analysis {
namespace {

using nlohmann::json;
using namespace hyper;

constexpr std::size_t most_classes = 254;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<std::string> parts_of(const std::string& text, char by) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, by);) {
    const auto first = part.find_first_not_of(" \t\r\n"), last = part.find_last_not_of(" \t\r\n");
    if (first != std::string::npos) out.push_back(part.substr(first, last - first + 1));
  }
  return out;
}

void from_library(const SpectrumReader& reader, const CubeParameters& p, References& out) {
  const Cube file = load_reference(p.library);
  const SpectralLibrary library = library_of(file);
  std::vector<std::string> words;
  for (const std::string& word : parts_of(p.only, ',')) words.push_back(lower(word));
  for (std::size_t i = 0; i < library.names.size(); ++i) {
    const std::string name = lower(library.names[i]);
    const bool wanted =
        words.empty() || std::any_of(words.begin(), words.end(), [&](const std::string& word) {
          return name.find(word) != std::string::npos;
        });
    if (!wanted) continue;
    out.spectra.push_back(on_bands(library, i, reader.nm(), reader.size()));
    out.names.push_back(library.names[i]);
  }
  if (out.spectra.empty())
    throw Error(ErrorCode::Usage,
                fmt::format("no spectrum of '{}' has a name with '{}'", p.library, p.only),
                fmt::format("its first one is '{}'", library.names.front()));
  out.record = {{"library", p.library}, {"sha256", sha256_of_path(file.data_path)}};
}

void from_places(const SpectrumReader& reader, const CubeParameters& p, const Context& context,
                 References& out) {
  const Cube& cube = reader.cube();
  json list = json::array();
  for (const TileRange& place : places_in(p.places, cube)) {
    context.step(0, "spectra of places");
    std::vector<double> sum(reader.size(), 0.0), values;
    std::vector<std::uint8_t> valid;
    std::uint64_t pixels = 0;
    for (int line = 0; line < place.lines; ++line) {
      reader.read({place.line + line, 1, place.sample, place.samples}, values, valid);
      for (std::size_t i = 0; i < valid.size(); ++i) {
        if (valid[i] == 0) continue;
        ++pixels;
        for (std::size_t b = 0; b < sum.size(); ++b) sum[b] += values[i * sum.size() + b];
      }
      if (line % 64 == 63) cube.data.release();
    }
    std::string name = fmt::format("x {} y {}", place.sample, place.line);
    if (place.pixels() > 1) name += fmt::format(", {} x {}", place.samples, place.lines);
    if (pixels == 0)
      throw Error(ErrorCode::Usage, fmt::format("the place {} has no measurement", name),
                  "choose another place");
    for (double& one : sum) one /= static_cast<double>(pixels);
    out.spectra.push_back(std::move(sum));
    out.names.push_back(name);
    list.push_back({{"x", place.sample},
                    {"y", place.line},
                    {"width", place.samples},
                    {"height", place.lines},
                    {"pixels", pixels}});
  }
  out.record = {{"places", list}};
}

void from_cube(const SpectrumReader& reader, const CubeParameters& p, std::uint64_t seed,
               const Context& context, References& out) {
  json list = json::array();
  for (const Endmember& e : vertex_components(reader, p.count, seed, context)) {
    out.spectra.push_back(e.spectrum);
    out.names.push_back(fmt::format("pure {} (x {} y {})", out.names.size() + 1, e.sample, e.line));
    list.push_back({{"x", e.sample}, {"y", e.line}});
  }
  out.record = {{"found_by", "vertex component analysis"}, {"pixels", list}, {"seed", seed}};
  out.notes.push_back(fmt::format(
      "The {} spectra are those of the cube's own most extreme pixels (vertex component "
      "analysis), not of known materials.",
      out.spectra.size()));
}

}

std::vector<TileRange> places_in(const std::string& text, const Cube& cube) {
  std::vector<TileRange> out;
  for (const std::string& part : parts_of(text, ';')) {
    std::vector<int> numbers;
    bool good = true;
    for (const std::string& word : parts_of(part, ',')) {
      int value = 0;
      const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
      good = good && code == std::errc() && end == word.data() + word.size();
      numbers.push_back(value);
    }
    if (numbers.size() == 2) numbers.insert(numbers.end(), {1, 1});
    if (!good || numbers.size() != 4)
      throw Error(ErrorCode::Usage, fmt::format("'{}' is no place", part.substr(0, 60)),
                  "x,y or x,y,width,height; several are parted by semicolons");
    const TileRange place{numbers[1], numbers[3], numbers[0], numbers[2]};
    if (place.line < 0 || place.sample < 0 || place.lines < 1 || place.samples < 1 ||
        place.lines > cube.lines || place.samples > cube.samples ||
        place.line > cube.lines - place.lines || place.sample > cube.samples - place.samples)
      throw Error(ErrorCode::Usage,
                  fmt::format("the place '{}' is outside of the cube of {} x {} pixels",
                              part.substr(0, 60), cube.samples, cube.lines),
                  "x counts samples and y lines, both from 0");
    out.push_back(place);
  }
  if (out.empty())
    throw Error(ErrorCode::Usage, fmt::format("'{}' names no place", text.substr(0, 60)),
                "x,y or x,y,width,height; several are parted by semicolons");
  return out;
}

References references_for(const SpectrumReader& reader, const CubeParameters& p, std::uint64_t seed,
                          const Context& context) {
  if (!p.library.empty() && !p.places.empty())
    throw Error(ErrorCode::Usage, "both a library and places were given",
                "give one of --library and --places");
  References out;
  if (!p.library.empty())
    from_library(reader, p, out);
  else if (!p.places.empty())
    from_places(reader, p, context, out);
  else
    from_cube(reader, p, seed, context, out);
  if (out.spectra.size() > most_classes)
    throw Error(ErrorCode::Usage,
                fmt::format("{} spectra are too many for one map", out.spectra.size()),
                fmt::format("choose at most {} with --only", most_classes));
  return out;
}

}
