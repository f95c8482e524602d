// The made-up cubes and clips of the made-up worker. The file's name decides: ".cube" is a cube,
// ".clip" a clip; "nowave" states no wavelengths, "unhashed" has no hash
// before a run, "untimed" no frame time, "unreadable" shows no
// pleural line, "agree" has rules that agree, "network" names a class and has maps, "regions" has a
// calibrated half and one that is not.
#pragma once

#include "modules/core/extension.h"
#include "modules/core/hash.h"

#include <QImage>

#include <filesystem>
#include <fstream>
#include <string>

namespace sensorium::fake {

inline bool has(const std::string& path, const char* word) {
  return std::filesystem::path(path).filename().string().find(word) != std::string::npos;
}
inline bool is_cube(const std::string& path) { return has(path, ".cube"); }
inline bool is_clip(const std::string& path) { return has(path, ".clip"); }

// "wide" is 30 samples wide, "black" holds nothing but 5.
// 16 lines x 24 samples x 10 bands at 450, 480 ... 720 nm; value: 100 band + 10 line + sample
// (band, line, sample from 0). Band 10 is marked bad.
inline Cube cube_of(const std::string& path) {
  Cube c;
  c.lines = 16, c.samples = has(path, "wide") ? 30 : 24, c.bands = 10;
  c.type = SampleType::UInt16;
  c.interleave = Interleave::Bsq;
  set_dense_strides(c);
  std::vector<std::uint16_t> values;
  for (int b = 0; b < c.bands; ++b)
    for (int y = 0; y < c.lines; ++y)
      for (int x = 0; x < c.samples; ++x)
        values.push_back(static_cast<std::uint16_t>(has(path, "black") ? 5 : 100 * b + 10 * y + x));
  c.data = Buffer::of(std::move(values));
  if (!has(path, "nowave")) {
    for (int b = 0; b < c.bands; ++b) c.wavelengths_nm.push_back(450 + 30 * b);
    c.wavelength_source = WavelengthSource::Stated;
  }
  c.bad_bands = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  c.origin = {.path = path, .format = "fake", .sha256 = sha256_of_path(path)};
  if (has(path, "unhashed")) c.origin.sha256.clear(); // as a large one, until a run
  return c;
}

// Twelve frames of 80 x 60 pixels, each brighter than the one before, 40 ms apart.
inline Video clip_of(const std::string& path) {
  Video v;
  v.width = 80, v.height = 60, v.frames = 12;
  std::vector<std::uint8_t> pixels;
  for (int z = 0; z < v.frames; ++z)
    pixels.insert(pixels.end(), std::size_t{80} * 60, static_cast<std::uint8_t>(20 * z));
  v.pixels = Buffer::of(std::move(pixels));
  for (Spacing& s : v.spacing) s = unknown_spacing("a test");
  if (has(path, "regions")) // left: 0.1 mm a pixel; right: seconds
    v.regions = {{0, 0, 39, 59, known_spacing(100, ScaleSource::HeaderTag, "a tag"),
                  known_spacing(100, ScaleSource::HeaderTag, "a tag"), "2D"},
                 {40, 0, 79, 59, unknown_spacing("x is in seconds"),
                  known_spacing(100, ScaleSource::HeaderTag, "a tag"), "doppler"}};
  if (!has(path, "untimed")) {
    v.frame_time_ms = 40;
    v.frame_time_source = "a test";
  }
  v.origin = {.path = path, .format = "fake", .sha256 = sha256_of_path(path)};
  return v;
}

inline nlohmann::json cube_pipeline() {
  PipelineInfo info;
  info.id = "hs2rgb", info.version = "1.0", info.title = "Fake pictures", info.input = "cube";
  info.question = "Is the page right?", info.maturity = "test";
  info.parameters = {{"route", ParameterType::Choice, "cie", {"cie", "bands", "pca", "mnf"}, {}},
                     {"white", ParameterType::Text, "", {}, {}},
                     {"dark", ParameterType::Text, "", {}, {}},
                     {"panel_reflectance", ParameterType::Number, 1.0, {}, {}},
                     {"reference_first_sample", ParameterType::Integer, 0, {}, {}},
                     {"red_nm", ParameterType::Number, 640, {}, {.unit = "nm"}},
                     {"green_nm", ParameterType::Number, 550, {}, {.unit = "nm"}},
                     {"blue_nm", ParameterType::Number, 460, {}, {.unit = "nm"}}};
  return to_json(info);
}

inline nlohmann::json class_pipeline() {
  PipelineInfo info;
  info.id = "cube_analysis", info.version = "1.0", info.title = "Fake classes", info.input = "cube";
  info.question = "Is the page right?", info.maturity = "test";
  info.parameters = {
      {"method", ParameterType::Choice, "kmeans", {"kmeans", "sam", "sid", "rx", "unmix"}, {}},
      {"library", ParameterType::Text, "", {}, {}},
      {"places", ParameterType::Text, "", {}, {}},
      {"least_pixels", ParameterType::Integer, 1, {}, {.min = 1, .max = 1000, .live = true}},
      {"white", ParameterType::Text, "", {}, {}},
      {"dark", ParameterType::Text, "", {}, {}},
      {"panel_reflectance", ParameterType::Number, 1.0, {}, {}},
      {"reference_first_sample", ParameterType::Integer, 0, {}, {}}};
  return to_json(info);
}

// Left half class 1 (red), right half class 2 (blue), the first pixel none. At least_pixels 192 the
// left one is not listed.
inline Findings class_findings(const nlohmann::json& parameters) {
  Findings f;
  for (const bool right : {false, true}) {
    Finding one;
    one.id = right ? "region-12-0-b" : "region-1-0-a", one.label = right ? "stone" : "leaf";
    one.score = -1;
    for (int y = 0; y < 16; ++y)
      one.footprint.push_back(right || y > 0 ? Run{0, y, right ? 12 : 0, 12} : Run{0, 0, 1, 11});
    one.box = {right ? 12 : 0, 0, 0, right ? 23 : 11, 15, 0};
    one.centroid = {right ? 17.5 : 5.5, 7.5, 0};
    one.measures = {{"area", right ? 192.0 : 191.0, "px", "a test"},
                    {"mean spectral angle", 0.1, "rad", "a test"}};
    one.text = one.label + ", proposed";
    if (one.measures[0].value >= parameters.value("least_pixels", 1)) f.items.push_back(one);
  }
  f.pipeline = "cube_analysis", f.version = "1.0", f.parameters_text = parameters.dump();
  f.tables = {{"classes",
               "Pixels of each class",
               {"class", "name", "pixels", "share, %", "mean of the score"},
               {{"1", "leaf", "191", "49.74", "0.1"}, {"2", "stone", "192", "50.00", "0.1"}}}};
  return f;
}

inline void write_classes(const std::filesystem::path& folder) {
  QImage map(24, 16, QImage::Format_Indexed8);
  map.setColorTable({qRgb(0, 0, 0), qRgb(255, 0, 0), qRgb(0, 0, 255)});
  for (int y = 0; y < 16; ++y)
    for (int x = 0; x < 24; ++x) map.setPixel(x, y, x + y == 0 ? 0 : x < 12 ? 1 : 2);
  map.save(QString::fromStdString((folder / "classes.png").string()));
}

inline nlohmann::json clip_pipeline() {
  PipelineInfo info;
  info.id = "lung_ultrasound", info.version = "1.0", info.title = "Fake clips";
  info.input = "video", info.question = "Is the page right?", info.maturity = "test";
  info.labels = {"B-line",   "pleural line",         "A-line",       "consolidation",
                 "effusion", "pleural irregularity", "B-line origin"};
  info.parameters = {
      {"rule", ParameterType::Choice, "top", {"majority", "max", "top"}, {.live = true}}};
  return to_json(info);
}

// Every second frame was looked at; frame 5 (from 1) scores 2.
inline Findings clip_findings(const nlohmann::json& parameters, const std::string& path) {
  Findings f;
  f.pipeline = "lung_ultrasound", f.version = "1.0";
  f.parameters_text = parameters.dump();
  const bool readable = !has(path, "unreadable"), agree = has(path, "agree");
  const std::string rule = parameters.value("rule", "top");
  const std::string least = agree ? "2" : "0";
  Table verdicts{"verdicts", "Score under each rule", {"rule", "score", "used"}, {}};
  for (const char* name : {"majority", "max", "top"}) {
    const std::string score = !readable ? "none" : std::string(name) == "max" ? "2" : least;
    verdicts.rows.push_back({name, score, rule == name ? "yes" : ""});
  }
  Table frames{"frames",
               "Signs in each frame",
               {"frame", "readable", "A-lines", "B-lines", "covered, %", "score"},
               {}};
  for (int z = 1; z <= 12; z += 2)
    frames.rows.push_back(readable && z != 11
                              ? std::vector<std::string>{std::to_string(z), "yes",
                                                         z == 1 ? "yes" : "no", z == 5 ? "4" : "1",
                                                         z == 5 ? "60" : "10", z == 5 ? "2" : "0"}
                              : std::vector<std::string>{std::to_string(z), "no", "", "", "", ""});
  if (has(path, "network") && readable) {
    verdicts.columns.push_back("class");
    for (auto& row : verdicts.rows) row.push_back(row[0] == "max" ? "COVID-19" : "regular");
    frames.columns.push_back("regular, %");
    for (auto& row : frames.rows) row.push_back(row[1] == "yes" ? "71.94183" : "");
  }
  f.tables = {verdicts, frames};
  Finding verdict;
  const std::string score = rule == "max" ? "2" : least;
  verdict.id = readable ? "clip-score-" + score : "clip-uninterpretable";
  verdict.label = readable ? "score " + score : "uninterpretable";
  verdict.score = 0.5;
  verdict.box = {0, 0, 0, 79, 59, 11};
  verdict.centroid = {40, 30, 4};
  f.items = {verdict};
  if (!readable) return f;
  if (has(path, "network")) {
    Finding named = verdict;
    named.id = "class-3", named.label = "regular", named.score = 0.72;
    f.items.push_back(named);
  }
  Finding ray;
  ray.id = "ray", ray.label = "B-line", ray.score = 0.8;
  ray.box = {10, 20, 4, 13, 23, 4};
  ray.centroid = {11.5, 21.5, 4};
  for (int y = 20; y < 24; ++y) ray.footprint.push_back({4, y, 10, 4});
  f.items.push_back(ray);
  return f;
}

// Two maps at a quarter of the clip's size for the six frames that were looked at: the first is 10
// times the frame's number of them, the second shows its lower half.
inline std::vector<std::pair<std::string, Volume>> clip_maps(const std::string& path) {
  std::vector<std::pair<std::string, Volume>> out;
  if (!has(path, "network")) return out;
  for (const char* name : {"activation_0", "activation_1"}) {
    Volume v{.width = 20, .height = 15, .depth = 6};
    std::vector<std::uint8_t> pixels(v.voxels());
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = out.empty() ? static_cast<std::uint8_t>(10 * (i / 300))
                              : static_cast<std::uint8_t>(i % 300 >= 160 ? 255 : 0);
    v.pixels = Buffer::of(std::move(pixels));
    out.emplace_back(name, std::move(v));
  }
  return out;
}

// 24 x 16 pixels, all of one colour.
inline void write_picture(const std::filesystem::path& folder) {
  QImage picture(24, 16, QImage::Format_RGB32);
  picture.fill(0x3366cc);
  picture.save(QString::fromStdString((folder / "rgb.png").string()));
}

}
