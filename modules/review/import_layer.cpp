#include "modules/review/import_layer.h"

#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/review/fold.h"
#include "modules/review/footprint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr double spacing_tolerance = 1e-3;
constexpr double least_cosine = 0.99996; // 0.5 degrees
constexpr std::size_t most_values = 255, most_runs = 8u << 20, most_parts = 20000;
constexpr const char* remedy =
    "resample the mask onto the recording in the program that made it, or open the case it "
    "belongs to";

[[noreturn]] void differs(const std::string& what, const std::string& mask,
                          const std::string& recording, const char* hint = remedy) {
  throw Error(ErrorCode::BadInput,
              fmt::format("the mask does not lie on this recording: its {} is {}, the recording's "
                          "is {}",
                          what, mask, recording),
              hint);
}

std::string direction_text(const Orientation& o) {
  std::string out;
  for (std::size_t axis = 0; axis < 3; ++axis)
    out += fmt::format("{}({:.3g}, {:.3g}, {:.3g})", axis == 0 ? "" : " ", o.direction[axis],
                       o.direction[3 + axis], o.direction[6 + axis]);
  return out;
}

void check_spacing(const Volume& mask, const Volume& recording, std::vector<std::string>& notes) {
  std::string skipped;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const Spacing &a = mask.spacing[axis], &b = recording.spacing[axis];
    if (!a.known() || !b.known()) {
      skipped += "xyz"[axis];
      continue;
    }
    if (std::abs(a.micrometres - b.micrometres) > spacing_tolerance * b.micrometres)
      differs(fmt::format("spacing along {}", "xyz"[axis]), fmt::format("{:.6g} um", a.micrometres),
              fmt::format("{:.6g} um", b.micrometres));
  }
  if (!skipped.empty())
    notes.push_back(fmt::format(
        "spacing along {} was not compared: the mask or the recording does not state it", skipped));
}

// Whole slices between the first slice of the mask and that of the recording.
int check_orientation(const Volume& mask, const Volume& recording,
                      std::vector<std::string>& notes) {
  if (!mask.orientation || !recording.orientation) {
    notes.push_back(fmt::format("orientation was not compared: {} does not state it",
                                mask.orientation ? "the recording" : "the mask"));
    return 0;
  }
  const Orientation &a = *mask.orientation, &b = *recording.orientation;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    double cosine = 0;
    for (std::size_t row = 0; row < 3; ++row)
      cosine += a.direction[3 * row + axis] * b.direction[3 * row + axis];
    if (cosine < least_cosine) differs("orientation", direction_text(a), direction_text(b));
  }
  std::array<double, 3> voxels{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    double mm = 0;
    for (std::size_t row = 0; row < 3; ++row)
      mm += (a.origin_mm[row] - b.origin_mm[row]) * b.direction[3 * row + axis];
    const Spacing& spacing = recording.spacing[axis];
    voxels[axis] = spacing.known() ? mm * 1e3 / spacing.micrometres : mm;
  }
  const double slices = std::round(voxels[2]);
  if (std::abs(voxels[0]) > 0.5 || std::abs(voxels[1]) > 0.5 ||
      std::abs(voxels[2] - slices) > 0.25 || std::abs(slices) > 1e6)
    differs("origin", fmt::format("({:.4f} mm)", fmt::join(a.origin_mm, ", ")),
            fmt::format("({:.4f} mm)", fmt::join(b.origin_mm, ", ")));
  return static_cast<int>(slices);
}

bool may_leave_out_slices(const Volume& mask) {
  return mask.origin.format == "dicom" &&
         (mask.orientation.has_value() ||
          std::any_of(mask.origin.facts.begin(), mask.origin.facts.end(), [](const Fact& f) {
            return f.name == "slices placed by" && f.value == "source frame";
          }));
}

// One number a voxel. A colour picture whose channels are the same is grey.
std::vector<float> values_of(const Volume& mask, const std::string& name) {
  if (mask.channels == 1) return to_float(mask);
  if (mask.type != PixelType::UInt8)
    throw Error(ErrorCode::Unsupported, fmt::format("'{}' has {} channels", name, mask.channels),
                "save the labels as one channel");
  const auto bytes = samples<std::uint8_t>(mask.pixels);
  const auto channels = static_cast<std::size_t>(mask.channels);
  const std::size_t colours = std::min<std::size_t>(channels, 3); // a fourth one is opacity
  std::vector<float> out(mask.voxels());
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (std::size_t c = 1; c < colours; ++c)
      if (bytes[i * channels + c] != bytes[i * channels])
        throw Error(ErrorCode::Unsupported, fmt::format("'{}' is a colour picture", name),
                    "save the labels as numbers (one grey channel), each label its own value");
    out[i] = bytes[i * channels];
  }
  return out;
}

// Runs of one value, in the order z, y, x.
std::map<long, std::vector<Run>> runs_of(const std::vector<float>& values, const Volume& mask,
                                         int first_slice, const ImportOptions& options,
                                         const std::string& name) {
  std::map<long, std::vector<Run>> out;
  std::size_t count = 0;
  for (int z = 0; z < mask.depth; ++z)
    for (int y = 0; y < mask.height; ++y) {
      const float* row = values.data() + (static_cast<std::size_t>(z) * mask.height + y) *
                                             static_cast<std::size_t>(mask.width);
      for (int x = 0; x < mask.width;) {
        const float value = row[x];
        const int begin = x;
        const bool inside = options.threshold ? value >= *options.threshold : value != 0;
        if (!inside) {
          ++x;
          continue;
        }
        if (!options.threshold && (value != std::round(value) || value < 0 || value > 65535))
          throw Error(ErrorCode::Unsupported,
                      fmt::format("'{}' holds the value {}, which is no label", name, value),
                      "labels are whole numbers from 1 to 65535; for probabilities give a "
                      "threshold");
        while (x < mask.width &&
               (options.threshold ? row[x] >= *options.threshold : row[x] == value))
          ++x;
        out[options.threshold ? 1 : static_cast<long>(value)].push_back(
            {z + first_slice, y, begin, x - begin});
        if (++count > most_runs || out.size() > most_values)
          throw Error(ErrorCode::Unsupported,
                      fmt::format("'{}' has more than {} {}: it looks like a picture, not like "
                                  "labels",
                                  name, count > most_runs ? most_runs : most_values,
                                  count > most_runs ? "strips" : "different values"),
                      "give the mask, or a threshold");
      }
    }
  return out;
}

// Union-find over the runs of one value.
class Parts {
public:
  explicit Parts(const std::vector<Run>& runs) : runs_(runs), parent_(runs.size()) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
    for (std::size_t i = 0; i < runs.size(); ++i) rows_.try_emplace({runs[i].z, runs[i].y}, i);
    for (std::size_t i = 0; i < runs.size(); ++i)
      for (const auto& [dz, dy] : {std::pair(0, -1), {-1, -1}, {-1, 0}, {-1, 1}})
        join_row(i, runs[i].z + dz, runs[i].y + dy);
  }

  std::vector<std::vector<Run>> all() {
    std::map<std::size_t, std::vector<Run>> by_root;
    for (std::size_t i = 0; i < runs_.size(); ++i) by_root[root(i)].push_back(runs_[i]);
    std::vector<std::vector<Run>> out;
    for (auto& [first, runs] : by_root) out.push_back(std::move(runs));
    return out;
  }

private:
  std::size_t root(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join_row(std::size_t i, int z, int y) {
    const auto row = rows_.find({z, y});
    if (row == rows_.end()) return;
    const Run& run = runs_[i];
    for (std::size_t j = row->second; j < runs_.size(); ++j) {
      const Run& other = runs_[j];
      if (other.z != z || other.y != y || other.x > run.x + run.length) break;
      if (other.x + other.length < run.x) continue;
      const std::size_t a = root(i), b = root(j);
      parent_[std::max(a, b)] = std::min(a, b);
    }
  }
  const std::vector<Run>& runs_;
  std::vector<std::size_t> parent_;
  std::map<std::pair<int, int>, std::size_t> rows_;
};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// The pipeline's label that a name in a file means, or empty.
std::string label_of_name(const std::string& name, const std::vector<std::string>& known,
                          const ImportOptions& options) {
  if (const auto given = options.names.find(name); given != options.names.end())
    return given->second;
  for (const std::string& label : known)
    if (lower(label) == lower(name)) return label;
  return {};
}

std::string label_in_file(const Volume& mask, long value, const std::vector<std::string>& known,
                          const ImportOptions& options) {
  for (const Fact& fact : mask.origin.facts)
    if (fact.name == fmt::format("segment {}", value))
      return label_of_name(fact.value, known, options);
  return {};
}

std::map<long, std::string> labels_of(const std::map<long, std::vector<Run>>& values,
                                      const Volume& mask, const std::vector<std::string>& known,
                                      const ImportOptions& options, const std::string& name) {
  std::map<long, std::string> out;
  std::vector<long> nameless;
  for (const auto& [value, runs] : values) {
    const auto given = options.labels.find(value);
    const std::string own = label_in_file(mask, value, known, options);
    if (given != options.labels.end())
      out[value] = given->second;
    else if (!own.empty())
      out[value] = own;
    else if (values.size() == 1 && !known.empty())
      out[value] = known.front();
    else
      nameless.push_back(value);
  }
  if (!nameless.empty())
    throw Error(
        ErrorCode::Usage,
        fmt::format("'{}': {} of its values {} no label: {}", name, nameless.size(),
                    nameless.size() == 1 ? "has" : "have",
                    fmt::join(nameless.begin(),
                              nameless.begin() + static_cast<std::ptrdiff_t>(
                                                     std::min<std::size_t>(nameless.size(), 12)),
                              ", ")),
        fmt::format("say what each value means: VALUE=LABEL, for example {}={}; the "
                    "labels are {}",
                    nameless.front(), known.empty() ? "lesion" : known.front(),
                    fmt::join(known, ", ")));
  for (const auto& [value, label] : out)
    if (!known.empty() && std::find(known.begin(), known.end(), label) == known.end())
      throw Error(ErrorCode::Usage, fmt::format("'{}' is no label of this pipeline", label),
                  fmt::format("the labels are {}", fmt::join(known, ", ")));
  return out;
}

std::string name_of_file(const Volume& mask) {
  const std::string name = std::filesystem::path(mask.origin.path).filename().string();
  return name.empty() ? "the mask" : name;
}

}

int check_geometry(const Volume& mask, const Volume& recording, const ImportOptions& options,
                   std::vector<std::string>& notes) {
  const auto size = [](const Volume& v) {
    return fmt::format("{} x {} x {}", v.width, v.height, v.depth);
  };
  if (mask.width != recording.width || mask.height != recording.height)
    differs("size", size(mask), size(recording));
  if (mask.laterality != Laterality::Unknown && recording.laterality != Laterality::Unknown &&
      mask.laterality != recording.laterality)
    differs("eye", mask.laterality == Laterality::Right ? "right" : "left",
            recording.laterality == Laterality::Right ? "right" : "left");
  if (options.slice) {
    if (mask.depth != 1 || *options.slice < 0 || *options.slice >= recording.depth)
      throw Error(ErrorCode::Usage,
                  fmt::format("slice {} of a mask of {} slices cannot be placed in a recording of "
                              "{} slices",
                              *options.slice + 1, mask.depth, recording.depth),
                  "a slice can be named for a single picture only");
    Volume flat = mask;
    flat.spacing[2] = unknown_spacing("one picture");
    check_spacing(flat, recording, notes);
    return *options.slice;
  }
  check_spacing(mask, recording, notes);
  const int first = check_orientation(mask, recording, notes);
  const bool fits = first >= 0 && first + mask.depth <= recording.depth;
  if (mask.depth != recording.depth && !(may_leave_out_slices(mask) && fits))
    differs("size", size(mask), size(recording),
            mask.depth == 1 ? "say to which slice the picture belongs" : remedy);
  if (mask.depth == recording.depth && first != 0)
    differs("first slice", fmt::format("{} slices away", first), "the first");
  if (mask.depth != recording.depth)
    notes.push_back(fmt::format("the mask has {} of {} slices; those it leaves out are empty",
                                mask.depth, recording.depth));
  return first;
}

ImportedLayer import_layer(const Volume& mask, const Volume& recording,
                           const std::vector<std::string>& known, const ImportOptions& options) {
  const std::string name = name_of_file(mask);
  ImportedLayer out;
  const int first = check_geometry(mask, recording, options, out.notes);
  const auto runs = runs_of(values_of(mask, name), mask, first, options, name);
  out.labels = labels_of(runs, mask, known, options, name);
  for (const auto& [value, of_value] : runs)
    for (std::vector<Run>& part : Parts(of_value).all()) {
      if (out.findings.size() >= most_parts)
        throw Error(ErrorCode::Unsupported,
                    fmt::format("'{}' falls into more than {} parts", name, most_parts),
                    "is it a mask of lesions?");
      Finding f;
      f.id = fmt::format("{}", out.findings.size() + 1);
      f.label = out.labels.at(value);
      f.score = 1;
      f.footprint = normalised(std::move(part));
      place(f);
      remeasure(f, recording.spacing);
      out.findings.push_back(std::move(f));
    }
  if (out.findings.empty()) out.notes.push_back("the mask is empty: nothing is marked in it");
  return out;
}

ImportedLayer import_findings(const Findings& findings, const Volume& recording,
                              const std::vector<std::string>& known, const ImportOptions& options,
                              const std::string& source) {
  ImportedLayer out;
  out.notes = findings.notes;
  for (const Finding& in : findings.items) {
    Finding f = in;
    f.id = fmt::format("{}", out.findings.size() + 1);
    f.label = label_of_name(in.label, known, options);
    if (f.label.empty())
      throw Error(ErrorCode::Usage,
                  fmt::format("'{}' has findings '{}', which is no label of this pipeline", source,
                              in.label),
                  fmt::format("say what it means, for example '{}={}'; the labels are {}", in.label,
                              known.empty() ? "lesion" : known.front(), fmt::join(known, ", ")));
    f.footprint = normalised(f.footprint);
    place(f);
    remeasure(f, recording.spacing);
    out.findings.push_back(std::move(f));
  }
  if (out.findings.empty()) out.notes.push_back("nothing is marked in it");
  return out;
}

json import_layer_data(const ImportedLayer& layer, const std::string& source,
                       const std::string& file_sha256, std::span<const Event> events,
                       const std::string& reader) {
  const std::string prefix =
      fmt::format("import-{}-", sha256(reader + '\n' + file_sha256).substr(0, 10));
  for (const ReviewedFinding& f : fold({}, events, reader).findings)
    if (f.finding.id.starts_with(prefix))
      throw Error(ErrorCode::Conflict,
                  fmt::format("the layer of '{}' holds '{}' already", reader, source),
                  "undo the first import, or import it for another reader");
  std::vector<Finding> items = layer.findings;
  for (Finding& f : items) f.id = prefix + f.id;
  json data = import_data(source, items);
  data["sha256"] = file_sha256;
  return data;
}

}
