#include "app/cli/reviewed_case.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/report/class_picture.h"
#include "modules/report/result_folder.h"
#include "modules/report/scrub.h"
#include "modules/review/calibration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

std::array<Spacing, 3> spacing_of(const CaseRun& run) {
  if (const auto* volume = std::get_if<Volume>(run.dataset.get())) return volume->spacing;
  if (const auto* video = std::get_if<Video>(run.dataset.get()))
    return {video->spacing[0], video->spacing[1], unknown_spacing("frames have no distance")};
  const Spacing none = unknown_spacing("the recording has no scale");
  return {none, none, none};
}

bool is_about_findings(const Event& event) {
  return event.kind != "protocol" && event.kind != "sign" && event.kind != "sign_layer";
}

std::string statement_of(const CaseRun& run, const ReviewedCase& out, const ExportChoice& choice) {
  if (out.state == ExportState::AsProposed)
    return fmt::format("as proposed by {} {}, not reviewed", run.findings.pipeline,
                       run.findings.version);
  std::vector<std::string> readers;
  for (const Event& event : out.log.events)
    if (is_about_findings(event) && (choice.reader.empty() || event.reader == choice.reader) &&
        std::find(readers.begin(), readers.end(), event.reader) == readers.end())
      readers.push_back(event.reader);
  std::string text = fmt::format("as reviewed by {}", fmt::join(readers, ", "));
  if (const auto& signature = out.reading.review.signature)
    text += fmt::format(", signed {}", signature->time_utc);
  else if (!choice.reader.empty() && layer_is_signed(out.log.events, choice.reader))
    text += ", layer signed";
  else
    text += ", not signed";
  const int open = out.reading.review.count(FindingState::Proposed);
  if (!choice.undecided)
    text += ", decided findings only";
  else if (open > 0)
    text += fmt::format(", with {} undecided proposal{}", open, open == 1 ? "" : "s");
  return text;
}

const Volume& volume_of(const CaseRun& run) {
  const auto* volume = std::get_if<Volume>(run.dataset.get());
  if (volume == nullptr) throw Error(ErrorCode::Unsupported, "maps are written for volumes only");
  return *volume;
}

// What a case's maps are laid on: its volume, or a cube's pixels as one slice without scale.
Volume grid_of(const CaseRun& run) {
  const auto* cube = std::get_if<Cube>(run.dataset.get());
  if (cube == nullptr) return volume_of(run);
  Volume out{.width = cube->samples, .height = cube->lines, .depth = 1};
  for (Spacing& axis : out.spacing) axis = unknown_spacing("a cube does not state its scale");
  out.origin = cube->origin;
  return out;
}

// The pipeline's labels first, then others in order of appearance.
std::vector<std::string> labels_in(const CaseRun& run, const Findings& findings) {
  std::vector<std::string> labels = labels_of(run.pipeline->info, run.findings);
  for (const Finding& f : findings.items)
    if (std::find(labels.begin(), labels.end(), f.label) == labels.end()) labels.push_back(f.label);
  return labels;
}

Volume label_map(const Findings& findings, const std::vector<std::string>& labels,
                 const Volume& like) {
  Volume out = mask_of({}, like);
  std::vector<std::uint8_t> values(like.voxels()), one;
  for (std::size_t k = 0; k < labels.size() && k < 255; ++k) {
    one.assign(like.voxels(), 0);
    for (const Finding& f : findings.items)
      if (f.label == labels[k]) paint_runs(f.footprint, like.width, like.height, like.depth, one);
    for (std::size_t i = 0; i < one.size(); ++i)
      if (one[i] != 0) values[i] = static_cast<std::uint8_t>(k + 1);
  }
  out.pixels = Buffer::of(std::move(values));
  return out;
}

// Of a cube with a class map, after the review; throws Error NotFound without one.
ClassMap class_map_of(const CaseRun& run, const ReviewedCase& c, const ExportChoice& choice) {
  const auto* cube = std::get_if<Cube>(run.dataset.get());
  ClassMap map =
      cube != nullptr ? read_class_map(run.folder, cube->samples, cube->lines) : ClassMap{};
  const std::vector<std::string> names = class_names(c.reading.base);
  if (map.empty() || names.empty())
    throw Error(ErrorCode::NotFound,
                fmt::format("the case '{}' has no class map", run.folder.string()),
                "run cube_analysis, glioblastoma or melanoma on a cube; or write another format");
  if (c.state == ExportState::AsProposed) return map;
  return reviewed_map(std::move(map), names, c.reading.base, c.reading.review,
                      {.proposed = choice.undecided});
}

void scrub(Findings& findings, const std::vector<std::string>& secrets) {
  for (Finding& f : findings.items) {
    f.text = scrubbed(f.text, secrets);
    for (auto& [key, value] : f.attributes) value = scrubbed(value, secrets);
  }
  for (std::string& note : findings.notes) note = scrubbed(note, secrets);
  for (Table& table : findings.tables)
    for (auto& row : table.rows)
      for (std::string& cell : row) cell = scrubbed(cell, secrets);
}

// Free text of the review as well: every string of the document.
json scrubbed_json(json in, const std::vector<std::string>& secrets) {
  if (in.is_string()) return scrubbed(in.get<std::string>(), secrets);
  if (in.is_structured())
    for (json& item : in) item = scrubbed_json(std::move(item), secrets);
  return in;
}

std::string csv_of(const ReviewedCase& c) {
  Findings rows = c.findings;
  if (c.state == ExportState::AsReviewed) {
    // Rejected ones too: the table is the record of every decision.
    ReviewState all = c.reading.review;
    for (ReviewedFinding& f : all.findings) f.finding.attributes["export"] = name_of(c.state);
    return reviewed_csv(all);
  }
  for (Finding& f : rows.items) f.attributes["export"] = name_of(c.state);
  return to_csv(rows);
}

json json_of(const ReviewedCase& c) {
  json out = to_json(c.findings);
  out["export"] = {{"state", name_of(c.state)}, {"statement", c.statement}};
  if (c.state == ExportState::AsReviewed) {
    out["review"] = to_json(c.reading.review);
    out["review"]["log_hash"] = c.log.head_hash;
    out["review"]["log"] = c.log.verification.text;
  }
  return out;
}

// A consensus speaks for the case; in it nothing is undecided.
ExportChoice with_consensus(ExportChoice choice, const std::vector<Event>& events) {
  if (choice.reader.empty()) choice.reader = speaking_consensus(events);
  if (is_consensus_reader(choice.reader)) choice.undecided = false;
  return choice;
}

}

ExportChoice export_choice_of(const json& options) {
  ExportChoice choice;
  if (const std::string state = options.value("state", ""); state == "reviewed")
    choice.state = ExportState::AsReviewed;
  else if (state == "proposed")
    choice.state = ExportState::AsProposed;
  else if (!state.empty())
    throw Error(ErrorCode::Usage, fmt::format("there is no state '{}' to export", state),
                "the states are reviewed and proposed");
  choice.reader = options.value("reader", "");
  choice.undecided = !options.value("decided_only", false);
  choice.deidentified = options.value("deidentify", false);
  return choice;
}

CaseLog read_case_log(const fs::path& folder) {
  CaseLog out;
  const fs::path file = folder / "review.sqlite";
  if (!fs::exists(file)) return out;
  const auto log = ReviewLog::open(file, ReviewLog::Mode::ReadOnly);
  out.events = log->events();
  out.verification = log->verify();
  out.head_hash = log->head_hash();
  return out;
}

bool has_review(const std::vector<Event>& events) {
  return std::any_of(events.begin(), events.end(),
                     [](const Event& e) { return is_about_findings(e) || e.kind == "sign"; });
}

CaseReading reading_of(const CaseRun& run, const std::vector<Event>& events,
                       const std::string& reader) {
  const auto spacing = spacing_of(run);
  const Calibration calibration(*run.dataset);
  CaseReading out{run.findings, fold(run.findings, events, reader, &spacing)};
  measure_by_region(out.review, calibration);
  json wanted = run.recipe.parameters;
  for (const auto& [name, value] : out.review.parameters.items())
    if (wanted.contains(name)) wanted[name] = value;
  if (wanted == run.recipe.parameters) return out;
  CaseRun again = run;
  conclude_case(again, wanted);
  out.base = std::move(again.findings);
  out.review = fold(out.base, events, reader, &spacing);
  measure_by_region(out.review, calibration);
  return out;
}

ReviewedCase reviewed_case(const CaseRun& run, const ExportChoice& wanted) {
  ReviewedCase out;
  out.log = read_case_log(run.folder);
  const ExportChoice choice = with_consensus(wanted, out.log.events);
  out.reader = choice.reader;
  const bool reviewed = has_review(out.log.events);
  if (!reviewed && choice.state == ExportState::AsReviewed)
    throw Error(ErrorCode::Usage, fmt::format("'{}' has no review", run.folder.string()),
                "export it as proposed, or review it first");
  const auto readers = readers_of(out.log.events);
  if (!choice.reader.empty() &&
      std::find(readers.begin(), readers.end(), choice.reader) == readers.end())
    throw Error(ErrorCode::NotFound,
                fmt::format("'{}' has no events in '{}'", choice.reader, run.folder.string()),
                readers.empty() ? "the case has no review"
                                : fmt::format("its readers are {}", fmt::join(readers, ", ")));
  out.state = choice.state.value_or(reviewed ? ExportState::AsReviewed : ExportState::AsProposed);
  if (out.state == ExportState::AsProposed) {
    out.reading = {run.findings, fold(run.findings, {})};
    out.findings = run.findings;
  } else {
    if (choice.reader.empty()) require_open(out.log.events, "readers cannot be merged");
    out.reading = reading_of(run, out.log.events, choice.reader);
    out.findings =
        reviewed_findings(out.reading.base, out.reading.review, {.proposed = choice.undecided});
  }
  out.statement = statement_of(run, out, choice);
  if (choice.deidentified) {
    const auto secrets = identifying_strings(origin_of(*run.dataset));
    out.statement = scrubbed(out.statement, secrets);
    scrub(out.findings, secrets);
  }
  return out;
}

void export_case(Registry& registry, const CaseRun& run, const std::string& map,
                 const std::string& format, const ExportChoice& choice, const fs::path& file) {
  ReviewedCase c = reviewed_case(run, choice);
  const auto secrets = choice.deidentified ? identifying_strings(origin_of(*run.dataset))
                                           : std::vector<std::string>();
  if (format == "csv") return write_atomically(file, scrubbed(csv_of(c), secrets));
  if (format == "json")
    return write_atomically(file, scrubbed_json(json_of(c), secrets).dump(2) + "\n");
  if (format == "png") return write_class_map(class_map_of(run, c, choice), file);
  const WriterDefinition& writer = registry.writer(format);
  const Volume source = grid_of(run);
  WriteRequest request{.volume = source,
                       .role = map,
                       .source = run.dataset.get(),
                       .findings = &c.findings,
                       .statement = c.statement,
                       .deidentified = choice.deidentified};
  if (std::find(writer.roles.begin(), writer.roles.end(), "findings") != writer.roles.end()) {
    request.role = "findings";
    return writer.write(request, file);
  }
  if (map == "mask" || map == "labels") {
    const std::vector<std::string> labels = labels_in(run, c.findings);
    for (std::size_t k = 0; k < labels.size() && map == "labels"; ++k)
      request.labels[static_cast<int>(k + 1)] = labels[k];
    const Volume volume =
        map == "mask" ? mask_of(c.findings, source) : label_map(c.findings, labels, source);
    const WriteRequest with_map{
        volume,         request.role,        request.source, request.findings, request.statement,
        request.labels, request.deidentified};
    return writer.write(with_map, file);
  }
  for (const Artifact& artifact : run.analysis->artifacts)
    if (artifact.name == map)
      return writer.write({.volume = artifact.volume,
                           .role = map,
                           .source = run.dataset.get(),
                           .findings = &run.findings,
                           .statement = "computed by the pipeline; a review does not change it",
                           .deidentified = choice.deidentified},
                          file);
  throw Error(ErrorCode::NotFound, fmt::format("the case has no map '{}'", map),
              "the maps are mask, labels, and those that provenance.json names");
}

ImportOptions import_options_of(const json& options) {
  ImportOptions out;
  const json labels = options.value("labels", json::object());
  for (const auto& [value, label] : labels.items()) {
    long number = 0;
    const auto end = value.data() + value.size();
    if (const auto [at, fault] = std::from_chars(value.data(), end, number);
        fault == std::errc() && at == end)
      out.labels[number] = label.get<std::string>();
    else
      out.names[value] = label.get<std::string>();
  }
  if (options.contains("slice")) out.slice = options.at("slice").get<int>();
  if (options.contains("threshold")) out.threshold = options.at("threshold").get<double>();
  return out;
}

LayerFile read_layer_file(Registry& registry, const CaseRun& run, const fs::path& file,
                          const json& options, const Context& context) {
  const Volume& recording = volume_of(run);
  const std::string source = fs::absolute(file).lexically_normal().filename().string();
  if (const LayerReaderDefinition* reader = registry.layer_reader(file)) {
    const Findings found = reader->read(file, *run.dataset, context);
    return {import_findings(found, recording, run.pipeline->info.labels, import_options_of(options),
                            source),
            source, sha256_of_path(file)};
  }
  const Dataset dataset = registry.open(file, context);
  const auto* mask = std::get_if<Volume>(&dataset);
  if (mask == nullptr)
    throw Error(ErrorCode::Unsupported, fmt::format("'{}' is a clip, not a mask", file.string()),
                "give a mask with the recording's size");
  return {import_layer(*mask, recording, run.pipeline->info.labels, import_options_of(options)),
          source, mask->origin.sha256};
}

}
