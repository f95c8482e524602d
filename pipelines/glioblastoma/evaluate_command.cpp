#include "pipelines/glioblastoma/commands.h"

#ifdef SENSORIUM_HAS_LEARN

#include "hyperspectral/tissue_network.h"
#include "hyperspectral/tissue_samples.h"
#include "hyperspectral/tissue_scores.h"
#include "hyperspectral/tissue_segment.h"
#include "hyperspectral/tissue_svm.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/io/envi_reader.h"
#include "modules/io/npy_reader.h"
#include "modules/learn/builders.h"
#include "modules/learn/model.h"
#include "modules/learn/onnx_file.h"
#include "pipelines/glioblastoma/phantom.h"

#include <fmt/format.h>

#include <chrono>
#include <map>

namespace sensorium::glioblastoma {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

struct EvaluateParameters {
  std::string model;
  int patients = 16, pixels = 1000;
  int svm_patients = 60, svm_pixels = 12, mlp_steps = 2000;
  int rounds = 2000, seed = 1, threads = 1;
};
void describe(ParameterVisitor& v, EvaluateParameters& p) {
  v.text("model", p.model, {.help = "ONNX file; empty: the shipped one."});
  v.integer("patients", p.patients,
            {.help = "Phantom patients never seen.", .min = 2, .max = 9999});
  v.integer("pixels", p.pixels,
            {.help = "Pixels of each cube that are scored.", .min = 16, .max = 1000000});
  v.integer("svm_patients", p.svm_patients,
            {.help = "Training patients of the support vector machines and the pixel MLP.",
             .min = 2,
             .max = 9999});
  v.integer(
      "svm_pixels", p.svm_pixels,
      {.help = "Pixels of each class and patient that they train on.", .min = 1, .max = 1000});
  v.integer("mlp_steps", p.mlp_steps,
            {.help = "Training steps of the pixel MLP.", .min = 1, .max = 1000000});
  v.integer("rounds", p.rounds, {.help = "Rounds of the bootstrap.", .min = 10, .max = 100000});
  v.integer("seed", p.seed, {.help = "Of the bootstrap and the pixel MLP.", .min = 0});
  v.integer("threads", p.threads, {.help = "Of the networks; 0: all.", .min = 0, .max = 256});
}

constexpr std::array levels_db{5.0, 10.0, 15.0, 20.0, 30.0, 40.0};
constexpr int neighbourhood = 5;

using Clock = std::chrono::steady_clock;
double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Method {
  std::string name;
  std::vector<std::vector<hyper::Confusion>> tables; // [level][patient]
  double parameters = 0, operations = 0, milliseconds = 0;
};

// What the network is measured against.
struct Rivals {
  hyper::Svm svm, svm_of_means;
  Graph mlp;
};

Graph trained_mlp(const hyper::PixelRows& rows, const hyper::PixelRows& check,
                  const EvaluateParameters& p, const fs::path& folder, const Context& context) {
  const Graph start = hyper::with_normalised_spectra(
      build_residual_mlp({.inputs = rows.bands, .classes = class_count, .width = 64, .blocks = 2},
                         static_cast<std::uint64_t>(p.seed)),
      rows.bands);
  TrainingOptions t;
  t.loss = "cross_entropy";
  t.batch_size = 128;
  t.steps = p.mlp_steps;
  t.validate_every = t.checkpoint_every = std::max(1, std::min(p.mlp_steps, 500));
  t.keep_checkpoints = 1;
  t.seed = p.seed;
  t.threads = p.threads;
  return read_onnx(
      train(start, hyper::RowSource(rows), hyper::RowSource(check), t, folder, context).best);
}

Rivals train_rivals(const EvaluateParameters& p, const fs::path& output, const Context& context) {
  const int check_patients = std::max(2, p.svm_patients / 4);
  const auto svm = [&](int box, const Context& part) {
    const hyper::PixelRows rows = hyper::pixel_rows(brain_of, class_count, 1, p.svm_patients,
                                                    p.svm_pixels, box, true, part.part(0, 0.4));
    const hyper::PixelRows check =
        hyper::pixel_rows(brain_of, class_count, hyper::first_validation_patient, check_patients,
                          p.svm_pixels, box, true, part.part(0.4, 0.5));
    part.step(0.5, "support vector machine");
    return hyper::Svm::chosen(rows.rows, rows.labels, check.rows, check.labels, rows.bands,
                              class_count);
  };
  Rivals out{svm(1, context.part(0, 0.4)), svm(neighbourhood, context.part(0.4, 0.7)), {}};
  const hyper::PixelRows rows = hyper::pixel_rows(
      brain_of, class_count, 1, p.svm_patients, 4 * p.svm_pixels, 1, false, context.part(0.7, 0.8));
  const hyper::PixelRows check =
      hyper::pixel_rows(brain_of, class_count, hyper::first_validation_patient, check_patients,
                        p.svm_pixels, 1, false, context.part(0.8, 0.85));
  out.mlp = trained_mlp(rows, check, p, output / "mlp", context.part(0.85, 1));
  return out;
}

class Evaluation {
public:
  Evaluation(const EvaluateParameters& p, fs::path model, Rivals rivals)
      : p_(p), model_(std::move(model)), rivals_(std::move(rivals)),
        mlp_(Model::from_graph(rivals_.mlp, {.threads = p.threads})) {
    for (const char* name : {"network", "svm", "svm of 5x5 means", "pixel mlp"})
      methods_.push_back(
          {.name = name, .tables = std::vector<std::vector<hyper::Confusion>>(levels_db.size())});
    price();
  }
  void one(std::size_t level, int patient, const Context& context);
  void time(const Context& context);
  json result() const;

private:
  void price();
  double score(const Method& m, std::size_t level, std::span<const int> patients) const;
  EvaluateParameters p_;
  fs::path model_;
  Rivals rivals_;
  Model mlp_;
  hyper::TissueSegmenter segmenter_{{class_names.begin(), class_names.end()}};
  std::vector<Method> methods_;
};

void Evaluation::price() {
  const Graph network = read_onnx(model_);
  methods_[0].parameters = static_cast<double>(network.parameters());
  methods_[0].operations = hyper::operations_per_pixel(network);
  const double bands = static_cast<double>(hyper::tissue_wavelengths().size());
  const auto machine = [&](Method& m, const hyper::Svm& svm) {
    const double vectors = svm.support_vectors();
    // Every support vector is stored, and compared: a difference, a square, a sum for each band.
    m.parameters = vectors * (bands + class_count - 1);
    m.operations = vectors * 3 * bands;
  };
  machine(methods_[1], rivals_.svm);
  machine(methods_[2], rivals_.svm_of_means);
  methods_[3].parameters = static_cast<double>(rivals_.mlp.parameters());
  methods_[3].operations = hyper::operations_per_pixel(rivals_.mlp);
}

int best_of(std::span<const float> logits) {
  return static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

void Evaluation::one(std::size_t level, int patient, const Context& context) {
  const int seed = hyper::first_test_patient + patient;
  const hyper::TissueScene scene = make_brain({.seed = seed});
  const hyper::CameraOptions camera{.snr_db = levels_db[level]};
  const auto key = static_cast<std::uint64_t>(seed);
  const Cube cube = hyper::photographed(scene, camera, key, 1);
  const hyper::TissueMap found = segmenter_.run(model_, cube, nullptr, context);
  const hyper::Photograph photo = hyper::read_photograph(scene, cube);
  Random random(random_key({key, 0x73636f7265}));
  std::vector<std::size_t> places;
  for (int tries = 0; static_cast<int>(places.size()) < p_.pixels && tries < 8 * p_.pixels;
       ++tries) {
    const auto i = static_cast<std::size_t>(random.below(static_cast<int>(photo.labels.size())));
    if (photo.usable[i] != 0) places.push_back(i);
  }
  std::vector<float> row, raw, rows, means;
  for (const std::size_t i : places) {
    hyper::spectrum_at(photo, i, 1, row);
    raw.insert(raw.end(), row.begin(), row.end());
    hyper::normalise_spectrum(row);
    rows.insert(rows.end(), row.begin(), row.end());
    hyper::spectrum_at(photo, i, neighbourhood, row);
    hyper::normalise_spectrum(row);
    means.insert(means.end(), row.begin(), row.end());
  }
  const std::vector<int> svm = rivals_.svm.classes_of(rows),
                         svm_means = rivals_.svm_of_means.classes_of(means);
  const Tensor logits =
      mlp_.run(Tensor{{static_cast<std::int64_t>(places.size()), photo.bands}, raw});
  std::array<hyper::Confusion, 4> tables{
      hyper::Confusion(class_count), hyper::Confusion(class_count), hyper::Confusion(class_count),
      hyper::Confusion(class_count)};
  for (std::size_t k = 0; k < places.size(); ++k) {
    const int truth = photo.labels[places[k]];
    tables[0].add(truth, found.classes[places[k]]);
    tables[1].add(truth, svm[k]);
    tables[2].add(truth, svm_means[k]);
    tables[3].add(truth, best_of({logits.values.data() + k * class_count, class_count}));
  }
  for (std::size_t m = 0; m < methods_.size(); ++m) methods_[m].tables[level].push_back(tables[m]);
}

// On a cube of 160 x 160 x 121, from stored values to classes. The machines' time is that of 2,000
// pixels, for all of them.
void Evaluation::time(const Context& context) {
  const Cube cube = hyper::photographed(
      make_brain({.seed = hyper::first_test_patient, .lines = 160, .samples = 160}), {}, 1, 1);
  segmenter_.run(model_, cube, nullptr, context);
  constexpr int rounds = 5;
  auto start = Clock::now();
  for (int i = 0; i < rounds; ++i) segmenter_.run(model_, cube, nullptr, context);
  methods_[0].milliseconds = milliseconds_since(start) / rounds;
  const hyper::SpectraReader reader(cube, hyper::tissue_wavelengths());
  const std::size_t bands = reader.wavelengths_nm().size(), pixels = cube.pixels();
  std::vector<float> spectra, rows(pixels * bands);
  std::vector<std::uint8_t> usable;
  start = Clock::now();
  reader.read({0, cube.lines, 0, cube.samples}, spectra, usable);
  for (std::size_t i = 0; i < pixels; ++i)
    for (std::size_t b = 0; b < bands; ++b) rows[i * bands + b] = spectra[b * pixels + i];
  const double reading = milliseconds_since(start);
  const Tensor all{{static_cast<std::int64_t>(pixels), static_cast<std::int64_t>(bands)}, rows};
  mlp_.run(all);
  start = Clock::now();
  for (int i = 0; i < rounds; ++i) mlp_.run(all);
  methods_[3].milliseconds = reading + milliseconds_since(start) / rounds;
  const std::span<const float> some(rows.data(), 2000 * bands);
  for (const auto& [m, svm] :
       {std::pair<std::size_t, const hyper::Svm*>{1, &rivals_.svm}, {2, &rivals_.svm_of_means}}) {
    start = Clock::now();
    (void)svm->classes_of(some);
    methods_[m].milliseconds =
        reading + milliseconds_since(start) * static_cast<double>(pixels) / 2000;
  }
}

double Evaluation::score(const Method& m, std::size_t level, std::span<const int> patients) const {
  hyper::Confusion all(class_count);
  for (const int i : patients) all.add(m.tables[level][static_cast<std::size_t>(i)]);
  return all.macro_f1();
}

json Evaluation::result() const {
  std::vector<int> everyone(static_cast<std::size_t>(p_.patients));
  for (int i = 0; i < p_.patients; ++i) everyone[static_cast<std::size_t>(i)] = i;
  const auto seed = static_cast<std::uint64_t>(p_.seed);
  json out = {{"patients", p_.patients}, {"trained_on", "phantoms alone"}};
  std::string text = fmt::format("{} phantom patients never seen, macro F1 of {} classes (95 % "
                                 "interval over patients)\n",
                                 p_.patients, class_count);
  for (const Method& m : methods_) {
    json curve = json::array();
    text += fmt::format("{:<18}", m.name);
    for (std::size_t l = 0; l < levels_db.size(); ++l) {
      const double f1 = score(m, l, everyone);
      const auto range = hyper::bootstrap(p_.patients, p_.rounds, seed,
                                          [&](auto drawn) { return score(m, l, drawn); });
      const auto ahead = hyper::bootstrap(p_.patients, p_.rounds, seed, [&](auto drawn) {
        return score(methods_[0], l, drawn) - score(m, l, drawn);
      });
      hyper::Confusion all(class_count);
      for (const auto& one : m.tables[l]) all.add(one);
      json of_class = json::object();
      for (int c = 0; c < class_count; ++c)
        of_class[class_names[static_cast<std::size_t>(c)]] = all.f1(c);
      curve.push_back({{"snr_db", levels_db[l]},
                       {"macro_f1", f1},
                       {"low", range.low},
                       {"high", range.high},
                       {"accuracy", all.accuracy()},
                       {"f1", of_class},
                       {"network_ahead", {{"low", ahead.low}, {"high", ahead.high}}}});
      text +=
          fmt::format("  {:g} dB {:.3f} ({:.3f}-{:.3f})", levels_db[l], f1, range.low, range.high);
    }
    text += fmt::format("; {:.0f} parameters, {:.0f} operations a pixel, {:.1f} ms a cube\n",
                        m.parameters, m.operations, m.milliseconds);
    out["methods"][m.name] = {{"curve", curve},
                              {"parameters", m.parameters},
                              {"operations_per_pixel", m.operations},
                              {"milliseconds_per_cube", m.milliseconds}};
  }
  out["svm"] = {{"c", rivals_.svm.options().c},
                {"gamma", rivals_.svm.options().gamma},
                {"support_vectors", rivals_.svm.support_vectors()}};
  out["timed_on"] = "160 x 160 x 121";
  out["text"] = text;
  return out;
}

// Real cubes are shown as what they are: so many cubes, run, not scored.
json shown(const std::vector<std::string>& files, const fs::path& model, const Context& context) {
  json out = json::array();
  hyper::TissueSegmenter segmenter({class_names.begin(), class_names.end()});
  for (const std::string& file : files) {
    const Cube cube = npy::sniff(read_head(file)) > 0 ? npy::load(file, Samples::Load)
                                                      : envi::load(file, Samples::Load);
    const hyper::TissueMap s = segmenter.run(model, cube, nullptr, context);
    std::map<int, int> count;
    for (const std::uint8_t c : s.classes) ++count[c];
    json shares = json::object();
    for (int c = 0; c < class_count; ++c)
      shares[class_names[static_cast<std::size_t>(c)]] =
          static_cast<double>(count[c]) / static_cast<double>(s.classes.size());
    out.push_back({{"file", fs::path(file).filename().string()},
                   {"lines", cube.lines},
                   {"samples", cube.samples},
                   {"shares", shares},
                   {"unlike_training", s.unlike},
                   {"note", s.check.text}});
  }
  return out;
}

json evaluate(const std::vector<std::string>& files, const json& parameters, const fs::path& output,
              const Context& context) {
  const auto p = parameters_from<EvaluateParameters>(parameters);
  const fs::path model =
      p.model.empty() ? resources_folder() / "models" / "glioblastoma.onnx" : fs::path(p.model);
  if (!fs::exists(model))
    throw Error(ErrorCode::NotFound, fmt::format("there is no model '{}'", model.string()),
                "give one with --model, or make one: sensorium train glioblastoma -o DIR");
  Context quiet = context;
  quiet.progress = {};
  const json real = shown(files, model, quiet);
  Evaluation evaluation(p, model, train_rivals(p, output, context.part(0, 0.4)));
  const auto all = static_cast<double>(levels_db.size()) * p.patients;
  for (std::size_t l = 0; l < levels_db.size(); ++l)
    for (int i = 0; i < p.patients; ++i) {
      context.step(0.4 + 0.59 * (static_cast<double>(l) * p.patients + i) / all, "evaluating");
      evaluation.one(l, i, quiet);
    }
  evaluation.time(quiet);
  json result = evaluation.result();
  if (!real.empty()) {
    result["real_cubes"] = real;
    std::string text = result["text"].get<std::string>();
    text += fmt::format("{} real cube{}, run and not scored; n = {}, so that nothing follows:\n",
                        real.size(), real.size() == 1 ? "" : "s", real.size());
    for (const json& one : real) text += one.dump() + "\n";
    result["text"] = text;
  }
  write_atomically(output / "evaluation.json", result.dump(2));
  return result;
}

}

PipelineCommand evaluate_command() {
  return {.verb = "evaluate",
          .title =
              "Macro F1 against noise on phantom patients never seen, beside an SVM and a pixel "
              "MLP; real cubes that are given are run and shown",
          .parameters = specs_of<EvaluateParameters>(),
          .run = evaluate};
}

}

#endif
