#include "pipelines/melanoma/commands.h"

#ifdef SENSORIUM_HAS_LEARN

#include "hyperspectral/tissue_samples.h"
#include "hyperspectral/tissue_scores.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"
#include "pipelines/melanoma/phantom.h"
#include "pipelines/melanoma/rivals.h"

#include <fmt/format.h>

#include <numeric>

namespace sensorium::melanoma {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

struct EvaluateParameters {
  std::string model;
  int patients = 100, first_patient = hyper::first_test_patient;
  bool force_leak = false;
  double snr_db = 25, operating_point = 0.5;
  int rival_patients = 3000, rival_steps = 6000;
  int rounds = 2000, seed = 1, threads = 1;
};
void describe(ParameterVisitor& v, EvaluateParameters& p) {
  v.text("model", p.model, {.help = "ONNX file; empty: the shipped one."});
  v.integer("patients", p.patients,
            {.help = "Phantom patients never seen.", .min = 4, .max = 9999});
  v.integer("first_patient", p.first_patient,
            {.help = "Seed of the first; the next ones follow. Patients that trained or chose "
                     "weights are refused.",
             .min = 1,
             .max = 1000000});
  v.flag("force_leak", p.force_leak,
         {.help = "Judge on patients of the training all the same; the result says that it leaks.",
          .expert = true});
  v.number("snr_db", p.snr_db, {.help = "Signal to noise.", .unit = "dB", .min = 0, .max = 100});
  v.number("operating_point", p.operating_point,
           {.help = "Score from which the networks call a lesion melanoma-like.",
            .min = 0.01,
            .max = 0.99});
  v.integer("rival_patients", p.rival_patients,
            {.help = "Training patients of what the network is measured against.",
             .min = 8,
             .max = 9999});
  v.integer("rival_steps", p.rival_steps,
            {.help = "Training steps of each network that it is measured against.",
             .min = 1,
             .max = 1000000});
  v.integer("rounds", p.rounds, {.help = "Rounds of the bootstrap.", .min = 10, .max = 100000});
  v.integer("seed", p.seed, {.help = "Of the bootstrap and the rivals.", .min = 0});
  v.integer("threads", p.threads, {.help = "Of the networks; 0: all.", .min = 0, .max = 256});
}

int rival_validation(const EvaluateParameters& p) { return std::max(8, p.rival_patients / 10); }

// Whether any of the patients trained or chose the model, or its rivals.
bool leaks(const EvaluateParameters& p, const Graph& graph) {
  const json split = card_of(graph).split;
  const auto count = [&](const char* key, int otherwise) {
    return split.is_object() && split.contains(key) && split[key].is_number_integer()
               ? split[key].get<int>()
               : otherwise;
  };
  const int last = p.first_patient + p.patients - 1;
  const auto overlap = [&](int first, int size) {
    return p.first_patient < first + size && last >= first;
  };
  return overlap(1, std::max(p.rival_patients, count("training", 9999))) ||
         overlap(hyper::first_validation_patient,
                 std::max(rival_validation(p), count("validation", 9999)));
}

struct Case {
  bool melanoma = false, found = false;
  double dice = 0;
  std::map<std::string, double> scores;
};

class Figures {
public:
  Figures(std::vector<Case> cases, const EvaluateParameters& p) : cases_(std::move(cases)), p_(p) {
    everyone_.resize(cases_.size());
    std::iota(everyone_.begin(), everyone_.end(), 0);
  }
  json of(const std::string& method, std::string& text) const;
  json dice(std::string& text) const;
  // How far the area of the network's mean rule lies above a method's, with its interval.
  json ahead_of(const std::string& method) const;

private:
  double area(const std::string& method, std::span<const int> drawn) const;
  hyper::Range range(const std::function<double(std::span<const int>)>& statistic) const {
    return hyper::bootstrap(static_cast<int>(cases_.size()), p_.rounds,
                            static_cast<std::uint64_t>(p_.seed), statistic);
  }
  std::vector<Case> cases_;
  EvaluateParameters p_;
  std::vector<int> everyone_;
};

constexpr const char* own_method = "hybrid, mean";

double Figures::area(const std::string& method, std::span<const int> drawn) const {
  std::vector<double> melanomas, nevi;
  for (const int i : drawn) {
    const Case& c = cases_[static_cast<std::size_t>(i)];
    (c.melanoma ? melanomas : nevi).push_back(c.scores.at(method));
  }
  return hyper::auc(melanomas, nevi);
}

json rate_json(const Rate& rate) {
  return {{"value", rate.value()},
          {"low", rate.range().low},
          {"high", rate.range().high},
          {"hits", rate.hits},
          {"of", rate.trials}};
}

json Figures::of(const std::string& method, std::string& text) const {
  const double point = method == svm_method ? Rivals::threshold(method) : p_.operating_point;
  std::vector<double> melanomas, nevi;
  for (const Case& c : cases_) (c.melanoma ? melanomas : nevi).push_back(c.scores.at(method));
  const OperatingPoint at = operating_point(melanomas, nevi, point);
  const double auc = area(method, everyone_);
  const hyper::Range auc_range = range([&](auto drawn) { return area(method, drawn); });
  const auto said = [](const Rate& r) {
    return fmt::format("{:.3f} ({:.3f}-{:.3f})", r.value(), r.range().low, r.range().high);
  };
  text +=
      fmt::format("{:<20} sensitivity {}, specificity {}, area {:.3f} ({:.3f}-{:.3f})\n", method,
                  said(at.sensitivity), said(at.specificity), auc, auc_range.low, auc_range.high);
  return {{"threshold", point},
          {"sensitivity", rate_json(at.sensitivity)},
          {"specificity", rate_json(at.specificity)},
          {"auc", {{"value", auc}, {"low", auc_range.low}, {"high", auc_range.high}}}};
}

json Figures::ahead_of(const std::string& method) const {
  const auto difference = [&](std::span<const int> drawn) {
    return area(own_method, drawn) - area(method, drawn);
  };
  const hyper::Range r = range(difference);
  return {{"value", difference(everyone_)}, {"low", r.low}, {"high", r.high}};
}

json Figures::dice(std::string& text) const {
  const auto mean = [&](std::span<const int> drawn) {
    double sum = 0;
    for (const int i : drawn) sum += cases_[static_cast<std::size_t>(i)].dice;
    return sum / static_cast<double>(drawn.size());
  };
  const hyper::Range r = range(mean);
  const auto found =
      std::count_if(cases_.begin(), cases_.end(), [](const Case& c) { return c.found; });
  text += fmt::format("{} of {} lesions outlined, Dice {:.3f} ({:.3f}-{:.3f})\n", found,
                      cases_.size(), mean(everyone_), r.low, r.high);
  return {{"mean", mean(everyone_)}, {"low", r.low}, {"high", r.high}, {"outlined", found}};
}

std::vector<Case> judged_cases(const EvaluateParameters& p, const fs::path& model, Rivals& rivals,
                               const Context& context) {
  hyper::TissueSegmenter segmenter({class_names.begin(), class_names.end()});
  Context quiet = context;
  quiet.progress = {};
  std::vector<Case> out;
  for (int i = 0; i < p.patients; ++i) {
    context.step(static_cast<double>(i) / p.patients, "evaluating");
    const Judged one = judge(segmenter, model, p.first_patient + i, p.snr_db, quiet);
    Case c{one.melanoma, one.lesion.has_value(), one.dice, rivals.scores(one)};
    const Scores own = one.lesion ? one.lesion->scores : Scores{};
    c.scores["hybrid, mean"] = own.mean;
    c.scores["hybrid, majority"] = own.majority;
    out.push_back(std::move(c));
  }
  return out;
}

json evaluate(const std::vector<std::string>& files, const json& parameters, const fs::path& output,
              const Context& context) {
  if (!files.empty())
    throw Error(ErrorCode::Usage,
                "evaluate melanoma takes no recordings: no labelled cube is known",
                "run the pipeline on them");
  const auto p = parameters_from<EvaluateParameters>(parameters);
  const fs::path model =
      p.model.empty() ? resources_folder() / "models" / "melanoma.onnx" : fs::path(p.model);
  if (!fs::exists(model))
    throw Error(ErrorCode::NotFound, fmt::format("there is no model '{}'", model.string()),
                "give one with --model, or make one: sensorium train melanoma -o DIR");
  const Graph graph = read_onnx(model);
  const bool leaking = leaks(p, graph);
  if (leaking && !p.force_leak)
    throw Error(ErrorCode::Usage,
                fmt::format("patients {} to {} trained or chose the networks: figures on them "
                            "would leak",
                            p.first_patient, p.first_patient + p.patients - 1),
                fmt::format("take --first_patient {}, or --force_leak to have figures that say so",
                            hyper::first_test_patient));
  Rivals rivals({.patients = p.rival_patients,
                 .validation_patients = rival_validation(p),
                 .steps = p.rival_steps,
                 .seed = p.seed,
                 .threads = p.threads},
                output / "rivals", context.part(0, 0.8));
  const Figures figures(judged_cases(p, model, rivals, context.part(0.8, 0.98)), p);
  std::string text =
      fmt::format("{}{} phantom patients {}, one lesion each, {:g} dB, operating point {:g}\n",
                  leaking ? "LEAKING: these patients were seen in training. " : "", p.patients,
                  leaking ? "of which some were seen" : "never seen", p.snr_db, p.operating_point);
  json out = {{"patients", p.patients}, {"first_patient", p.first_patient},
              {"leaking", leaking},     {"trained_on", "phantoms alone"},
              {"snr_db", p.snr_db},     {"operating_point", p.operating_point}};
  out["dice"] = figures.dice(text);
  for (const char* method : {own_method, "hybrid, majority", "spectral, mean", "spectral, majority",
                             "spatial, mean", "spatial, majority", "vit", svm_method}) {
    out["methods"][method] = figures.of(method, text);
    if (method != std::string(own_method))
      out["methods"][method]["area_of_hybrid_ahead"] = figures.ahead_of(method);
  }
  out["parameters"] = {{"hybrid", graph.parameters()}};
  for (const auto& [kind, count] : rivals.parameters()) out["parameters"][kind] = count;
  out["text"] = text;
  write_atomically(output / "evaluation.json", out.dump(2));
  return out;
}

}

PipelineCommand evaluate_command() {
  return {.verb = "evaluate",
          .title =
              "Dice, sensitivity and specificity on phantom patients never seen, beside either "
              "branch alone, a vision transformer and an SVM on mean spectra",
          .parameters = specs_of<EvaluateParameters>(),
          .run = evaluate};
}

}

#endif
