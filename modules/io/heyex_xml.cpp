#include "modules/io/heyex_xml.h"

#include "modules/core/file.h"
#include "modules/io/image.h"

#include <fmt/format.h>
#include <tinyxml2.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

using tinyxml2::XMLElement;
using Path = std::initializer_list<const char*>;

constexpr double absent_above = 1e30;
constexpr std::size_t most_scans = 65536, most_lines = 64, most_line_bytes = std::size_t{1} << 30;

const XMLElement* find(const XMLElement* from, Path path) {
  for (const char* name : path) from = from == nullptr ? nullptr : from->FirstChildElement(name);
  return from;
}

std::string text_at(const XMLElement* from, Path path) {
  const XMLElement* e = find(from, path);
  const char* text = e == nullptr ? nullptr : e->GetText();
  return text == nullptr ? std::string() : clean_text(text);
}

std::optional<double> to_number(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  text = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return std::numeric_limits<double>::infinity();
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::optional<double> number_at(const XMLElement* from, Path path) {
  return to_number(text_at(from, path));
}

Spacing spacing_at(const XMLElement* context, const char* field) {
  const auto value = number_at(context, {field});
  return value ? vendor_spacing_mm(*value, field)
               : unknown_spacing(fmt::format("the XML has no {}", field));
}

std::string date_at(const XMLElement* from, Path path) {
  const XMLElement* e = find(from, path);
  const std::string y = text_at(e, {"Year"}), m = text_at(e, {"Month"}), d = text_at(e, {"Day"});
  return y.empty() || m.empty() || d.empty() ? std::string() : fmt::format("{}-{}-{}", y, m, d);
}

// What the XML says of one picture.
struct Entry {
  const XMLElement* element = nullptr;
  const XMLElement* context = nullptr;
  int width = 0, height = 0;
  std::string file;
};

class Parser {
public:
  Parser(std::string_view xml, const std::string& name) : file_({}, name) {
    v_.origin.path = name;
    v_.origin.format = "heyex_xml";
    if (document_.Parse(xml.data(), xml.size()) != tinyxml2::XML_SUCCESS)
      throw file_.bad(fmt::format("is no well-formed XML (line {}): it is damaged or cut short",
                                  document_.ErrorLineNum()));
    if (document_.RootElement() == nullptr ||
        std::string_view(document_.RootElement()->Name()) != "HEDX")
      throw file_.unsupported("is XML, but no HEYEX export (its root is not HEDX)",
                              "export it from HEYEX as XML");
    choose_series();
  }

  Volume parse(const PictureSource& pictures, Samples samples, const Context& context) {
    describe_origin();
    set_geometry();
    if (samples == Samples::Load) {
      load_scans(pictures, context);
      load_localizer(pictures);
    }
    read_lines();
    return std::move(v_);
  }

  std::vector<std::string> files() const {
    std::vector<std::string> out;
    out.reserve(scans_.size() + 1);
    for (const Entry& e : scans_) out.push_back(e.file);
    if (localizer_) out.push_back(localizer_->file);
    return out;
  }

private:
  // The last part of the path of the export; "file:///\\host\folder\B1.tif" gives "B1.tif".
  std::string safe_file(const std::string& url) const {
    std::string path = url;
    std::replace(path.begin(), path.end(), '\\', '/');
    if (path.starts_with("../") || path.ends_with("/..") || path.find("/../") != std::string::npos)
      throw file_.bad(fmt::format("names a picture outside its folder ('{}')", url),
                      "export it again; the pictures must lie beside the XML");
    const std::string last = path.substr(path.find_last_of("/:") + 1);
    if (last.empty() || last == "." || last == "..")
      throw file_.bad(fmt::format("names no usable picture file ('{}')", url), "export it again");
    return last;
  }

  Entry entry(const XMLElement* image) const {
    Entry e{image, find(image, {"OphthalmicAcquisitionContext"}), 0, 0,
            safe_file(text_at(image, {"ImageData", "ExamURL"}))};
    const auto w = number_at(e.context, {"Width"}), h = number_at(e.context, {"Height"});
    if (!w || !h || !(*w >= 1 && *w <= 65536) || !(*h >= 1 && *h <= 65536))
      throw file_.bad(fmt::format("gives no usable width and height for the picture '{}'", e.file));
    e.width = static_cast<int>(*w);
    e.height = static_cast<int>(*h);
    return e;
  }

  void choose_series() {
    std::size_t others = 0;
    for (auto* patient = find(document_.RootElement(), {"BODY", "Patient"}); patient;
         patient = patient->NextSiblingElement("Patient"))
      for (auto* study = find(patient, {"Study"}); study;
           study = study->NextSiblingElement("Study"))
        for (auto* series = find(study, {"Series"}); series;
             series = series->NextSiblingElement("Series")) {
          const bool has_oct = collect(series, series_ == nullptr);
          if (has_oct && series_ != nullptr) ++others;
          if (!has_oct || series_ != nullptr) continue;
          patient_ = patient;
          study_ = study;
          series_ = series;
        }
    if (series_ == nullptr)
      throw file_.bad("lists no OCT B-scan", "export an OCT series with its pictures");
    if (others > 0)
      v_.origin.warnings.push_back(
          fmt::format("The file holds {} more OCT series; the first one was read.", others));
  }

  // Whether the series holds B-scans; with keep they are taken.
  bool collect(const XMLElement* series, bool keep) {
    bool found = false;
    std::optional<Entry> localizer;
    for (auto* image = find(series, {"Image"}); image; image = image->NextSiblingElement("Image")) {
      const std::string type = text_at(image, {"ImageType", "Type"});
      found = found || type == "OCT";
      if (keep && type == "OCT") scans_.push_back(entry(image));
      if (keep && type == "LOCALIZER" && !localizer) localizer = entry(image);
      if (scans_.size() > most_scans)
        throw file_.bad(fmt::format("lists more than {} B-scans", most_scans));
    }
    if (keep && found) localizer_ = localizer;
    return found;
  }

  void describe_origin() {
    auto& facts = v_.origin.facts;
    const auto add = [&](const char* name, const std::string& value, const char* field) {
      if (!value.empty()) facts.push_back({name, value, field});
    };
    add("Scan pattern", text_at(series_, {"Type"}), "Type");
    add("Device", text_at(series_, {"GeneralEquipment", "ManufacturerModelName"}),
        "ManufacturerModelName");
    add("Exam date", date_at(study_, {"StudyDate", "Date"}), "StudyDate");
    if (localizer_) add("Scan focus", text_at(localizer_->context, {"Focus"}), "Focus");
    add("Frames averaged", text_at(scans_.front().context, {"NumAve"}),
        "NumAve of the first B-scan");
    add("Image quality", text_at(scans_.front().context, {"ImageQuality"}),
        "ImageQuality of the first B-scan");
    auto& patient = v_.origin.patient;
    const std::string last = text_at(patient_, {"LastName"}),
                      given = text_at(patient_, {"FirstNames"});
    patient.id = text_at(patient_, {"PatientID"});
    patient.name = last.empty() || given.empty() ? last + given : last + ", " + given;
    patient.birth_date = date_at(patient_, {"Birthdate", "Date"});
    patient.sex = text_at(patient_, {"Sex"});
    std::string side = text_at(series_, {"Laterality"});
    if (side.empty()) side = text_at(scans_.front().element, {"Laterality"});
    v_.laterality = side == "R"   ? Laterality::Right
                    : side == "L" ? Laterality::Left
                                  : Laterality::Unknown;
  }

  struct Ends {
    double x0, y0, x1, y1; // mm on the localiser
  };

  std::optional<Ends> ends_of(const Entry& e) const {
    const auto x0 = number_at(e.context, {"Start", "Coord", "X"}),
               y0 = number_at(e.context, {"Start", "Coord", "Y"});
    const auto x1 = number_at(e.context, {"End", "Coord", "X"}),
               y1 = number_at(e.context, {"End", "Coord", "Y"});
    if (!x0 || !y0 || !x1 || !y1) return {};
    for (const double mm : {*x0, *y0, *x1, *y1})
      if (!(std::abs(mm) < 1000)) return {};
    return Ends{*x0, *y0, *x1, *y1};
  }

  void set_geometry() {
    const Entry& first = scans_.front();
    for (const Entry& e : scans_)
      if (e.width != first.width || e.height != first.height)
        throw file_.bad(fmt::format("has B-scans of several sizes: '{}' {} x {}, '{}' {} x {}",
                                    first.file, first.width, first.height, e.file, e.width,
                                    e.height));
    v_.width = first.width;
    v_.height = first.height;
    v_.depth = static_cast<int>(scans_.size());
    v_.modality = "OCT";
    std::vector<Ends> ends;
    for (const Entry& e : scans_)
      if (const auto found = ends_of(e)) ends.push_back(*found);
    v_.spacing = {spacing_at(first.context, "ScaleX"), spacing_at(first.context, "ScaleY"),
                  distance(ends)};
    if (!localizer_ || ends.size() != scans_.size()) return;
    const auto sx = spacing_at(localizer_->context, "ScaleX"),
               sy = spacing_at(localizer_->context, "ScaleY");
    if (!sx.known() || !sy.known()) return;
    for (const Ends& e : ends)
      v_.scan_lines.push_back({e.x0 * 1000 / sx.micrometres, e.y0 * 1000 / sy.micrometres,
                               e.x1 * 1000 / sx.micrometres, e.y1 * 1000 / sy.micrometres});
  }

  // Mean step between the start points, when the B-scans lie parallel and each step is near it.
  Spacing distance(const std::vector<Ends>& ends) const {
    if (scans_.size() < 2) return unknown_spacing("there is one B-scan only");
    if (ends.size() != scans_.size())
      return unknown_spacing("the XML does not say where each B-scan lies");
    const auto step = [](const Ends& a, const Ends& b) {
      return std::hypot(b.x0 - a.x0, b.y0 - a.y0);
    };
    const double mean = step(ends.front(), ends.back()) / static_cast<double>(ends.size() - 1);
    for (std::size_t i = 1; i < ends.size(); ++i) {
      const Ends &a = ends[i - 1], &b = ends[i];
      const double turn = std::hypot((b.x1 - b.x0) - (a.x1 - a.x0), (b.y1 - b.y0) - (a.y1 - a.y0));
      const double tolerance = 0.2 * mean + 0.002; // positions are written in micrometres
      if (std::abs(step(a, b) - mean) > tolerance || turn > tolerance)
        return unknown_spacing("the B-scans are not parallel at one distance");
    }
    return vendor_spacing_mm(mean, "distance of Start/Coord between B-scans");
  }

  void check_picture(const Image& image, const Entry& e) const {
    if (image.width != e.width || image.height != e.height)
      throw file_.bad(fmt::format("says that '{}' has {} x {} pixels; the picture has {} x {}",
                                  e.file, e.width, e.height, image.width, image.height));
    if (image.type != PixelType::UInt8)
      throw file_.unsupported(fmt::format("has a picture '{}' with {} samples; HEYEX writes 8 bit",
                                          e.file, name_of(image.type)),
                              "export it again from HEYEX");
  }

  // Grey as stored; where colours were drawn in, their luminance (ITU-R BT.601).
  void append_grey(const Image& image, std::vector<std::uint8_t>& out) {
    const auto in = samples<std::uint8_t>(image.pixels);
    if (image.channels == 1) {
      out.insert(out.end(), in.begin(), in.end());
      return;
    }
    bool coloured = false;
    for (std::size_t i = 0; i + 2 < in.size(); i += 3) {
      coloured = coloured || in[i] != in[i + 1] || in[i] != in[i + 2];
      out.push_back(static_cast<std::uint8_t>(
          std::lround(0.299 * in[i] + 0.587 * in[i + 1] + 0.114 * in[i + 2])));
    }
    coloured_ += coloured ? 1 : 0;
  }

  void load_scans(const PictureSource& pictures, const Context& context) {
    checked_bytes({v_.voxels()}, allocation_limit(), fmt::format("'{}'", file_.name()));
    std::vector<std::uint8_t> pixels;
    for (std::size_t i = 0; i < scans_.size(); ++i) {
      context.step(static_cast<double>(i) / static_cast<double>(scans_.size()), "reading B-scans");
      const Image image = pictures(scans_[i].file);
      check_picture(image, scans_[i]);
      append_grey(image, pixels);
    }
    v_.pixels = Buffer::of(std::move(pixels));
    if (coloured_ > 0)
      v_.origin.warnings.push_back(fmt::format(
          "{} B-scans hold coloured pixels (drawn in by HEYEX?); their luminance was taken.",
          coloured_));
    v_.origin.facts.push_back(
        {"Intensity", "grey level as displayed by HEYEX, 0..255", "pictures of the export"});
  }

  void load_localizer(const PictureSource& pictures) {
    if (!localizer_) return;
    const Image image = pictures(localizer_->file);
    check_picture(image, *localizer_);
    v_.localizer = image;
    v_.localizer->spacing = {spacing_at(localizer_->context, "ScaleX"),
                             spacing_at(localizer_->context, "ScaleY")};
  }

  void read_lines() {
    std::map<std::string, std::size_t> index;
    std::uint64_t outside = 0;
    for (std::size_t z = 0; z < scans_.size(); ++z)
      for (auto* line = find(scans_[z].element, {"Segmentation", "SegLine"}); line;
           line = line->NextSiblingElement("SegLine")) {
        const XMLElement* array = find(line, {"Array"});
        const std::string name = text_at(line, {"Name"});
        if (array == nullptr || name.empty() || array->GetText() == nullptr) continue;
        const auto [at, fresh] = index.try_emplace(name, v_.surfaces.size());
        if (fresh) add_surface(name);
        outside += read_line(array->GetText(), name, z, v_.surfaces[at->second]);
      }
    std::erase_if(v_.surfaces, [](const Surface& s) {
      return std::none_of(s.depth.begin(), s.depth.end(), [](float y) { return std::isfinite(y); });
    });
    if (outside > 0)
      v_.origin.warnings.push_back(
          fmt::format("{} layer line values lie outside the image and were left out.", outside));
  }

  void add_surface(const std::string& name) {
    if (v_.surfaces.size() >= most_lines)
      throw file_.bad(fmt::format("lists more than {} layer lines", most_lines));
    const std::size_t columns = static_cast<std::size_t>(v_.width) * scans_.size();
    checked_bytes({columns, sizeof(float), v_.surfaces.size() + 1}, most_line_bytes,
                  fmt::format("'{}'", file_.name()));
    v_.surfaces.push_back(
        {name, std::vector<float>(columns, std::numeric_limits<float>::quiet_NaN()), "vendor", {}});
  }

  // Returns how many values lie outside the image.
  std::uint64_t read_line(std::string_view text, const std::string& name, std::size_t z,
                          Surface& surface) const {
    std::uint64_t outside = 0;
    const auto width = static_cast<std::size_t>(v_.width);
    std::size_t x = 0;
    for (std::size_t at = text.find_first_not_of(" \t\r\n"); at != std::string_view::npos;
         at = text.find_first_not_of(" \t\r\n", at)) {
      const std::size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
      const auto value = to_number(text.substr(at, end - at));
      if (!value || x >= width) break;
      if (*value >= 0 && *value < v_.height)
        surface.depth[z * width + x] = static_cast<float>(*value);
      else
        outside += std::abs(*value) < absent_above ? 1 : 0;
      ++x;
      at = end;
      if (x == width && text.find_first_not_of(" \t\r\n", at) == std::string_view::npos)
        return outside;
    }
    throw file_.bad(
        fmt::format("has a layer line {} in B-scan {} that is not {} numbers (value {})", name,
                    z + 1, width, x + 1));
  }

  Bytes file_;
  tinyxml2::XMLDocument document_;
  Volume v_;
  const XMLElement *patient_ = nullptr, *study_ = nullptr, *series_ = nullptr;
  std::vector<Entry> scans_;
  std::optional<Entry> localizer_;
  int coloured_ = 0;
};

Image load_beside(const fs::path& folder, const std::string& file) {
  const fs::path path = folder / fs::path(file);
  return parse_image(MappedFile::open(path)->bytes(), path.string());
}

void check_present(const fs::path& xml, const std::vector<std::string>& files) {
  std::string missing;
  std::size_t count = 0;
  for (const std::string& file : files) {
    std::error_code code;
    if (fs::is_regular_file(xml.parent_path() / fs::path(file), code)) continue;
    if (++count <= 3) missing += (count > 1 ? ", " : "") + file;
  }
  if (count > 0)
    throw Error(ErrorCode::NotFound,
                fmt::format("'{}' needs {} pictures that are not beside it ({}{})", xml.string(),
                            count, missing, count > 3 ? ", ..." : ""),
                "copy the whole export folder: the XML and its pictures");
}

}

int sniff_heyex_xml(std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  const std::size_t first = text.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  if (first == std::string_view::npos || text[first] != '<') return 0;
  return text.find("<HEDX") != std::string_view::npos ? 95 : 0;
}

fs::path find_heyex_xml(const fs::path& folder) {
  fs::path found;
  std::error_code code;
  std::size_t count = 0;
  for (fs::directory_iterator it(folder, code), end; !code && it != end && count < 100000;
       it.increment(code), ++count) {
    std::error_code ignored;
    if (!it->is_regular_file(ignored) || it->path().filename().string().starts_with(".")) continue;
    if (sniff_heyex_xml(read_head(it->path(), 4096)) == 0) continue;
    if (!found.empty())
      throw Error(ErrorCode::BadInput,
                  fmt::format("the folder '{}' holds several HEYEX exports ({}, {})",
                              folder.string(), found.filename().string(),
                              it->path().filename().string()),
                  "open one of the XML files instead of the folder");
    found = it->path();
  }
  return found;
}

Volume parse_heyex_xml(std::string_view xml, const std::string& name, const PictureSource& pictures,
                       Samples samples, const Context& context) {
  return Parser(xml, name).parse(pictures, samples, context);
}

std::vector<std::string> heyex_xml_files(const fs::path& path) {
  if (fs::is_directory(path)) return {};
  return Parser(read_text(path), path.string()).files();
}

Volume load_heyex_xml(const fs::path& path, Samples samples, const Context& context) {
  const fs::path xml = fs::is_directory(path) ? find_heyex_xml(path) : path;
  if (xml.empty())
    throw Error(ErrorCode::BadInput,
                fmt::format("the folder '{}' holds no HEYEX export", path.string()),
                "choose the folder with the XML file");
  const std::string text = read_text(xml);
  check_present(xml, Parser(text, xml.string()).files());
  const PictureSource pictures = [&](const std::string& file) {
    return load_beside(xml.parent_path(), file);
  };
  return parse_heyex_xml(text, xml.string(), pictures, samples, context);
}

}
