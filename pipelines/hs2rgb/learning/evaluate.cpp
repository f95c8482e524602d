#include "hyperspectral/scene_refinement.h"
#include "hyperspectral/tissue_network.h"
#include "hyperspectral/tissue_svm.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/learn/splits.h"
#include "pipelines/hs2rgb/learning/common.h"
#include "pipelines/hs2rgb/learning/entry.h"
#include "pipelines/hs2rgb/learning/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>

namespace sensorium::hs2rgb {
namespace {

using namespace hyper;
using nlohmann::json;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

const std::set<std::string> known_routes = {"bands",   "cie", "pca", "learned",  "learned_cie",
                                            "encoder", "all", "svm", "svm_means"};

std::vector<double> percents_of(const std::string& list) {
  std::vector<double> out;
  for (const std::string& word : words_of(list)) {
    char* end = nullptr;
    const double v = std::strtod(word.c_str(), &end);
    if (*end != 0 || !(v > 0 && v <= 100))
      throw Error(ErrorCode::Usage, fmt::format("'{}' is no share of the labels", word),
                  "give percentages above 0 and up to 100, with commas");
    out.push_back(v);
  }
  return out;
}

struct Job {
  int split;
  bool leaks;
  double percent;
  std::string route;
  std::string key() const {
    return fmt::format("{} {} {:g} {}", leaks ? "pixels" : "blocks", split, percent, route);
  }
};

struct Found {
  Planes shares; // of the classes; a machine's are 0 or 1
  double parameters = 0, operations = 0, milliseconds = 0, trained_s = 0;
};

class Comparison {
public:
  Comparison(const EvaluateParameters& p, const std::string& file, fs::path output,
             const Context& context);
  json run(const Context& context);

private:
  std::vector<Job> jobs() const;
  void take_rows();
  json one(const Job& job, double done, const Context& context);
  // side: the pixels of the training side, whose spectra are known without their classes.
  Found network(const Job& job, const std::vector<std::uint8_t>& labels,
                const std::vector<std::uint8_t>& side, const Context& context);
  Found machine(const Job& job, const std::vector<std::uint8_t>& labels) const;
  MixStart fixed_mix(const std::string& route, const BandScaling& scaling,
                     const std::vector<std::uint8_t>& side) const;
  Planes means_of_squares() const;
  // Along the edges of the first principal component of the training side.
  Planes refined(Planes shares, const std::vector<std::uint8_t>& side) const;

  EvaluateParameters p_;
  fs::path output_;
  std::vector<double> grid_;
  Planes spectra_;
  LabelMap labels_;
  json plan_;
  std::vector<json> rows_;
  std::set<std::string> done_;
};

Comparison::Comparison(const EvaluateParameters& p, const std::string& file, fs::path output,
                       const Context& context)
    : p_(p), output_(std::move(output)) {
  const Cube cube = open_cube(file);
  grid_ = grid_of(cube);
  labels_ = read_label_map(p.labels);
  check_size(labels_, cube.lines, cube.samples, file);
  spectra_ = spectra_of(cube, grid_, cube.reflectance_scale.value_or(1), context);
  if (!cube.reflectance_scale) {
    const auto unit = static_cast<float>(bright_value(spectra_));
    for (float& v : spectra_.values) v /= unit;
  }
  plan_ = parameters_json(p);
  for (const char* key : {"labels", "routes", "percents", "splits", "part_splits", "leaking_splits",
                          "split", "force_leak"})
    plan_.erase(key);
  plan_["cube_sha256"] = sha256_of_path(cube.data_path);
  plan_["labels_sha256"] = sha256_of_path(p.labels);
}

std::vector<Job> Comparison::jobs() const {
  const std::vector<std::string> routes = words_of(p_.routes);
  if (p_.network.encoder == 0 && std::find(routes.begin(), routes.end(), "encoder") != routes.end())
    throw Error(ErrorCode::Usage, "the route encoder needs hidden units", "--encoder 64");
  for (const std::string& route : routes)
    if (!known_routes.contains(route))
      throw Error(ErrorCode::Usage, fmt::format("there is no route '{}' to compare", route),
                  "bands, cie, pca, learned, learned_cie, encoder, all, svm, svm_means");
  std::vector<Job> out;
  const bool leaks = p_.split == "pixels";
  for (const double percent : percents_of(p_.percents)) {
    for (int s = 1; s <= (percent == 100 ? p_.splits : p_.part_splits); ++s)
      for (const std::string& route : routes) out.push_back({s, leaks, percent, route});
    if (percent == 100 && !leaks)
      for (int s = 1; s <= p_.leaking_splits; ++s)
        for (const std::string& route : routes) out.push_back({s, true, percent, route});
  }
  return out;
}

// What an earlier run has measured already.
void Comparison::take_rows() {
  std::ifstream in(output_ / "rows.jsonl");
  std::string line;
  while (std::getline(in, line)) {
    const json row = json::parse(line, nullptr, false);
    if (!row.is_object()) continue; // a line that was cut off
    if (row.contains("plan")) {
      if (row["plan"] != plan_)
        throw Error(
            ErrorCode::Conflict,
            fmt::format("'{}' holds rows of another plan", (output_ / "rows.jsonl").string()),
            "use another folder, or the parameters that it was started with");
    } else if (row.contains("key")) {
      rows_.push_back(row);
      done_.insert(row["key"].get<std::string>());
    }
  }
}

json Comparison::run(const Context& context) {
  const std::vector<Job> all = jobs();
  make_folder(output_);
  take_rows();
  std::ofstream file(output_ / "rows.jsonl", std::ios::app);
  if (rows_.empty()) file << json{{"plan", plan_}}.dump() << std::endl;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double from = static_cast<double>(i) / static_cast<double>(all.size());
    context.step(from, all[i].key());
    if (done_.contains(all[i].key())) continue;
    rows_.push_back(one(all[i], from, context));
    file << rows_.back().dump() << std::endl;
    if (!file)
      throw Error(ErrorCode::Resources,
                  fmt::format("cannot write to '{}'", (output_ / "rows.jsonl").string()));
    write_atomically(output_ / "table.txt", table_of(rows_));
  }
  json result = {{"plan", plan_}, {"rows", rows_}, {"summary", summary_of(rows_)}};
  result["text"] = table_of(rows_);
  write_atomically(output_ / "table.txt", table_of(rows_));
  write_atomically(output_ / "evaluation.json", result.dump(2));
  result.erase("rows");
  return result;
}

json Comparison::one(const Job& job, double done, const Context& context) {
  const std::uint64_t seed = mixed_seed(static_cast<std::uint64_t>(p_.network.seed),
                                        static_cast<std::uint64_t>(job.split));
  const Split split = job.leaks ? split_by_pixels(labels_, p_.train_percent, seed)
                                : split_by_blocks(labels_, p_.block, p_.train_percent, seed);
  const std::vector<std::uint8_t> labels = training_labels(labels_, split, job.percent, seed);
  std::vector<std::uint8_t> side(split.parts.size());
  for (std::size_t i = 0; i < side.size(); ++i) side[i] = split.parts[i] == Part::Training;
  Context quiet = context;
  quiet.progress = [&](double, std::string_view) {
    return !context.progress || context.progress(done, job.key());
  };
  quiet.log = {};
  const Found found =
      job.route.starts_with("svm") ? machine(job, labels) : network(job, labels, side, quiet);
  const std::vector<std::uint8_t> classes = greatest(found.shares);
  const SceneScore score = score_map(labels_, split, classes),
                   smooth =
                       score_map(labels_, split,
                                 majority(classes, labels_.lines, labels_.samples, p_.majority)),
                   fine = score_map(labels_, split, greatest(refined(found.shares, side))),
                   away = score_map(labels_, split, classes, p_.away);
  return {{"key", job.key()},
          {"split", job.split},
          {"leaking", job.leaks},
          {"labels_percent", job.percent},
          {"route", job.route},
          {"training_labels",
           labels.size() - static_cast<std::size_t>(std::count(labels.begin(), labels.end(), 0))},
          {"test_pixels", score.pixels},
          {"overall", score.overall},
          {"average", score.average},
          {"kappa", score.kappa},
          {"overall_majority", smooth.overall},
          {"overall_refined", fine.overall},
          {"overall_away", away.pixels > 0 ? json(away.overall) : json()},
          {"pixels_away", away.pixels},
          {"parameters", found.parameters},
          {"operations_per_pixel", found.operations},
          {"milliseconds", found.milliseconds},
          {"trained_s", found.trained_s}};
}

MixStart Comparison::fixed_mix(const std::string& route, const BandScaling& scaling,
                               const std::vector<std::uint8_t>& side) const {
  if (route != "bands") return start_of(route, grid_, spectra_, scaling, side);
  MixStart mix{std::vector<Triple>(grid_.size()), {}};
  constexpr Triple wanted{640, 550, 460};
  for (std::size_t c = 0; c < 3; ++c) {
    std::size_t nearest = 0;
    for (std::size_t b = 0; b < grid_.size(); ++b)
      if (std::abs(grid_[b] - wanted[c]) < std::abs(grid_[nearest] - wanted[c])) nearest = b;
    mix.weights[nearest][c] = 1;
  }
  return mix;
}

Found Comparison::network(const Job& job, const std::vector<std::uint8_t>& labels,
                          const std::vector<std::uint8_t>& side, const Context& context) {
  const auto seed = static_cast<std::uint64_t>(p_.network.seed + job.split);
  SceneNetworkOptions o{.classes = labels_.classes,
                        .network = p_.network.network,
                        .width = p_.network.width,
                        .layers = p_.network.layers,
                        .dropout = p_.network.dropout,
                        .widths = p_.network.widths,
                        .backbone = p_.network.backbone};
  const std::vector<const Planes*> all{&spectra_};
  const std::vector<const std::vector<std::uint8_t>*> chosen{&side};
  const BandScaling scaling = scaling_of(all, chosen);
  const auto bands = static_cast<double>(grid_.size());
  Planes planes;
  Graph start;
  double mixing = 0;
  const auto began = Clock::now();
  if (job.route == "all" || job.route == "encoder" || job.route.starts_with("learned")) {
    planes = spectra_;
    standardise(planes, scaling);
    if (job.route == "encoder") {
      o.encoder = p_.network.taught ? labels_.classes : p_.network.encoder;
      o.mixes = p_.channels;
      o.mix_rate = p_.network.whiten ? 1 : 0.3;
    }
    if (job.route == "all") {
      o.channels = p_.channels;
      o.mix_rate = p_.network.whiten ? 1 : 0.3;
      if (!o.backbone.empty())
        throw Error(ErrorCode::Usage, "route all has no place for a backbone of three channels",
                    "leave 'all' out of --routes");
    }
    const std::string from = job.route == "learned_cie" ? "cie" : p_.network.start;
    const MixStart mix = o.channels == 3 && o.encoder == 0
                             ? start_of(from, grid_, spectra_, scaling, side)
                             : MixStart{};
    start = for_standardised(
        build_scene_network(o, scaling, mix.weights.empty() ? nullptr : &mix, seed), o.mix_rate);
  } else {
    // A backbone of the user's own takes pictures as they are.
    planes = mixed(spectra_, fixed_mix(job.route, scaling, side));
    const std::vector<const Planes*> shown{&planes};
    if (o.backbone.empty()) standardise(planes, scaling_of(shown, chosen));
    start = build_picture_network(o, seed);
    mixing = 2 * 3 * (job.route == "bands" ? 0 : bands);
  }
  // Every route learns from directions of equal spread; a fixed picture's are of its channels.
  const bool mixes = start.initializers.contains("hs2rgb.weight");
  const std::vector<const Planes*> seen{&planes};
  if (mixes || o.backbone.empty()) {
    if (const auto whitening = whitening_for(p_.network, seen, chosen)) {
      whiten(planes, *whitening);
      // An encoder's random weights are for directions from the start.
      if (mixes && o.encoder == 0) start = for_whitened(start, *whitening);
    }
  }
  SceneTraining t = training_of(p_.network);
  t.seed = static_cast<int>(seed);
  const fs::path folder = output_ / "run";
  fs::remove_all(folder);
  const std::vector<LabelledPlanes> scenes{{&planes, labels, "training"}};
  const Graph trained = o.encoder > 0 && p_.network.taught
                            ? train_taught(o, start, scenes, t, folder, context)
                            : train_on_scenes(start, scenes, t, folder, context);
  fs::remove_all(folder);
  Found out;
  out.trained_s = milliseconds_since(began) / 1000;
  out.parameters = static_cast<double>(trained.parameters());
  // Means of squares are the same in every view.
  const int views = sees_means_alone(trained) ? 1 : p_.network.views;
  out.operations = (operations_per_pixel(trained) + mixing) * views;
  Model model = Model::from_graph(trained, {.threads = p_.network.threads});
  const auto start_time = Clock::now();
  out.shares = probabilities(model, planes, views, context);
  out.milliseconds = milliseconds_since(start_time);
  return out;
}

Planes Comparison::refined(Planes shares, const std::vector<std::uint8_t>& side) const {
  const std::vector<const Planes*> all{&spectra_};
  const std::vector<const std::vector<std::uint8_t>*> chosen{&side};
  const Planes components =
      mixed(spectra_, principal_start(spectra_, scaling_of(all, chosen), side));
  follow_edges(shares.values, std::span(components.values).first(components.pixels()), shares.lines,
               shares.samples, p_.refine, p_.refine_epsilon);
  return shares;
}

// Each pixel's mean over 5 x 5.
Planes Comparison::means_of_squares() const {
  Planes out = spectra_;
  const std::size_t pixels = out.pixels();
  for (std::size_t b = 0; b < grid_.size(); ++b)
    for (int y = 0; y < out.lines; ++y)
      for (int x = 0; x < out.samples; ++x) {
        double sum = 0;
        int count = 0;
        for (int v = std::max(0, y - 2); v <= std::min(out.lines - 1, y + 2); ++v)
          for (int u = std::max(0, x - 2); u <= std::min(out.samples - 1, x + 2); ++u) {
            const auto at = static_cast<std::size_t>(v * out.samples + u);
            if (spectra_.usable[at] == 0) continue;
            sum += spectra_.values[b * pixels + at];
            ++count;
          }
        out.values[b * pixels + static_cast<std::size_t>(y * out.samples + x)] =
            static_cast<float>(count > 0 ? sum / count : 0);
      }
  return out;
}

Found Comparison::machine(const Job& job, const std::vector<std::uint8_t>& labels) const {
  const auto began = Clock::now();
  const Planes averaged = job.route == "svm_means" ? means_of_squares() : Planes{};
  const Planes& planes = job.route == "svm_means" ? averaged : spectra_;
  const std::size_t bands = grid_.size(), pixels = planes.pixels();
  const auto row = [&](std::size_t i, std::vector<float>& rows) {
    for (std::size_t b = 0; b < bands; ++b) rows.push_back(planes.values[b * pixels + i]);
  };
  std::vector<float> rows, every;
  std::vector<int> classes;
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < pixels; ++i) {
    if (labels[i] != 0 && planes.usable[i] != 0) {
      row(i, rows);
      classes.push_back(labels[i]);
    }
    if (labels_.labels[i] == 0) continue;
    row(i, every);
    wanted.push_back(i);
  }
  const Svm svm = Svm::trained(rows, classes, static_cast<int>(bands),
                               {.c = 100, .gamma = 1.0 / static_cast<double>(bands)});
  Found out;
  out.trained_s = milliseconds_since(began) / 1000;
  const double vectors = svm.support_vectors();
  out.parameters = vectors * static_cast<double>(bands);
  out.operations = vectors * 3 * static_cast<double>(bands);
  const auto start = Clock::now();
  const std::vector<int> found = svm.classes_of(every);
  // Labelled pixels alone were asked; the time is for all.
  out.milliseconds =
      milliseconds_since(start) * static_cast<double>(pixels) / static_cast<double>(wanted.size());
  out.shares = {planes.lines, planes.samples, labels_.classes, {}, {}};
  out.shares.values.assign(static_cast<std::size_t>(labels_.classes) * pixels, 0.0f);
  for (std::size_t k = 0; k < wanted.size(); ++k)
    out.shares.values[static_cast<std::size_t>(found[k] - 1) * pixels + wanted[k]] = 1;
  return out;
}

}

json evaluate_routes(const std::vector<std::string>& files, const json& parameters,
                     const fs::path& output, const Context& context) {
  const auto p = parameters_from<EvaluateParameters>(parameters);
  if (files.size() != 1)
    throw Error(ErrorCode::Usage,
                fmt::format("evaluate hs2rgb takes one cube, {} were given", files.size()));
  if (p.labels.empty())
    throw Error(ErrorCode::Usage, "evaluate hs2rgb needs the classes of the cube's pixels",
                "--labels FILE");
  if (p.split == "pixels" && !p.force_leak)
    throw Error(ErrorCode::Usage,
                "a random-pixel split puts neighbours of the test pixels into the training: its "
                "figures leak, and are refused",
                "use --split blocks, or add --force_leak true to have them labelled as leaking");
  return Comparison(p, files[0], output, context.part(0, 0.01)).run(context.part(0.01, 1));
}

}
