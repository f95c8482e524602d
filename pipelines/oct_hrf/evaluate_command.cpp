#include "modules/core/error.h"
#include "modules/core/registry.h"
#include "modules/io/builtin.h"
#include "pipelines/oct_hrf/detector.h"
#include "pipelines/oct_hrf/evaluate.h"
#include "pipelines/oct_hrf/lesions.h"
#include "pipelines/oct_hrf/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium::oct_hrf {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// Of 255; lower ones join what lies apart, and the second look has seen none below.
constexpr int lowest_threshold = 48;
constexpr int first_validation_seed = 10000, first_test_seed = 20000;

struct EvaluateParameters {
  std::string model;
  int validation_seeds = 12, seeds = 12, scans = 4;
  int first_seed = first_test_seed;
  int phantom_version = 1;
  double spacing_z_um = 120;
  bool enhance = true;
  double distance_um = 30;
  int min_pixels = 3;
  double threshold = 0;
  double second_look = usual_second_look;
  int rounds = 2000;
  int seed = 1;
  InsertOptions insert;
};

void describe(ParameterVisitor& v, EvaluateParameters& p) {
  v.text("model", p.model, {.help = "ONNX file; empty: the shipped one."});
  v.integer("validation_seeds", p.validation_seeds,
            {.help = "Phantom seeds on which the threshold is chosen.", .min = 1, .max = 500});
  v.integer("seeds", p.seeds, {.help = "Phantom seeds of the test.", .min = 1, .max = 2000});
  v.integer("first_seed", p.first_seed,
            {.help = "First test seed; 20000 and above were never trained on.", .min = 0});
  v.integer("scans", p.scans, {.help = "B-scans of each seed.", .min = 1, .max = 100});
  v.integer("phantom_version", p.phantom_version,
            {.help = "1: each B-scan by itself; 2: vessels run through the volume.",
             .min = 1,
             .max = latest_phantom_version,
             .before = "1"});
  v.number("spacing_z_um", p.spacing_z_um,
           {.help = "Distance between the phantoms' B-scans.",
            .unit = "um",
            .min = 1,
            .max = 1000,
            .before = "120"});
  v.flag("enhance", p.enhance, {.help = "Show the detector enhanced B-scans."});
  v.number("distance_um", p.distance_um,
           {.help = "Greatest centroid distance of a pair.", .unit = "um", .min = 1, .max = 200});
  v.integer("min_pixels", p.min_pixels, {.help = "Least pixels of a candidate.", .min = 1});
  v.number("threshold", p.threshold,
           {.help = "Threshold of every detector; 0: of greatest F1 on the validation seeds.",
            .min = 0,
            .max = 1,
            .at_least_value = "by validation"});
  v.number("second_look", p.second_look,
           {.help = "Candidates of the network below this in the second look are taken away.",
            .min = 0,
            .max = 1,
            .at_least_value = "off"});
  v.integer("rounds", p.rounds, {.help = "Bootstrap resamples.", .min = 100, .max = 100000});
  v.integer("seed", p.seed, {.help = "Of the bootstrap and of the insertion.", .min = 0});
  v.integer("inserted", p.insert.per_bscan,
            {.help = "Lesions inserted into each B-scan of a file.", .min = 1, .max = 60});
}

struct Detector {
  std::string name;
  std::function<std::vector<std::uint8_t>(const EvaluationCase&, std::span<const float>)> map;
  double second_look = 0;
};

using Maps = std::vector<std::vector<std::uint8_t>>;

std::vector<EvaluationCase> phantoms(const EvaluateParameters& p, int first, int count,
                                     const Context& context) {
  std::vector<EvaluationCase> out;
  for (int s = 0; s < count; ++s) {
    context.step(double(s) / count, "phantoms");
    PhantomOptions o;
    o.seed = first + s;
    o.scans = p.scans;
    o.phantom_version = p.phantom_version;
    o.spacing_z_um = p.spacing_z_um;
    out.push_back(
        case_of(make_phantom(o, context.thread_count()), p.enhance, context.thread_count()));
    out.back().scale.distance_um = p.distance_um;
  }
  return out;
}

std::vector<Tally> tallies(const std::vector<EvaluationCase>& cases, const Maps& maps,
                           int threshold, int min_pixels, double second_look) {
  std::vector<Tally> out;
  for (std::size_t i = 0; i < cases.size(); ++i)
    out.push_back(
        tally(cases[i], maps[i], static_cast<std::uint8_t>(threshold), min_pixels, second_look));
  return out;
}

// The threshold of greatest F1.
int best_threshold(const std::vector<EvaluationCase>& cases, const Maps& maps, int min_pixels,
                   double second_look) {
  int best = 128;
  double most = -1;
  for (int threshold = lowest_threshold; threshold <= 248; threshold += 8) {
    const double f1 = rates(tallies(cases, maps, threshold, min_pixels, second_look)).f1;
    if (f1 > most) most = f1, best = threshold;
  }
  return best;
}

json interval(const Interval& i) { return json::array({i.low, i.high}); }

json summary(const std::vector<Tally>& volumes, const EvaluateParameters& p) {
  const Rates r = rates(volumes);
  const RateIntervals ci = bootstrap(volumes, p.rounds, static_cast<std::uint64_t>(p.seed));
  std::vector<double> differences;
  json by_size = json::array();
  for (std::size_t k = 0; k <= std::size(stratum_limits_um); ++k) {
    int truths = 0, found = 0;
    for (const Tally& t : volumes) truths += t.stratum_truths[k], found += t.stratum_found[k];
    by_size.push_back({{"up_to_um", k < std::size(stratum_limits_um) ? json(stratum_limits_um[k])
                                                                     : json(nullptr)},
                       {"lesions", truths},
                       {"sensitivity", truths ? json(double(found) / truths) : json(nullptr)}});
  }
  int truths = 0, bscans = 0, left_out = 0;
  for (const Tally& t : volumes) {
    differences.insert(differences.end(), t.count_differences.begin(), t.count_differences.end());
    truths += t.truths, bscans += t.bscans, left_out += t.left_out;
  }
  json by_kind = json::object(), false_at = json::object();
  int beside = 0;
  for (const Tally& t : volumes) beside += t.false_beside_lesion;
  for (std::size_t k = 0; k < volumes.front().kind_truths.size(); ++k) {
    int of_kind = 0, found = 0, wrong = 0;
    for (const Tally& t : volumes)
      of_kind += t.kind_truths[k], found += t.kind_found[k], wrong += t.false_at[k];
    const std::string name(name_of(static_cast<PhantomLabel>(k)));
    if (of_kind > 0)
      by_kind[k == 0 ? "inserted" : name] = {{"lesions", of_kind},
                                             {"sensitivity", double(found) / of_kind}};
    if (wrong > 0) false_at[k == 0 ? "elsewhere" : name] = double(wrong) / bscans;
  }
  false_at["beside_lesion"] = double(beside) / bscans;
  const Agreement agreement = bland_altman(differences);
  return {{"volumes", volumes.size()},
          {"bscans", bscans},
          {"lesions", truths},
          {"lesions_left_out", left_out},
          {"sensitivity", r.sensitivity},
          {"sensitivity_95", interval(ci.sensitivity)},
          {"precision", r.precision},
          {"precision_95", interval(ci.precision)},
          {"f1", r.f1},
          {"f1_95", interval(ci.f1)},
          {"false_positives_per_bscan", r.false_per_bscan},
          {"false_positives_per_bscan_95", interval(ci.false_per_bscan)},
          {"dice", r.dice},
          {"by_size", by_size},
          {"by_kind", by_kind},
          {"false_positives_per_bscan_at", false_at},
          {"bland_altman",
           {{"bias", agreement.bias}, {"low", agreement.low}, {"high", agreement.high}}}};
}

std::string row(const std::string& detector, const std::string& data, const json& s) {
  const auto with = [&](const char* key) {
    const json& ci = s.at(std::string(key) + "_95");
    return fmt::format("{:.3f} ({:.3f} to {:.3f})", s.at(key).get<double>(), ci[0].get<double>(),
                       ci[1].get<double>());
  };
  const json& ba = s.at("bland_altman");
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {:.3f} | {:.2f} ({:.1f} to {:.1f}) |\n",
                     detector, data, s.at("lesions").get<int>(), with("f1"), with("sensitivity"),
                     with("precision"), with("false_positives_per_bscan"),
                     s.at("dice").get<double>(), ba.at("bias").get<double>(),
                     ba.at("low").get<double>(), ba.at("high").get<double>());
}

// One line for each volume. The names of files are left out: they may name a patient.
std::string csv_lines(const std::string& detector, const std::string& data,
                      const std::vector<Tally>& volumes) {
  std::string out;
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    const Tally& t = volumes[i];
    const Rates r = rates({t});
    out += fmt::format("{},{},{},{},{},{},{},{},{},{:.4f},{:.4f},{:.4f},{:.4f}\r\n", detector, data,
                       i + 1, t.bscans, t.truths, t.left_out, t.found, t.candidates,
                       t.false_positives(), r.sensitivity, r.precision, r.f1, r.dice);
  }
  return out;
}

// Sensitivity by size and kind, false positives by place, of one detector.
std::string details(const std::string& detector, const json& s) {
  std::string out = fmt::format("\n{}: found", detector);
  for (const auto& [kind, of] : s.at("by_kind").items())
    out += fmt::format(" {} {:.3f} of {};", kind, of.at("sensitivity").get<double>(),
                       of.at("lesions").get<int>());
  for (const json& size : s.at("by_size")) {
    if (size.at("sensitivity").is_null()) continue;
    out += size.at("up_to_um").is_null()
               ? std::string(" larger")
               : fmt::format(" up to {} um", size.at("up_to_um").get<double>());
    out += fmt::format(" {:.3f} of {};", size.at("sensitivity").get<double>(),
                       size.at("lesions").get<int>());
  }
  out += " false positives per B-scan:";
  for (const auto& [place, rate] : s.at("false_positives_per_bscan_at").items())
    out += fmt::format(" {} {:.2f};", place, rate.get<double>());
  return out + "\n";
}

// What the detector marks on a scan before anything is inserted: the scan's own bright dots or the
// detector's own errors; nobody knows which. It is counted apart and left out of the figures.
int before_insertion(const InsertedCase& c, const std::vector<std::uint8_t>& map, int threshold,
                     int min_pixels, double second_look) {
  EvaluationCase bare = c.inserted;
  bare.truths.clear();
  bare.grey = c.untouched_grey;
  std::fill(bare.instances.begin(), bare.instances.end(), 0);
  return tally(bare, map, static_cast<std::uint8_t>(threshold), min_pixels, second_look).candidates;
}

// Scans in which nothing can be inserted become rows of `refused`; none left is an error.
std::vector<InsertedCase> inserted_cases(const std::vector<std::string>& files,
                                         const EvaluateParameters& p, json& refused,
                                         const Context& context) {
  FullRegistry registry;
  std::vector<InsertedCase> out;
  for (const std::string& file : files) {
    try {
      const Dataset data = registry.open(file, context);
      const auto* volume = std::get_if<Volume>(&data);
      if (!volume) throw Error(ErrorCode::BadInput, "'" + file + "' is no OCT volume");
      out.push_back(insert_lesions(*volume, p.insert, p.enhance,
                                   static_cast<std::uint64_t>(p.seed) + out.size(),
                                   context.thread_count()));
    } catch (const Error& e) {
      if (e.code() == ErrorCode::Cancelled || files.size() == 1) throw;
      refused.push_back({{"file", file}, {"reason", e.what()}});
      continue;
    }
    out.back().inserted.scale.distance_um = p.distance_um;
  }
  if (!files.empty() && out.empty())
    throw Error(ErrorCode::BadInput,
                fmt::format("none of {} scans could be used; the first: {}", files.size(),
                            refused.at(0).at("reason").get<std::string>()),
                "give macular OCT B-scans");
  return out;
}

std::vector<Detector> detectors(const EvaluateParameters& p, const Context& context) {
  std::vector<Detector> out;
  const auto prepared = [](const EvaluationCase& c, std::span<const float> values) {
    return Prepared{c.width, c.height, c.depth, values};
  };
  const fs::path model =
      p.model.empty() ? resources_folder() / "models" / "oct_hrf.onnx" : fs::path(p.model);
  if (has_network()) {
    auto network = std::make_shared<Network>();
    out.push_back({"network",
                   [=](const EvaluationCase& c, std::span<const float> v) {
                     return network->soft_map(model, prepared(c, v), 512, context);
                   },
                   p.second_look});
  }
  out.push_back({"top-hat", [=](const EvaluationCase& c, std::span<const float> v) {
                   return top_hat_soft_map(prepared(c, v), c.scale.spacing_x_um,
                                           c.scale.spacing_y_um, context);
                 }});
  return out;
}

constexpr const char* rule =
    "Matching: centroids at most {:.0f} um apart or a shared pixel, one to one, nearest first, "
    "within the B-scan; candidates are 8-connected components of {} pixels or more. "
    "Threshold{}. Candidates of the network below {:.2f} in the second look are taken away (0: "
    "none). Intervals: 95 %, bootstrap by volume.\n"
    "Inserted: what the detector already marks before the insertion and what is no inserted "
    "lesion is left out, and counted in the row of its own; an inserted lesion on such a place is "
    "left out too. Precision there is near 1 by this rule: read the sensitivity, and the F1 that "
    "takes each mark before the insertion for false.\n\n"
    "Readers, for comparison (not on these data): two readers' counts of foci correlate at 0.860 "
    "to "
    "0.953 (ICC), pixel Dice of an algorithm 0.46 for small foci (Huang 2021); for a like lesion "
    "three readers' Dice was 0.585 to 0.668 (IOVS 2794836); semi-automatic against manual count: "
    "limits of agreement +-16.3 foci (Midena 2021).\n";

std::vector<std::uint8_t> at_least(std::vector<std::uint8_t> map, int threshold) {
  for (std::uint8_t& v : map) v = v >= threshold;
  return map;
}

json run(const std::vector<std::string>& files, const json& parameters, const fs::path& output,
         const Context& context) {
  const auto p = parameters_from<EvaluateParameters>(parameters);
  if (p.first_seed < first_test_seed)
    throw Error(ErrorCode::Usage,
                fmt::format("test seed {} belongs to training or validation", p.first_seed),
                fmt::format("choose {} or more", first_test_seed));
  const auto validation =
      phantoms(p, first_validation_seed, p.validation_seeds, context.part(0, 0.1));
  const auto test = phantoms(p, p.first_seed, p.seeds, context.part(0.1, 0.3));
  json refused = json::array();
  const auto real = inserted_cases(files, p, refused, context.part(0.3, 0.35));
  Context quiet = context;
  quiet.progress = [&](double, std::string_view) {
    return !context.progress || context.progress(0.5, "detecting");
  };
  json result = {
      {"phantom_version", p.phantom_version}, {"parameters", parameters}, {"refused", refused}};
  std::string table =
      "| detector | data | lesions | F1 | sensitivity | precision | false per B-scan "
      "| Dice | count bias (limits) |\n|---|---|---|---|---|---|---|---|---|\n";
  std::string more = "\n";
  std::string csv = "detector,data,volume,bscans,lesions,left_out,found,candidates,"
                    "false_positives,sensitivity,precision,f1,dice\r\n";
  for (const Detector& detector : detectors(p, quiet)) {
    const auto maps_of = [&](const std::vector<EvaluationCase>& cases) {
      Maps maps;
      for (const EvaluationCase& c : cases) maps.push_back(detector.map(c, c.prepared));
      return maps;
    };
    const int threshold = p.threshold > 0 ? static_cast<int>(std::ceil(255 * p.threshold - 1e-9))
                                          : best_threshold(validation, maps_of(validation),
                                                           p.min_pixels, detector.second_look);
    json& own = result["detectors"][detector.name];
    own["threshold"] = threshold / 255.0;
    const auto on_phantoms =
        tallies(test, maps_of(test), threshold, p.min_pixels, detector.second_look);
    own["phantom"] = summary(on_phantoms, p);
    table += row(detector.name, "phantom, unseen seeds", own["phantom"]);
    more += details(detector.name + ", phantom", own["phantom"]);
    csv += csv_lines(detector.name, "phantom", on_phantoms);
    std::vector<EvaluationCase> scans;
    int before = 0, bscans = 0;
    for (const InsertedCase& c : real) {
      const auto untouched = detector.map(c.inserted, c.untouched);
      scans.push_back(c.inserted);
      scans.back().ignored = at_least(untouched, threshold);
      before += before_insertion(c, untouched, threshold, p.min_pixels, detector.second_look);
      bscans += c.inserted.depth;
    }
    if (scans.empty()) continue;
    const auto on_scans =
        tallies(scans, maps_of(scans), threshold, p.min_pixels, detector.second_look);
    own["inserted"] = summary(on_scans, p);
    more += details(detector.name + ", inserted", own["inserted"]);
    csv += csv_lines(detector.name, "inserted", on_scans);
    own["inserted"]["candidates_before_insertion_per_bscan"] = double(before) / bscans;
    int truths = 0, found = 0, candidates = before;
    for (const Tally& t : on_scans)
      truths += t.truths, found += t.found, candidates += t.candidates;
    const double least = 2.0 * found / std::max(1, truths + candidates);
    own["inserted"]["f1_if_marks_before_were_false"] = least;
    more += fmt::format("F1 if each mark before the insertion were false: {:.3f}\n", least);
    table += row(detector.name, "inserted into real B-scans", own["inserted"]);
    table += fmt::format("| {} | the same B-scans before insertion | 0 | | | | {:.2f} | | |\n",
                         detector.name, double(before) / bscans);
  }
  make_folder(output);
  write_atomically(output / "evaluation.json", result.dump(2) + "\n");
  write_atomically(output / "evaluation.csv", csv);
  write_atomically(output / "evaluation.md",
                   table + more + "\n" +
                       fmt::format(fmt::runtime(rule), p.distance_um, p.min_pixels,
                                   p.threshold > 0
                                       ? fmt::format(" of every detector: {:.2f}", p.threshold)
                                       : "s: of greatest F1 on the validation seeds",
                                   p.second_look));
  return result;
}

}

PipelineCommand evaluate_command() {
  return {.verb = "evaluate",
          .title = "Lesion-wise figures on unseen phantoms and on lesions inserted into scans",
          .parameters = specs_of<EvaluateParameters>(),
          .run = run};
}

}
