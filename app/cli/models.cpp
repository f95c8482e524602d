// models: which networks are there, what they are, whether they are whole, and whether one made
// elsewhere can be used here. No LibTorch: nothing is run.
#include "app/cli/models.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/learn/builders.h"
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/operators.h"
#include "modules/learn/weights.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

fs::path user_models() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data)
    return fs::path(data) / "sensorium" / "models";
  const char* home = std::getenv("HOME");
  if (!home || !*home)
    throw Error(ErrorCode::NotFound, "there is no home folder", "set HOME or XDG_DATA_HOME");
  return fs::path(home) / ".local" / "share" / "sensorium" / "models";
}

std::vector<fs::path> models_in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (entry.path().extension() == ".onnx") out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

}

std::vector<std::string> model_ids() {
  std::vector<std::string> ids;
  for (const fs::path& folder : {user_models(), resources_folder() / "models"})
    for (const fs::path& path : models_in(folder)) ids.push_back(path.stem());
  return ids;
}

fs::path find_model(const std::string& word) {
  if (fs::exists(word)) return word;
  for (const fs::path& folder : {user_models(), resources_folder() / "models"})
    for (const fs::path& path : models_in(folder))
      if (path.stem() == word) return path;
  const std::vector<std::string> ids = model_ids();
  throw Error(ErrorCode::NotFound, fmt::format("there is no model '{}'", word),
              ids.empty() ? "give the path of an ONNX file"
                          : fmt::format("give a path, or one of: {}", fmt::join(ids, ", ")));
}

std::string shape_of(const ValueInfo& value) {
  if (!value.has_shape) return "any shape";
  std::vector<std::string> dims;
  for (std::size_t i = 0; i < value.dims.size(); ++i) {
    const std::string name = i < value.dim_names.size() ? value.dim_names[i] : "";
    dims.push_back(value.dims[i] >= 0 ? std::to_string(value.dims[i]) : name.empty() ? "?" : name);
  }
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

namespace {

json to_json(const std::vector<ValueInfo>& values) {
  json out = json::array();
  for (const ValueInfo& v : values)
    out.push_back({{"name", v.name}, {"type", static_cast<int>(v.type)}, {"shape", shape_of(v)}});
  return out;
}

std::map<std::string, int> operators_in(const Graph& graph) {
  std::map<std::string, int> counts;
  for (const Node& node : graph.nodes)
    ++counts[node.domain.empty() ? node.op : node.domain + "." + node.op];
  return counts;
}

json facts_of(const fs::path& path, const Graph& graph) {
  return {{"id", path.stem().string()},
          {"path", path.string()},
          {"bytes", fs::file_size(path)},
          {"sha256", sha256_of_path(path)},
          {"opset", graph.opset},
          {"ir_version", graph.ir_version},
          {"inputs", to_json(graph.inputs)},
          {"outputs", to_json(graph.outputs)},
          {"parameters", graph.parameters()},
          {"operators", operators_in(graph)}};
}

int list_models(Session& session) {
  json list = json::array();
  for (const auto& [where, folder] : std::vector<std::pair<std::string, fs::path>>{
           {"shipped", resources_folder() / "models"}, {"installed", user_models()}})
    for (const fs::path& path : models_in(folder)) {
      json entry = {{"id", path.stem().string()}, {"path", path.string()}, {"from", where}};
      std::string line = fmt::format("{:<24} {:<10}", entry["id"].get<std::string>(), where);
      try {
        const Graph graph = read_onnx(path);
        const ModelCard card = card_of(graph);
        entry.update(facts_of(path, graph));
        entry["task"] = card.task;
        entry["data_licence"] = card.data_licence;
        line += fmt::format("{:8.2f} MB  {}  {}", entry["bytes"].get<double>() / 1e6,
                            entry["sha256"].get<std::string>().substr(0, 12),
                            card.task.empty() ? "(no card)" : card.task);
      } catch (const Error& e) {
        entry["error"] = {{"code", name_of(e.code())}, {"message", e.what()}, {"hint", e.hint()}};
        line += fmt::format(" cannot be used: {}", e.what());
      }
      session.console.print(line);
      list.push_back(entry);
    }
  if (list.empty())
    session.console.print(
        std::string("no models: 'sensorium models import FILE.onnx --install' adds one"));
  session.console.print(list);
  return 0;
}

int show_model(Session& session, const std::string& word) {
  const fs::path path = find_model(word);
  const Graph graph = read_onnx(path);
  const ModelCard card = card_of(graph);
  json facts = facts_of(path, graph);
  facts["card"] = sensorium::to_json(card);
  facts["card_missing"] = missing_in(card);
  std::string out =
      fmt::format("{:<16}{}\n{:<16}{}\n{:<16}{} bytes\n{:<16}opset {}, IR {}\n", "file",
                  path.string(), "sha256", facts["sha256"].get<std::string>(), "size",
                  facts["bytes"].get<std::uintmax_t>(), "format", graph.opset, graph.ir_version);
  for (const ValueInfo& v : graph.inputs)
    out += fmt::format("{:<16}{} {}\n", "input", v.name, shape_of(v));
  for (const ValueInfo& v : graph.outputs)
    out += fmt::format("{:<16}{} {}\n", "output", v.name, shape_of(v));
  out += fmt::format("{:<16}{}\n{:<16}", "parameters", graph.parameters(), "operators");
  std::vector<std::string> counts;
  for (const auto& [op, count] : operators_in(graph))
    counts.push_back(fmt::format("{} {}", count, op));
  out += fmt::format("{}\n", fmt::join(counts, ", "));
  for (const auto& [key, value] : facts["card"].items())
    out +=
        fmt::format("{:<16}{}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  if (const auto missing = missing_in(card); !missing.empty())
    out += fmt::format("{:<16}{}\n", "card lacks", fmt::join(missing, ", "));
  session.console.print(out);
  session.console.print(facts);
  return 0;
}

// The hash in FILE.sha256 as sha256sum writes it; empty without that file.
std::string hash_beside(const fs::path& path) {
  const fs::path beside = path.string() + ".sha256";
  return fs::exists(beside) ? read_text(beside, 4096).substr(0, 64) : "";
}

int verify_model(Session& session, const std::string& word, std::string expected) {
  const fs::path path = find_model(word);
  const std::string hash = sha256_of_path(path);
  std::string source = "the hash given";
  if (expected.empty()) {
    expected = hash_beside(path);
    source = fmt::format("'{}.sha256'", path.string());
  }
  std::transform(expected.begin(), expected.end(), expected.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!expected.empty() && expected != hash)
    throw Error(ErrorCode::Conflict,
                fmt::format("'{}' has the hash {}, not {} as {} says", path.string(), hash,
                            expected, source),
                "it is another file, or it was changed or damaged: fetch it again");
  const Graph graph = read_onnx(path);
  const ModelCheck check = check_model(graph, unknown_operators(graph));
  session.console.print(fmt::format("{}  {}", hash, path.string()));
  session.console.print(expected.empty() ? "no hash to compare with: give --sha256"
                                         : fmt::format("equals {}", source));
  for (const std::string& error : check.errors) session.console.print("error    " + error);
  session.console.print(json{{"path", path.string()},
                             {"sha256", hash},
                             {"compared", !expected.empty()},
                             {"errors", check.errors},
                             {"warnings", check.warnings}});
  return check.usable() ? 0 : static_cast<int>(ErrorCode::BadInput);
}

fs::path install(const fs::path& file, std::string id) {
  if (id.empty()) id = file.stem().string();
  if (id.find('/') != std::string::npos || id.starts_with('.'))
    throw Error(ErrorCode::Usage, fmt::format("'{}' cannot be a model's id", id),
                "use a plain file name");
  const auto mapped = MappedFile::open(file);
  parse_onnx(mapped->bytes(), file.string()); // refuses weights that lie in other files
  const fs::path target = user_models() / (id + ".onnx");
  if (fs::exists(target)) {
    if (sha256_of_path(target) == sha256(mapped->bytes())) return target;
    throw Error(ErrorCode::Conflict, fmt::format("'{}' is there and differs", target.string()),
                "give another name with --id, or remove that file");
  }
  make_folder(target.parent_path());
  write_atomically(target,
                   {reinterpret_cast<const char*>(mapped->bytes().data()), mapped->bytes().size()});
  return target;
}

struct ImportWords {
  std::string file, id, weights, output;
  bool install = false;
};

void print_names(const Session& session, const std::string& what,
                 const std::vector<std::string>& names) {
  for (const std::string& name : names) session.console.print(fmt::format("{:<12}{}", what, name));
}

// The model with weights from another file, written to words.output. Without a single one that
// fits nothing is written.
int bring_weights(Session& session, const ImportWords& words) {
  if (words.output.empty())
    throw Error(ErrorCode::Usage, "--weights needs a file to write the model to",
                "add -o OUT.onnx");
  Graph graph = read_onnx(find_model(words.file));
  const WeightReport report = load_weights(graph, words.weights);
  print_names(session, "missing", report.missing);
  print_names(session, "mismatched", report.mismatched);
  print_names(session, "unexpected", report.unexpected);
  session.console.print(fmt::format(
      "{} weights loaded, {} missing in '{}', {} of another shape, {} not of this model",
      report.loaded.size(), report.missing.size(), words.weights, report.mismatched.size(),
      report.unexpected.size()));
  if (report.loaded.empty())
    throw Error(ErrorCode::BadInput,
                fmt::format("no weight in '{}' has the name and shape of one in '{}'",
                            words.weights, words.file),
                report.unexpected.empty()
                    ? "is it the right file?"
                    : fmt::format("the file's names are like '{}', the model's like '{}'",
                                  report.unexpected.front(),
                                  report.missing.empty() ? "" : report.missing.front()));
  ModelCard card = card_of(graph);
  if (card.limits == untrained) card.limits.clear();
  card.further["weights"] = {{"file", fs::path(words.weights).filename().string()},
                             {"sha256", sha256_of_path(words.weights)},
                             {"loaded", report.loaded.size()},
                             {"not_loaded", report.missing.size() + report.mismatched.size()}};
  set_card(graph, card);
  write_onnx(graph, words.output);
  session.console.print(fmt::format("written: {}", words.output));
  session.console.print(json{{"path", words.output},
                             {"sha256", sha256_of_path(words.output)},
                             {"complete", report.complete()},
                             {"loaded", report.loaded},
                             {"missing", report.missing},
                             {"mismatched", report.mismatched},
                             {"unexpected", report.unexpected}});
  return 0;
}

// A model whose sizes are fixed but for the batch must run; another open one may not take 64.
void try_model(Session& session, const std::string& file, const Graph& graph, ModelCheck& check) {
  const std::string why = trial_failure(session, file);
  if (why.empty()) return;
  const bool open = std::ranges::any_of(graph.inputs, [](const ValueInfo& v) {
    return !v.has_shape || v.dims.empty() || v.type != DType::Float32 ||
           std::any_of(v.dims.begin() + 1, v.dims.end(), [](std::int64_t d) { return d < 0; });
  });
  if (open)
    check.warnings.push_back("tried with 64 for each open size (batch: 1) it did not run: " + why);
  else
    check.errors.push_back(why);
}

int import_model(Session& session, const ImportWords& words) {
  if (!words.weights.empty()) return bring_weights(session, words);
  const std::string& file = words.file;
  const bool wanted = words.install;
  const Graph graph = read_onnx(file);
  const std::vector<std::string> unknown = unknown_operators(graph);
  ModelCheck check = check_model(graph, unknown);
  if (check.usable()) try_model(session, file, graph, check);
  json result = facts_of(file, graph);
  result.update({{"usable", check.usable()},
                 {"errors", check.errors},
                 {"warnings", check.warnings},
                 {"installed", nullptr}});
  for (const ValueInfo& v : graph.inputs)
    session.console.print(fmt::format("input    {} {}", v.name, shape_of(v)));
  for (const ValueInfo& v : graph.outputs)
    session.console.print(fmt::format("output   {} {}", v.name, shape_of(v)));
  for (const std::string& error : check.errors) session.console.print("error    " + error);
  for (const std::string& warning : check.warnings) session.console.print("missing  " + warning);
  if (check.usable() && wanted) result["installed"] = install(file, words.id).string();
  session.console.print(!check.usable() ? "it cannot be used"
                        : wanted
                            ? fmt::format("installed: {}", result["installed"].get<std::string>())
                            : "it can be used; --install copies it into the model folder");
  session.console.print(result);
  if (check.usable()) return 0;
  return static_cast<int>(unknown.empty() ? ErrorCode::BadInput : ErrorCode::Unsupported);
}

}

void add_models(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("models", "The networks: list, show, verify, import, build, compare");
  const auto file = std::make_shared<std::string>(), hash = std::make_shared<std::string>();
  const auto words = std::make_shared<ImportWords>();
  command->require_subcommand(0, 1);
  command->fallthrough();
  command->callback([&session, command] {
    if (command->get_subcommands().empty())
      session.chosen = [&session] { return list_models(session); };
  });
  auto* list = command->add_subcommand("list", "The models that are shipped or installed");
  list->callback([&session] { session.chosen = [&session] { return list_models(session); }; });
  auto* show =
      command->add_subcommand("show", "Card, inputs, outputs, operators and hash of a model");
  show->add_option("FILE", *file, "An ONNX file, or the id of a model")->required();
  show->callback([&session, file] {
    session.chosen = [&session, file] { return show_model(session, *file); };
  });
  auto* verify =
      command->add_subcommand("verify", "Whether a model is whole and the one it should be");
  verify->add_option("FILE", *file, "An ONNX file, or the id of a model")->required();
  verify->add_option("--sha256", *hash, "The hash it must have; else that of FILE.sha256")
      ->check([](const std::string& text) {
        const bool fits = text.size() == 64 &&
                          text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
        return fits ? std::string() : std::string("a SHA-256 has 64 hexadecimal digits");
      });
  verify->callback([&session, file, hash] {
    session.chosen = [&session, file, hash] { return verify_model(session, *file, *hash); };
  });
  auto* importing = command->add_subcommand(
      "import", "Whether a model made elsewhere can be used, and what it does not say");
  importing->add_option("FILE", words->file, "An ONNX file")->required();
  auto* install_flag = importing->add_flag("--install", words->install,
                                           "Copy it into the model folder when it can be used");
  importing->add_option("--id", words->id, "Its name there (default: the file's name)");
  auto* output = importing->add_option("-o,--output", words->output, "Where --weights writes to");
  importing
      ->add_option(
          "--weights", words->weights,
          "Load weights by name from this safetensors or ONNX file; lists what does not fit")
      ->excludes(install_flag);
  output->needs(importing->get_option("--weights"));
  importing->callback([&session, words] {
    session.chosen = [&session, words] { return import_model(session, *words); };
  });
  add_models_build(*command, session);
  add_models_compare(*command, session);
}

}
