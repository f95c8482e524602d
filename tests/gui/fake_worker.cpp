// A worker for the window's tests: speaks docs/WORKER.md about a made-up volume, and misbehaves
// when asked.
//
// The file's name decides: "crash" dies while running, "hang" stops answering, "slow" runs until it
// is cancelled or killed, "deaf" ignores cancel, "bad" cannot be opened,
// "modelless" is analysed without the model that the pipeline declares. A file "FLAG.once" beside
// it, when there, is removed and makes the next run misbehave only once.
#include "modules/core/dataset_store.h"
#include "modules/core/extension.h"
#include "modules/core/file.h"
#include "modules/core/findings_pack.h"
#include "modules/core/hash.h"
#include "modules/core/recipe.h"
#include "modules/report/result_folder.h"
#include "tests/gui/fake_kinds.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

namespace fs = std::filesystem;
using nlohmann::json;
using namespace sensorium;

namespace {

constexpr int width = 96, height = 64, depth = 8;
std::mutex output;

void send(const json& event) {
  const std::lock_guard lock(output);
  std::cout << event.dump() << std::endl;
}

// Five squares of 4 x 4 pixels, scores 0.9, 0.8, 0.7, 0.6, 0.5, in slices 1 to 5.
std::vector<Finding> all_findings() {
  std::vector<Finding> out;
  for (int i = 0; i < 5; ++i) {
    Finding f;
    const int x = 10 + 15 * i, y = 20, z = i + 1;
    f.id = "f" + std::to_string(i);
    f.label = "focus";
    f.score = 0.9 - 0.1 * i;
    f.centroid = {x + 1.5, y + 1.5, static_cast<double>(z)};
    f.box = {x, y, z, x + 3, y + 3, z};
    for (int row = 0; row < 4; ++row) f.footprint.push_back({z, y + row, x, 4});
    f.measures = {{"area", 16, "px2", "scale unknown"}};
    out.push_back(f);
  }
  return out;
}

Findings findings_at(const json& parameters) {
  Findings findings;
  findings.pipeline = "fake";
  findings.version = "1.0";
  findings.parameters_text = parameters.dump();
  for (Finding& f : all_findings())
    if (f.score >= parameters.value("threshold", 0.55)) findings.items.push_back(std::move(f));
  return findings;
}

Volume volume_of(const std::string& path) {
  Volume v;
  v.width = width, v.height = height, v.depth = depth;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width) * height * depth);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(i * 7 % 120);
  for (const Finding& f : all_findings())
    for (const Run& r : f.footprint)
      for (int k = 0; k < r.length; ++k)
        pixels[(static_cast<std::size_t>(r.z) * height + r.y) * width + r.x + k] = 250;
  v.pixels = Buffer::of(std::move(pixels));
  for (Spacing& s : v.spacing) s = unknown_spacing("a test");
  v.modality = "OCT";
  v.origin = {.path = path, .format = "fake", .sha256 = sha256_of_path(path)};
  return v;
}

json pipeline() {
  PipelineInfo info;
  info.id = "fake", info.version = "1.0", info.title = "Fake pipeline", info.input = "volume";
  info.question = "Is the window right?", info.maturity = "test";
  info.labels = {"focus", "exudate", "artefact"};
  info.model = "fake.onnx";
  info.parameters = {
      {"threshold",
       ParameterType::Number,
       0.55,
       {},
       {.help = "score above which it counts", .min = 0, .max = 1, .live = true}},
      {"passes",
       ParameterType::Integer,
       1,
       {},
       {.help = "passes of the network", .min = 1, .max = 4}},
      {"profile",
       ParameterType::Choice,
       "dme",
       {"dme", "amd"},
       {.help = "definition", .live = true}},
      {"enhance", ParameterType::Flag, true, {}, {.help = "enhance first", .expert = true}}};
  return to_json(info);
}

class Fake {
public:
  void take(const json& request) {
    const std::string op = request.at("op");
    const json id = request.at("id");
    if (hung_) return;
    if (op == "cancel") {
      if (!deaf_) stop_ = true;
      answer(id, json::object());
    } else if (op == "ping")
      answer(id, json::object());
    else if (op == "hello")
      answer(id, {{"version", 1},
                  {"devices", json::array()},
                  {"pipelines",
                   {pipeline(), fake::class_pipeline(), fake::cube_pipeline(),
                    fake::clip_pipeline()}}});
    else if (op == "open")
      open(request);
    else if (op == "run")
      run(request);
    else if (op == "restore")
      restore(request);
    else if (op == "conclude")
      conclude(request);
    else if (op == "import")
      import(request);
    else
      answer(id, json::object());
  }

private:
  void answer(const json& id, json result) {
    result["id"] = id, result["event"] = "result";
    send(result);
  }

  void refuse(const json& id, const char* code, const std::string& message,
              const std::string& hint) {
    send({{"id", id}, {"event", "error"}, {"code", code}, {"message", message}, {"hint", hint}});
  }

  void open(const json& request) {
    const std::string path = request.at("path");
    if (path.find("bad") != std::string::npos)
      return refuse(request.at("id"), "bad_input", "'" + path + "' ends after 12 of 4096 bytes",
                    "copy the file again");
    const fs::path store = fs::temp_directory_path() / ("fake-" + std::to_string(::getpid()) + "-" +
                                                        std::to_string(opened_++ % 8) + ".dat");
    const Dataset dataset = fake::is_cube(path)   ? Dataset(fake::cube_of(path))
                            : fake::is_clip(path) ? Dataset(fake::clip_of(path))
                                                  : Dataset(volume_of(path));
    store_dataset(dataset, store);
    answer(request.at("id"), {{"dataset", describe(dataset)}, {"store", store.string()}});
  }

  bool asked(const std::string& path, const char* word) {
    const fs::path once = path + "." + word + ".once";
    if (fs::exists(once)) return fs::remove(once);
    return fs::path(path).filename().string().find(word) != std::string::npos;
  }

  void run(const json& request) {
    const std::string path = request.at("recipe").at("inputs").at(0).at("path");
    const json id = request.at("id");
    if (asked(path, "crash")) std::abort();
    if (asked(path, "hang")) {
      hung_ = true;
      return;
    }
    deaf_ = asked(path, "deaf");
    stop_ = false;
    const bool slow = deaf_ || asked(path, "slow");
    std::thread([this, id, request, slow] {
      for (int i = 0; i < (slow ? 6000 : 3) && !stop_; ++i) {
        send({{"id", id},
              {"event", "progress"},
              {"fraction", i / 10.0 - i / 10},
              {"text", "looking"}});
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      if (stop_) return refuse(id, "cancelled", "stopped on request", "");
      finish_run(request);
    }).detach();
  }

  void finish_run(const json& request) {
    const fs::path folder = request.at("output").get<std::string>();
    const json parameters = request.at("recipe").at("parameters");
    CaseResult result;
    result.recipe = recipe_from_json(request.at("recipe"), "the request");
    pipeline_ = result.recipe.pipeline;
    path_ = result.recipe.inputs.front().path;
    result.findings = find(parameters);
    write_result_folder(folder, result, {});
    if (pipeline_ == "hs2rgb") fake::write_picture(folder);
    if (pipeline_ == "cube_analysis") fake::write_classes(folder);
    loaded_ = true;
    reply_result(
        request.at("id"), folder, parameters,
        fs::path(result.recipe.inputs.front().path).filename().string().starts_with("modelless"));
  }

  void restore(const json& request) {
    const fs::path folder = request.at("folder").get<std::string>();
    loaded_ = true;
    const Recipe recipe = read_recipe(folder / "recipe.json");
    pipeline_ = recipe.pipeline;
    path_ = request.value("recording", recipe.inputs.front().path);
    if (!fs::exists(path_))
      return refuse(request.at("id"), "not_found", "the recording is no longer at '" + path_ + "'",
                    "put it back");
    reply_result(request.at("id"), folder,
                 json::parse(read_text(folder / "recipe.json")).at("parameters"));
  }

  void reply_result(const json& id, const fs::path& folder, const json& parameters,
                    bool modelless = false) {
    json artifacts = json::array();
    for (const auto& [name, volume] : pipeline_ == "lung_ultrasound"
                                          ? fake::clip_maps(path_)
                                          : decltype(fake::clip_maps(path_))()) {
      const std::string store = (folder / (name + ".store")).string();
      store_dataset(Dataset(volume), store);
      artifacts.push_back(
          {{"name", name}, {"caption", "Evidence for " + name + "; one scale"}, {"store", store}});
    }
    answer(id, {{"findings", to_json(find(parameters))},
                {"folder", folder.string()},
                {"command", "sensorium run fake"},
                {"artifacts", artifacts},
                {"surfaces_store", nullptr},
                {"notes", {"a made-up volume"}},
                {"model", modelless ? json::object() : json{{"sha256", "abc"}}},
                {"provenance", {{"device", "cpu"}}}});
  }

  // Whatever the file holds: one square of 3 x 3 pixels in slice 6.
  void import(const json& request) {
    const std::string file = request.at("file");
    if (file.find("bad") != std::string::npos)
      return refuse(request.at("id"), "bad_input", "'" + file + "' is 5 x 5, the recording 96 x 64",
                    "choose a mask of this recording");
    const std::vector<Run> runs{{6, 30, 30, 3}, {6, 31, 30, 3}, {6, 32, 30, 3}};
    answer(
        request.at("id"),
        {{"data",
          {{"source", fs::path(file).filename().string()},
           {"items",
            {{{"finding", "import-1"}, {"label", "focus"}, {"footprint", runs_to_json(runs)}}}}}},
         {"findings", 1},
         {"labels", {{"1", "focus"}}},
         {"notes", {"The mask has no scale: spacings were not compared."}}});
  }

  void conclude(const json& request) {
    if (!loaded_)
      return refuse(request.at("id"), "conflict", "no analysis is open in the worker", "run first");
    const Findings found = find(request.at("parameters"));
    if (!request.value("packed", false) || pipeline_ == "lung_ultrasound")
      return answer(request.at("id"), {{"findings", to_json(found)}});
    const fs::path file =
        fs::temp_directory_path() / ("fake-" + std::to_string(::getpid()) + "-counted.dat");
    write_atomically(file, pack_findings(found));
    answer(request.at("id"), {{"findings_file", file.string()}});
  }

  Findings find(const json& parameters) const {
    if (pipeline_ == "lung_ultrasound") return fake::clip_findings(parameters, path_);
    if (pipeline_ == "cube_analysis") return fake::class_findings(parameters);
    if (pipeline_ != "hs2rgb") return findings_at(parameters);
    Findings f;
    f.pipeline = "hs2rgb", f.version = "1.0", f.parameters_text = parameters.dump();
    f.input_sha256 = sha256_of_path(path_);
    return f;
  }

  std::atomic<bool> stop_{false}, deaf_{false}, loaded_{false};
  bool hung_ = false;
  int opened_ = 0; // what was opened before may still be mapped: each has a file of its own
  std::string pipeline_, path_; // of the run that is loaded
};

}

int main() {
  Fake fake;
  for (std::string line; std::getline(std::cin, line);)
    if (!line.empty()) fake.take(json::parse(line));
  std::quick_exit(0);
}
