// models compare: two models on the same data. Three ways: the same tensors, the same recordings
// through a pipeline, the figures of a pipeline's evaluate.
#include "app/cli/engine.h"
#include "app/cli/models.h"
#include "app/cli/plan.h"
#include "modules/core/devices.h"
#include "modules/core/file.h"
#include "modules/learn/compare.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <dlfcn.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct CompareWords {
  std::string first, second, pipeline, evaluate, data, output, precision = "float32";
  std::vector<std::string> files;
  int size = 64;
  std::uint64_t seed = 1;
};

// LibTorch is 1 GB of libraries: loaded here, when it is needed.
SensoriumCompareModels load_comparison() {
  const fs::path beside = program_root() / "lib" / "libsensorium_learn.so";
  void* library = nullptr;
  for (const std::string& name : {beside.string(), std::string("libsensorium_learn.so")})
    if (library == nullptr) library = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* function = library ? ::dlsym(library, "sensorium_compare_models") : nullptr;
  if (function == nullptr)
    throw Error(ErrorCode::Unsupported, "this build has no LibTorch and cannot run models",
                "build with SENSORIUM_LEARN, which scripts/setup prepares");
  return reinterpret_cast<SensoriumCompareModels>(function);
}

int compare_tensors(const Session& session, const CompareWords& words) {
  Context context = session.console.context();
  context.device = resolve_device(context.device);
  const CompareRequest request{.first = find_model(words.first),
                               .second = find_model(words.second),
                               .data = words.data,
                               .size = words.size,
                               .seed = words.seed,
                               .precision = words.precision};
  json result;
  load_comparison()(&request, &context, &result);
  session.console.end_progress();
  for (const json& o : result.at("outputs"))
    session.console.print(fmt::format(
        "{}: largest difference {:.3g}, mean {:.3g}; largest value {:.3g}, relative {:.3g}",
        o.at("name").get<std::string>(), o.at("max").get<double>(), o.at("mean").get<double>(),
        o.at("largest").get<double>(), o.at("relative").get<double>()));
  if (result.at("equal").get<bool>()) session.console.print(std::string("the outputs are equal"));
  result["on"] = words.data.empty() ? "made-up inputs" : words.data;
  session.console.print(result);
  return 0;
}

CaseRun run_with(Session& session, const CompareWords& words, const std::string& file,
                 const std::string& model, const Context& context) {
  Recipe recipe;
  recipe.pipeline = words.pipeline;
  recipe.inputs = {{file, ""}};
  recipe.model = find_model(model);
  recipe.device = session.console.device;
  recipe.seed = words.seed;
  return run_recipe(session.registry, recipe, {}, context);
}

json map_difference(const Artifact& a, const Artifact& b) {
  const auto x = a.volume.pixels.bytes(), y = b.volume.pixels.bytes();
  if (a.volume.type != PixelType::UInt8 || b.volume.type != PixelType::UInt8 ||
      x.size() != y.size() || x.empty())
    return nullptr;
  int largest = 0;
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const int d = std::abs(std::to_integer<int>(x[i]) - std::to_integer<int>(y[i]));
    largest = std::max(largest, d);
    sum += d;
  }
  return {{"map", a.name},
          {"max", largest / 255.0},
          {"mean", sum / 255 / static_cast<double>(x.size())}};
}

json compare_file(Session& session, const CompareWords& words, const std::string& file,
                  const Context& context) {
  const CaseRun a = run_with(session, words, file, words.first, context.part(0, 0.5)),
                b = run_with(session, words, file, words.second, context.part(0.5, 1));
  json maps = json::array();
  for (const Artifact& one : a.analysis->artifacts)
    for (const Artifact& other : b.analysis->artifacts)
      if (one.name == other.name)
        if (const json difference = map_difference(one, other); !difference.is_null())
          maps.push_back(difference);
  session.console.print(fmt::format("{}\n  {:<28} {:>10} {:>10}\n  {:<28} {:>10} {:>10}", file, "",
                                    "first", "second", "findings", a.findings.items.size(),
                                    b.findings.items.size()));
  json summary = json::array();
  for (const Measure& m : a.findings.summary)
    for (const Measure& n : b.findings.summary)
      if (m.name == n.name) {
        session.console.print(
            fmt::format("  {:<28} {:>10.5g} {:>10.5g} {}", m.name, m.value, n.value, m.unit));
        summary.push_back(
            {{"name", m.name}, {"unit", m.unit}, {"first", m.value}, {"second", n.value}});
      }
  for (const json& map : maps)
    session.console.print(fmt::format("  map {}: largest difference {:.3g}, mean {:.3g}",
                                      map.at("map").get<std::string>(), map.at("max").get<double>(),
                                      map.at("mean").get<double>()));
  return {{"input", file},
          {"findings", {a.findings.items.size(), b.findings.items.size()}},
          {"summary", summary},
          {"maps", maps}};
}

int compare_recordings(Session& session, const CompareWords& words) {
  if (words.files.empty())
    throw Error(ErrorCode::Usage, "--pipeline needs recordings to run on",
                "sensorium models compare A B FILE... --pipeline ID");
  const Context context = session.console.context();
  json rows = json::array();
  const double count = static_cast<double>(words.files.size());
  for (std::size_t i = 0; i < words.files.size(); ++i)
    rows.push_back(compare_file(
        session, words, words.files[i],
        context.part(static_cast<double>(i) / count, static_cast<double>(i + 1) / count)));
  session.console.print(rows);
  return 0;
}

const PipelineCommand& evaluate_of(Session& session, const std::string& pipeline) {
  for (const PipelineCommand& command : session.registry.pipeline(pipeline).commands) {
    const auto takes_model = [](const ParameterSpec& spec) { return spec.name == "model"; };
    if (command.verb == "evaluate" &&
        std::any_of(command.parameters.begin(), command.parameters.end(), takes_model))
      return command;
  }
  throw Error(ErrorCode::Unsupported,
              fmt::format("the pipeline '{}' offers no 'evaluate' that takes a model", pipeline),
              "compare on recordings with --pipeline, or on tensors");
}

// The numbers that both results hold and that differ.
json different_numbers(const json& a, const json& b) {
  json out = json::array();
  const json x = a.flatten(), y = b.flatten();
  for (const auto& [key, value] : x.items())
    if (value.is_number() && y.contains(key) && y.at(key).is_number() && y.at(key) != value)
      out.push_back({{"figure", key},
                     {"first", value},
                     {"second", y.at(key)},
                     {"difference", y.at(key).get<double>() - value.get<double>()}});
  return out;
}

int compare_figures(Session& session, const CompareWords& words, json parameters) {
  if (words.output.empty())
    throw Error(ErrorCode::Usage, "--evaluate needs a folder to write to", "add -o DIR");
  const PipelineCommand& command = evaluate_of(session, words.evaluate);
  refuse_files({.pipeline = words.evaluate, .verb = "evaluate", .files = words.files},
               command.without_files);
  const Context context = session.console.context();
  std::vector<json> results;
  for (const auto& [name, model] :
       {std::pair{"first", words.first}, std::pair{"second", words.second}}) {
    parameters["model"] = fs::absolute(find_model(model)).string();
    const double done = static_cast<double>(results.size());
    const fs::path folder = fs::path(words.output) / name;
    make_folder(folder);
    results.push_back(command.run(words.files, complete(command.parameters, parameters), folder,
                                  context.part(done / 2, (done + 1) / 2)));
  }
  session.console.end_progress();
  const json rows = different_numbers(results[0], results[1]);
  for (const json& row : rows)
    session.console.print(fmt::format("{:<64} {:>10.5g} {:>10.5g}  {:+.4g}",
                                      row.at("figure").get<std::string>(),
                                      row.at("first").get<double>(), row.at("second").get<double>(),
                                      row.at("difference").get<double>()));
  if (rows.empty()) session.console.print(std::string("all figures are equal"));
  const json document = {{"first", results[0]}, {"second", results[1]}, {"different", rows}};
  write_atomically(fs::path(words.output) / "comparison.json", document.dump(2) + "\n");
  session.console.print(document);
  return 0;
}

ParameterSpecs evaluate_specs(const Session& session) {
  const std::string pipeline = named_pipeline(session);
  if (std::find(session.words.begin(), session.words.end(), "--evaluate") == session.words.end())
    return {};
  for (const auto& [id, command] : session.registry.commands())
    if (id == pipeline && command.at("verb") == "evaluate") {
      ParameterSpecs specs = specs_from_json(command.at("parameters"));
      std::erase_if(specs, [](const ParameterSpec& s) { return s.name == "model"; });
      return specs;
    }
  return {};
}

}

std::string trial_failure(Session& session, const fs::path& file) {
  Context context;
  context.device = resolve_device(session.console.device);
  const CompareRequest request{.first = file, .second = file, .rounds = 1};
  const auto compare = load_comparison();
  try {
    json result;
    compare(&request, &context, &result);
    return {};
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Cancelled) throw;
    return error.what();
  }
}

void add_models_compare(CLI::App& models, Session& session) {
  auto* command = models.add_subcommand("compare", "Two models on the same data");
  const auto words = std::make_shared<CompareWords>();
  command->add_option("FIRST", words->first, "An ONNX file, or the id of a model")->required();
  command->add_option("SECOND", words->second, "The other")->required();
  command->add_option("FILE", words->files, "Recordings, for --pipeline and --evaluate");
  auto* data = command->add_option(
      "--data", words->data, "Inputs as a safetensors file: a tensor for each input, by name");
  auto* pipeline = command->add_option("--pipeline", words->pipeline,
                                       "Run this pipeline on the recordings with each model");
  auto* evaluate = command->add_option("--evaluate", words->evaluate,
                                       "Compare the figures of this pipeline's 'evaluate'");
  data->excludes(pipeline)->excludes(evaluate);
  pipeline->excludes(evaluate);
  command
      ->add_option("--precision", words->precision,
                   "In which the second computes; the first computes in float32")
      ->check(CLI::IsMember({"float32", "bfloat16", "float16"}))
      ->excludes(pipeline)
      ->excludes(evaluate);
  command->add_option("-o,--output", words->output, "Folder for what --evaluate writes");
  command
      ->add_option("--size", words->size,
                   "Made-up inputs: the length of axes that the model leaves open (default 64)")
      ->check(CLI::Range(1, 4096));
  const ParameterSpecs specs = evaluate_specs(session);
  const auto has = [&](const std::string& name) {
    return std::any_of(specs.begin(), specs.end(),
                       [&](const ParameterSpec& s) { return s.name == name; });
  };
  if (!has("seed")) command->add_option("--seed", words->seed, "Seed of made-up inputs");
  const auto values = add_parameters(*command, specs);
  command->callback([&session, words, specs, values] {
    session.chosen = [&session, words, specs, values] {
      if (!words->evaluate.empty())
        return compare_figures(session, *words, parameters_given(specs, *values));
      if (!words->pipeline.empty()) return compare_recordings(session, *words);
      if (!words->files.empty())
        throw Error(ErrorCode::Usage,
                    fmt::format("'{}' is a recording: say through what", words->files.front()),
                    "add --pipeline ID or --evaluate ID");
      return compare_tensors(session, *words);
    };
  });
}

}
