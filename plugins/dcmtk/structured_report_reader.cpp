#include "plugins/dcmtk/outline.h"
#include "plugins/dcmtk/sources.h"
#include "plugins/dcmtk/structured_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numbers>

namespace sensorium::dicom {
namespace fs = std::filesystem;
namespace {

constexpr int deepest = 16;
constexpr std::size_t most_groups = 20000, most_points = 1u << 20;

std::string child_text(DcmItem& item, const DcmTagKey& sequence, const DcmTagKey& tag) {
  const auto found = items_of(item, sequence);
  return found.empty() ? std::string() : text_of(*found.front(), tag);
}

std::string concept_value(DcmItem& item) {
  return child_text(item, DCM_ConceptNameCodeSequence, DCM_CodeValue);
}
std::string concept_meaning(DcmItem& item) {
  return child_text(item, DCM_ConceptNameCodeSequence, DCM_CodeMeaning);
}
std::string concept_scheme(DcmItem& item) {
  return child_text(item, DCM_ConceptNameCodeSequence, DCM_CodingSchemeDesignator);
}

std::string long_text(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  return item.findAndGetOFStringArray(tag, value).good()
             ? std::string(value.c_str(), value.length())
             : std::string();
}

// Where a slice is named: instance and frame (0 for the whole instance).
using Places = std::map<std::pair<std::string, long>, int>;

class Reader {
public:
  Reader(const File& file, const Volume& recording, Places places)
      : file_(file), recording_(recording), places_(std::move(places)) {}

  void walk(DcmItem& item, int depth) {
    if (depth > deepest) throw bad(file_.path(), "the report is nested too deeply");
    if (concept_value(item) == "125007" && text_of(item, DCM_ValueType) == "CONTAINER")
      return group(item);
    if (concept_value(item) == "121106") note_recording(long_text(item, DCM_TextValue));
    for (DcmItem* child : items_of(item, DCM_ContentSequence)) walk(*child, depth + 1);
  }

  std::vector<Finding> findings;
  int without_place = 0, foreign = 0;
  std::string recording_named; // by the comment of a report without image references

private:
  void note_recording(const std::string& comment) {
    constexpr std::string_view key = "recording SHA-256 ";
    if (const auto at = comment.find(key); at != std::string::npos)
      recording_named = comment.substr(at + key.size(), 64);
  }

  void group(DcmItem& item) {
    Finding f;
    f.score = 1;
    for (DcmItem* child : items_of(item, DCM_ContentSequence)) take(*child, f);
    if (f.id == "summary" && f.label.empty()) return;
    if (findings.size() >= most_groups)
      throw unsupported(file_.path(), fmt::format("more than {} groups", most_groups),
                        "split the report");
    if (f.footprint.empty()) {
      ++without_place;
      return;
    }
    if (f.id.empty()) f.id = fmt::format("group-{}", findings.size() + 1);
    findings.push_back(std::move(f));
  }

  void take(DcmItem& item, Finding& f) {
    const std::string type = text_of(item, DCM_ValueType), concept_code = concept_value(item);
    if (type == "TEXT" && concept_code == "112039")
      f.id = long_text(item, DCM_TextValue).substr(0, 200);
    else if (type == "CODE" && concept_code == "121071")
      f.label = child_text(item, DCM_ConceptCodeSequence, DCM_CodeMeaning);
    else if (type == "SCOORD")
      region(item, f);
    else if (type == "NUM")
      number(item, f);
    else if (type == "TEXT" && concept_scheme(item) == own_scheme)
      own_text(item, f);
  }

  void own_text(DcmItem& item, Finding& f) {
    const std::string name = concept_meaning(item), value = long_text(item, DCM_TextValue);
    if (name == "footprint")
      f.footprint = runs(value);
    else
      f.attributes[name] = value.substr(0, 1000);
  }

  std::vector<Run> runs(const std::string& text) const {
    std::vector<int> numbers;
    const char *at = text.data(), *end = at + text.size();
    while (at < end) {
      int value = 0;
      const auto [next, fault] = std::from_chars(at, end, value);
      if (fault != std::errc() || value < 0 || value > (1 << 24) || numbers.size() > most_points)
        throw bad(file_.path(), "a footprint is damaged");
      numbers.push_back(value);
      at = next;
      while (at < end && (*at == ' ' || *at == ';')) ++at;
    }
    if (numbers.size() % 4 != 0) throw bad(file_.path(), "a footprint is damaged");
    std::vector<Run> out;
    for (std::size_t i = 0; i < numbers.size(); i += 4) {
      const Run r{numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3]};
      if (r.z >= recording_.depth || r.y >= recording_.height || r.x + r.length > recording_.width)
        throw bad(file_.path(), fmt::format("a footprint lies outside the recording of {} x {} x "
                                            "{}: slice {}, row {}, columns {} to {}",
                                            recording_.width, recording_.height, recording_.depth,
                                            r.z + 1, r.y + 1, r.x + 1, r.x + r.length));
      out.push_back(r);
    }
    return out;
  }

  void number(DcmItem& item, Finding& f) const {
    const auto values = items_of(item, DCM_MeasuredValueSequence);
    const auto value = values.empty() ? std::nullopt : number_of(*values[0], DCM_NumericValue);
    if (!value) return;
    std::string name = concept_meaning(item);
    for (const CodedName& c : standard_measures)
      if (concept_value(item) == c.value) name = c.name;
    if (name == "model score") {
      f.score = std::clamp(*value, 0.0, 1.0);
      return;
    }
    const auto unit_items = items_of(*values[0], DCM_MeasurementUnitsCodeSequence);
    std::string unit = unit_items.empty() ? "1" : text_of(*unit_items[0], DCM_CodeValue);
    for (const CodedName& c : units)
      if (unit == c.value) unit = c.name;
    f.measures.push_back({name, *value, unit, "DICOM SR"});
  }

  // The slices that the region was selected from; none when it is another recording's.
  std::vector<int> slices_of(DcmItem& region) const {
    std::vector<int> out;
    for (DcmItem* child : items_of(region, DCM_ContentSequence))
      for (DcmItem* image : items_of(*child, DCM_ReferencedSOPSequence)) {
        const std::string instance = text_of(*image, DCM_ReferencedSOPInstanceUID);
        std::vector<double> frames = numbers_of(*image, DCM_ReferencedFrameNumber);
        if (frames.empty()) frames.push_back(0);
        for (const double frame : frames) {
          auto at = places_.find({instance, static_cast<long>(frame)});
          if (at == places_.end() && frame == 1) at = places_.find({instance, 0});
          if (at == places_.end() && frame == 0) at = places_.find({instance, 1});
          if (at != places_.end()) out.push_back(at->second);
        }
      }
    return out;
  }

  void region(DcmItem& item, Finding& f) {
    const std::vector<double> data = numbers_of(item, DCM_GraphicData);
    if (data.size() % 2 != 0 || data.size() > most_points)
      throw bad(file_.path(), "a region's coordinates are damaged");
    std::vector<Point2> points;
    for (std::size_t i = 0; i < data.size(); i += 2) points.push_back({data[i], data[i + 1]});
    const std::string kind = text_of(item, DCM_GraphicType);
    const std::vector<int> slices = slices_of(item);
    if (slices.empty()) ++foreign;
    points = polygon(kind, points);
    for (const int z : slices) {
      const auto part = filled(points, z, recording_.width, recording_.height);
      f.footprint.insert(f.footprint.end(), part.begin(), part.end());
    }
  }

  std::vector<Point2> polygon(const std::string& kind, const std::vector<Point2>& p) const {
    if (kind == "POLYLINE") return p;
    if (kind == "POINT" && p.size() == 1) {
      const double x = std::floor(p[0][0]), y = std::floor(p[0][1]);
      return {{x, y}, {x + 1, y}, {x + 1, y + 1}, {x, y + 1}};
    }
    Point2 centre{}, first{}, second{};
    if (kind == "CIRCLE" && p.size() == 2) {
      centre = p[0];
      first = {p[1][0] - p[0][0], p[1][1] - p[0][1]};
      second = {-first[1], first[0]};
    } else if (kind == "ELLIPSE" && p.size() == 4) { // ends of the long, then of the short axis
      centre = {(p[0][0] + p[1][0]) / 2, (p[0][1] + p[1][1]) / 2};
      first = {(p[1][0] - p[0][0]) / 2, (p[1][1] - p[0][1]) / 2};
      second = {(p[3][0] - p[2][0]) / 2, (p[3][1] - p[2][1]) / 2};
    } else {
      throw unsupported(file_.path(),
                        fmt::format("a region of type '{}' with {} points is not read",
                                    kind.substr(0, 20), p.size()),
                        "outline the findings with closed lines");
    }
    std::vector<Point2> out;
    constexpr int corners = 360;
    for (int i = 0; i < corners; ++i) {
      const double t = 2 * std::numbers::pi * i / corners;
      out.push_back({centre[0] + std::cos(t) * first[0] + std::sin(t) * second[0],
                     centre[1] + std::cos(t) * first[1] + std::sin(t) * second[1]});
    }
    return out;
  }

  const File& file_;
  const Volume& recording_;
  Places places_;
};

void refuse_other_recording(const File& file, const Reader& reader, const std::string& sha256) {
  if (!reader.recording_named.empty() && reader.recording_named != sha256)
    throw bad(file.path(), fmt::format("the report is about another recording (SHA-256 {}…, the "
                                       "case's is {}…)",
                                       reader.recording_named.substr(0, 12), sha256.substr(0, 12)));
  if (reader.foreign > 0)
    throw bad(file.path(),
              fmt::format("{} of its regions lie on images that are not of this recording",
                          reader.foreign));
}

}

int sniff_report(std::span<const std::byte> head) {
  if (sniff_bytes(head) == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  return text.substr(0, 1024).find("1.2.840.10008.5.1.4.1.1.88.") != std::string_view::npos ? 100
                                                                                            : 0;
}

Findings read_structured_report(const fs::path& path, const Dataset& recording,
                                const Context& context) {
  const auto* volume = std::get_if<Volume>(&recording);
  if (volume == nullptr)
    throw unsupported(path, "a report on a clip is not read", "open the case of a volume");
  const File file(path);
  if (concept_value(file.data()) != "126000")
    throw unsupported(path,
                      fmt::format("a structured report with the title '{}' is not read",
                                  concept_meaning(file.data()).substr(0, 60)),
                      "export an Imaging Measurement Report (TID 1500)");
  context.step(0.2, "reading the report");
  Places places;
  const auto [sources, absence] = sources_of(&recording, *volume);
  for (std::size_t z = 0; z < sources.slices.size(); ++z)
    places[{sources.slices[z].instance, sources.slices[z].frame}] = static_cast<int>(z);
  Reader reader(file, *volume, std::move(places));
  reader.walk(file.data(), 0);
  refuse_other_recording(file, reader, origin_of(recording).sha256);
  Findings out;
  out.pipeline = "dicom_sr";
  out.input_sha256 = origin_of(recording).sha256;
  out.items = std::move(reader.findings);
  if (reader.without_place > 0)
    out.notes.push_back(fmt::format("{} measurement groups have no place in an image and were left "
                                    "out",
                                    reader.without_place));
  return out;
}

}
