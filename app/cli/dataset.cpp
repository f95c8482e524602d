#include "app/cli/dataset.h"

#include "app/cli/case_layers.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/core/json_text.h"
#include "modules/core/promoted_models.h"
#include "modules/core/training_set.h"
#include "modules/learn/splits.h"
#include "modules/report/result_folder.h"
#include "modules/review/footprint.h"
#include "modules/review/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr int ignored = 255;

std::vector<std::string> parts_of(const std::vector<double>& fractions) {
  for (const double f : fractions)
    if (!(f > 0) || !std::isfinite(f))
      throw Error(ErrorCode::Usage, fmt::format("a part of {} is no part", f),
                  "fractions are positive");
  if (fractions.size() == 1) return {"training"};
  if (fractions.size() == 2) return {"training", "held_out"};
  if (fractions.size() == 3) return {"training", "validation", "held_out"};
  throw Error(ErrorCode::Usage, fmt::format("{} fractions make no split", fractions.size()),
              "give one to three: training, validation, held out");
}

// Never the patient's own text: a hash under a key of this computer.
std::string patient_hash(const CaseRun& run, const DatasetOptions& options) {
  const Origin& origin = origin_of(*run.dataset);
  const Patient& p = origin.patient;
  if (!p.id.empty() || !p.name.empty())
    return sha256(patient_key() + "\n" + (p.id.empty() ? p.name + "\n" + p.birth_date : p.id))
        .substr(0, 24);
  const auto* volume = std::get_if<Volume>(run.dataset.get());
  const bool phantom = volume != nullptr && volume->spacing[0].source == ScaleSource::Phantom;
  if (!phantom && !options.unknown_patients)
    throw Error(ErrorCode::Conflict,
                fmt::format("the recording of '{}' does not say whose it is: two of one patient "
                            "could end in two parts",
                            case_name(run.folder)),
                "add --unknown-patients when each such recording is another person's");
  return "recording-" + origin.sha256.substr(0, 24);
}

struct Item {
  json entry;
  std::string patient;
};

struct Masked {
  Volume mask;
  int findings = 0, ignored_findings = 0;
};

Masked mask_of_review(const CaseRun& run, const ReviewedCase& c, const Volume& like,
                      const DatasetOptions& options) {
  const std::vector<std::string>& labels = run.pipeline->info.labels;
  std::vector<std::uint8_t> values(like.voxels()), one;
  Masked out{mask_of({}, like), 0, 0};
  const auto paint = [&](const Finding& f, int value) {
    one.assign(like.voxels(), 0);
    paint_runs(f.footprint, like.width, like.height, like.depth, one);
    for (std::size_t i = 0; i < one.size(); ++i)
      if (one[i] != 0) values[i] = static_cast<std::uint8_t>(value);
  };
  for (const bool undecided : {true, false}) // decided ones lie on top
    for (const ReviewedFinding& f : c.reading.review.findings) {
      if (f.state == FindingState::Rejected || (f.state == FindingState::Proposed) != undecided)
        continue;
      if (undecided && options.undecided == "drop") continue;
      const auto at = std::find(labels.begin(), labels.end(), f.label);
      if (at == labels.end())
        throw Error(ErrorCode::BadInput,
                    fmt::format("'{}' has the label '{}', which the pipeline does not have",
                                case_name(run.folder), f.label),
                    "relabel the finding");
      const bool left_out = undecided && options.undecided == "ignore";
      ++(left_out ? out.ignored_findings : out.findings);
      paint(f.finding, left_out ? ignored : static_cast<int>(at - labels.begin()) + 1);
    }
  out.mask.pixels = Buffer::of(std::move(values));
  return out;
}

json scale_json(const Volume& v) {
  return {to_json(v.spacing[0]), to_json(v.spacing[1]), to_json(v.spacing[2])};
}

Item add_case(Registry& registry, const fs::path& folder, int number, const DatasetOptions& options,
              const fs::path& output, const Context& context) {
  const CaseRun run = restore_case(registry, folder, context);
  ExportChoice choice{.state = ExportState::AsReviewed, .reader = options.reader};
  const ReviewedCase c = reviewed_case(run, choice);
  if (!c.log.verification.intact)
    throw Error(ErrorCode::Conflict,
                fmt::format("the review of '{}' is not as it was written: {}", case_name(folder),
                            c.log.verification.text),
                "leave the case out");
  const bool is_signed = c.reading.review.is_signed() ||
                         (!c.reader.empty() && layer_is_signed(c.log.events, c.reader));
  if (!is_signed && !options.unsigned_too)
    throw Error(ErrorCode::Conflict,
                fmt::format("the review of '{}' is not signed", folder.string()),
                "sign it, leave it out, or add --unsigned");
  const auto* source = std::get_if<Volume>(run.dataset.get());
  if (source == nullptr)
    throw Error(ErrorCode::Unsupported, fmt::format("'{}' is a clip", folder.string()),
                "training sets are made of volumes");
  Volume image = *source; // its samples and scale; no fact, line or name of the file
  image.origin = Origin{.path = "", .format = "", .sha256 = ""};
  image.localizer.reset();
  const Masked masked = mask_of_review(run, c, *source, options);
  const WriterDefinition& writer = registry.writer("nrrd");
  const std::string name = fmt::format("{:05}.nrrd", number);
  writer.write({.volume = image, .role = "image"}, output / "images" / name);
  WriteRequest mask{.volume = masked.mask, .role = "labels"};
  for (std::size_t k = 0; k < run.pipeline->info.labels.size(); ++k)
    mask.labels[static_cast<int>(k) + 1] = run.pipeline->info.labels[k];
  writer.write(mask, output / "masks" / name);
  Item item;
  item.patient = patient_hash(run, options);
  item.entry = {{"image", "images/" + name},
                {"image_sha256", sha256_of_path(output / "images" / name)},
                {"mask", "masks/" + name},
                {"mask_sha256", sha256_of_path(output / "masks" / name)},
                {"patient", item.patient},
                {"laterality", source->laterality == Laterality::Right  ? "right"
                               : source->laterality == Laterality::Left ? "left"
                                                                        : "unknown"},
                {"modality", source->modality},
                {"size", {source->width, source->height, source->depth}},
                {"spacing", scale_json(*source)},
                {"findings", masked.findings},
                {"ignored_findings", masked.ignored_findings},
                {"source_sha256", origin_of(*run.dataset).sha256},
                {"pipeline_version", run.findings.version},
                {"model_sha256", run.recipe.model_sha256},
                {"parameters", c.reading.base.parameters()},
                {"signed", is_signed},
                {"readers", readers_of(c.log.events).size()},
                {"consensus", is_consensus_reader(c.reader)},
                {"log_hash", c.log.head_hash}};
  return item;
}

std::map<std::string, std::string> parts_before(const fs::path& index) {
  std::map<std::string, std::string> out;
  if (index.empty()) return out;
  try {
    const json stored = json::parse(read_text(index, 512u << 20));
    for (const json& item : stored.at("items"))
      out[item.at("patient").get<std::string>()] = item.at("part").get<std::string>();
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' is no index: {}", index.string(), json_fault(e)),
                "give the index.json of an earlier training set");
  }
  return out;
}

void split(std::vector<Item>& items, const DatasetOptions& options) {
  const std::vector<std::string> parts = parts_of(options.fractions);
  const auto before = parts_before(options.like);
  std::vector<std::string> fresh;
  for (const Item& item : items)
    if (!before.contains(item.patient)) fresh.push_back(item.patient);
  std::vector<int> part_of_fresh;
  const std::set<std::string> patients(fresh.begin(), fresh.end());
  if (!before.empty() && patients.size() < parts.size())
    part_of_fresh.assign(fresh.size(), 0); // too few to split again: they are trained on
  else if (!fresh.empty())
    part_of_fresh = split_by_group(fresh, options.fractions, options.seed);
  std::map<std::string, std::vector<std::string>> members;
  std::size_t next = 0;
  for (Item& item : items) {
    const auto known = before.find(item.patient);
    const std::string part = known != before.end()
                                 ? known->second
                                 : parts[static_cast<std::size_t>(part_of_fresh[next++])];
    item.entry["part"] = part;
    members[part].push_back(item.patient);
  }
  for (const auto& [a, in_a] : members)
    for (const auto& [b, in_b] : members)
      if (a < b) refuse_leakage(in_a, in_b);
}

json read_index(const fs::path& dataset) {
  read_training_set(dataset); // refuses what is damaged, newer or leaks
  return json::parse(read_text(dataset / "index.json", 512u << 20));
}

bool touches(const Finding& f, const std::vector<Finding>& others) {
  const auto runs = normalised(f.footprint);
  return std::any_of(others.begin(), others.end(), [&](const Finding& other) {
    return overlap(runs, normalised(other.footprint)) > 0;
  });
}

// Truth of one label and what is not to be judged.
LesionCounts count_lesions(const Findings& found, const Volume& mask, const Volume& image,
                           const std::string& label, int value) {
  ImportOptions options;
  for (int v = 1; v <= ignored; ++v) options.labels[v] = std::to_string(v);
  std::vector<Finding> truth, unjudged, ours;
  for (Finding& f : import_layer(mask, image, {}, options).findings)
    if (f.label == std::to_string(value))
      truth.push_back(std::move(f));
    else if (f.label == std::to_string(ignored))
      unjudged.push_back(std::move(f));
  for (const Finding& f : found.items)
    if (f.label == label) ours.push_back(f);
  const Agreement a = agreement(truth, ours, image.spacing);
  LesionCounts out{static_cast<double>(a.matched), static_cast<double>(a.only_a.size()), 0};
  for (const int i : a.only_b)
    out.extra += touches(ours[static_cast<std::size_t>(i)], unjudged) ? 0 : 1;
  return out;
}

json json_of(const Interval& i) {
  const auto number = [](double v) { return std::isfinite(v) ? json(v) : json(); };
  return {{"value", number(i.value)},
          {"lower", number(i.lower)},
          {"upper", number(i.upper)},
          {"patients", i.groups},
          {"level", i.level}};
}

}

std::string patient_key() {
  const fs::path file = user_data_folder() / "patient_key";
  if (fs::exists(file)) return read_text(file, 4096);
  make_folder(file.parent_path());
  std::random_device random;
  std::string key;
  for (int i = 0; i < 8; ++i) key += fmt::format("{:08x}", random());
  write_atomically(file, key);
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  return key;
}

json dataset_from_reviews(Registry& registry, const std::vector<fs::path>& cases,
                          const DatasetOptions& options, const fs::path& output,
                          const Context& context) {
  if (options.undecided != "ignore" && options.undecided != "keep" && options.undecided != "drop")
    throw Error(ErrorCode::Usage,
                fmt::format("undecided findings cannot be '{}'", options.undecided),
                "ignore, keep or drop");
  const std::vector<std::string> parts = parts_of(options.fractions);
  if (fs::exists(output / "index.json"))
    throw Error(ErrorCode::Conflict,
                fmt::format("'{}' holds a training set already", output.string()),
                "write into a new folder");
  make_folder(output / "images");
  make_folder(output / "masks");
  std::vector<Item> items;
  std::string pipeline;
  std::set<std::string> recordings;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const double n = static_cast<double>(cases.size());
    context.step(static_cast<double>(i) / n, "reading cases");
    items.push_back(
        add_case(registry, cases[i], static_cast<int>(i) + 1, options, output,
                 context.part(static_cast<double>(i) / n, static_cast<double>(i + 1) / n)));
    const std::string own = read_recipe(cases[i] / "recipe.json").pipeline;
    if (!pipeline.empty() && own != pipeline)
      throw Error(ErrorCode::Usage,
                  fmt::format("'{}' is a case of {}, the first one of {}", cases[i].string(), own,
                              pipeline),
                  "a training set holds cases of one pipeline");
    pipeline = own;
    if (!recordings.insert(items.back().entry.at("source_sha256").get<std::string>()).second)
      throw Error(ErrorCode::Conflict,
                  fmt::format("the recording of '{}' is in the set already", cases[i].string()),
                  "name one case of each recording");
  }
  split(items, options);
  json list = json::array(), labels = json::object(), counts = json::object();
  for (const Item& item : items) {
    list.push_back(item.entry);
    const std::string part = item.entry.at("part").get<std::string>();
    counts[part] = counts.value(part, 0) + 1;
  }
  const std::vector<std::string>& names = registry.pipeline(pipeline).info.labels;
  for (std::size_t k = 0; k < names.size(); ++k) labels[std::to_string(k + 1)] = names[k];
  json index = {{"format", "sensorium-training-set"},
                {"version", 1},
                {"pipeline", pipeline},
                {"labels", labels},
                {"ignored_value", ignored},
                {"undecided", options.undecided},
                {"parts", parts},
                {"fractions", options.fractions},
                {"seed", options.seed},
                {"created", utc_now()},
                {"counts", counts},
                {"items", list}};
  write_atomically(output / "index.json", index.dump(2) + "\n");
  return index;
}

json compare_on_dataset(Registry& registry, const fs::path& dataset, const std::string& part,
                        const std::array<std::string, 2>& models, const std::string& device,
                        const Context& context) {
  const json index = read_index(dataset);
  const std::string pipeline = index.at("pipeline").get<std::string>();
  const std::string label = registry.pipeline(pipeline).info.labels.at(0);
  std::array<std::vector<LesionCounts>, 2> counts;
  std::vector<std::string> patients;
  std::array<std::string, 2> hashes;
  const json& items = index.at("items");
  for (std::size_t i = 0; i < items.size(); ++i) {
    const json& item = items[i];
    if (item.at("part") != part) continue;
    const fs::path image = dataset / item.at("image").get<std::string>();
    const Dataset mask = registry.open(dataset / item.at("mask").get<std::string>());
    patients.push_back(item.at("patient").get<std::string>());
    for (std::size_t m = 0; m < 2; ++m) {
      const double at = (static_cast<double>(i) + 0.5 * static_cast<double>(m)) /
                        static_cast<double>(items.size());
      Recipe recipe;
      recipe.pipeline = pipeline;
      recipe.inputs = {{image.string(), item.at("image_sha256").get<std::string>()}};
      recipe.model = models[m];
      recipe.device = device;
      recipe.parameters = item.value("parameters", json::object());
      const CaseRun run = run_recipe(registry, recipe, dataset, context.part(at, at));
      hashes[m] = run.recipe.model_sha256;
      counts[m].push_back(count_lesions(run.findings, std::get<Volume>(mask),
                                        std::get<Volume>(*run.dataset), label, 1));
    }
  }
  if (patients.empty())
    throw Error(ErrorCode::Usage, fmt::format("the training set has no item in '{}'", part),
                "its parts are listed in index.json");
  const PairedFigures f = paired_figures(counts[0], counts[1], patients);
  const auto three = [](const Interval& a, const Interval& b, const Interval& change) {
    return json{{"a", json_of(a)}, {"b", json_of(b)}, {"change", json_of(change)}};
  };
  return {{"part", part},
          {"cases", patients.size()},
          {"label", label},
          {"model_a", hashes[0]},
          {"model_b", hashes[1]},
          {"rule", agreement({}, {}, {}).rule},
          {"sensitivity", three(f.sensitivity_a, f.sensitivity_b, f.sensitivity_change)},
          {"precision", three(f.precision_a, f.precision_b, f.precision_change)},
          {"f1", three(f.f1_a, f.f1_b, f.f1_change)}};
}

}
