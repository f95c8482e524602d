#include "pipelines/lung_ultrasound/phantom_trainer.h"

#ifdef SENSORIUM_HAS_LEARN

#include "modules/core/parallel.h"
#include "modules/learn/onnx_file.h"
#include "pipelines/lung_ultrasound/classifier.h"
#include "pipelines/lung_ultrasound/figures.h"
#include "pipelines/lung_ultrasound/phantom.h"
#include "pipelines/lung_ultrasound/variation.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <cmath>

namespace sensorium::lung_ultrasound {
namespace {

struct PhantomPicture {
  Picture picture;
  PhantomFrame truth;
  std::string group;
  bool spoiled = false;
};

// Four pictures of each clip, in the order of the clips.
std::vector<PhantomPicture> phantom_pictures(int count, int side, std::uint64_t seed,
                                             const Context& context) {
  std::vector<std::vector<PhantomPicture>> of(static_cast<std::size_t>(count));
  std::atomic<int> done = 0;
  parallel_for(count, context.thread_count(), [&](int i) {
    PhantomOptions p;
    p.seed = static_cast<int>(seed * 100000) + i + 1;
    p.frames = 4;
    p.frame_rate = 2;
    Random random(random_key({seed, static_cast<std::uint64_t>(i), 21}));
    if (random.chance(0.4)) p.probe = "linear";
    if (random.chance(0.2)) p.effusion_mm = random.uniform(5, 20);
    const LungPhantom phantom = make_phantom(p);
    SmallClip clip = small_clip(Dataset(phantom.video), p.frames, side);
    for (std::size_t f = 0; f < clip.pictures.size(); ++f)
      of[static_cast<std::size_t>(i)].push_back(
          {std::move(clip.pictures[f]), phantom.frames[f], fmt::format("phantom {}", i), false});
    context.step(++done / static_cast<double>(count), "phantoms");
  });
  std::vector<PhantomPicture> out;
  for (auto& clip : of)
    for (PhantomPicture& p : clip) out.push_back(std::move(p));
  return out;
}

bool kept_apart(const PhantomPicture& p) { return p.group.ends_with("9"); }

std::vector<float> signs_in(const PhantomPicture& p) {
  const auto is = [](bool yes) { return yes ? 1.0f : 0.0f; };
  return {is(p.truth.score >= 1), is(p.truth.score >= 2),       is(p.truth.score >= 3),
          is(p.truth.a_lines),    is(!p.truth.b_lines.empty()), is(p.spoiled)};
}

// Of a spoiled picture only that it is one counts.
std::vector<float> counts(const PhantomPicture& p) {
  const float sign = p.spoiled ? 0 : 1;
  return {sign, sign, sign, sign, sign, 1};
}

class SignSource : public SampleSource {
public:
  SignSource(const std::vector<PhantomPicture>& pictures, bool apart, int side, double strength)
      : side_(side), strength_(strength) {
    for (const PhantomPicture& p : pictures)
      if (kept_apart(p) == apart) pictures_.push_back(&p);
  }
  std::size_t size() const override { return pictures_.size(); }
  std::string group(std::size_t index) const override { return pictures_.at(index)->group; }
  Sample get(std::size_t index, std::uint64_t seed) const override {
    const PhantomPicture& p = *pictures_.at(index);
    const bool as_is = seed == 0 || strength_ == 0 || p.spoiled;
    return {{{1, side_, side_},
             as_is ? plain(p.picture)
                   : varied(p.picture, side_, strength_, Random(random_key({seed, index, 11})))},
            {{sign_count}, signs_in(p)},
            {{sign_count}, counts(p)}};
  }

private:
  int side_;
  double strength_;
  std::vector<const PhantomPicture*> pictures_;
};

nlohmann::json areas_of(const Graph& graph, const std::vector<PhantomPicture>& pictures, int side) {
  std::vector<const PhantomPicture*> apart;
  for (const PhantomPicture& p : pictures)
    if (kept_apart(p)) apart.push_back(&p);
  const auto rows =
      rows_of(graph, apart.size(), side, [&](std::size_t i) { return plain(apart[i]->picture); });
  nlohmann::json out = {{"pictures", apart.size()}};
  for (std::size_t s = 0; s < sign_count; ++s) {
    std::vector<double> score;
    std::vector<int> there;
    for (std::size_t i = 0; i < apart.size(); ++i)
      if (counts(*apart[i])[s] > 0) {
        score.push_back(rows[i][s]);
        there.push_back(signs_in(*apart[i])[s] > 0);
      }
    const double area = area_under_curve(score, there);
    out[sign_names[s]] = std::isfinite(area) ? nlohmann::json(area) : nlohmann::json();
  }
  return out;
}

}

Graph first_network(const TrainerOptions& o, int classes, std::uint64_t seed,
                    const std::filesystem::path& folder, const Context& context) {
  const Graph fresh = untrained_network(o, classes, seed);
  if (o.phantoms == 0) return fresh;
  const auto phantoms = phantom_pictures(o.phantoms, o.side, seed, context.part(0, 0.4));
  std::vector<Example> training, check;
  for (const PhantomPicture& p : phantoms)
    (kept_apart(p) ? check : training).push_back({&p.picture, p.truth.score, p.group});
  TrainerOptions on_phantoms = o;
  on_phantoms.steps = o.phantom_steps;
  return with_body_of(fresh, train_network(untrained_network(o, 4, seed), training, check,
                                           on_phantoms, seed, folder, context.part(0.4, 1)));
}

Graph signs_network(const TrainerOptions& o, int count, std::uint64_t seed,
                    const std::filesystem::path& folder, const Context& context,
                    nlohmann::json& figures) {
  auto pictures = phantom_pictures(count, o.side, seed, context.part(0, 0.5));
  const std::size_t whole = pictures.size();
  for (std::size_t i = 0; i < whole; i += 5) {
    Random random(random_key({seed, i, 61}));
    const int way = random.below(ways_to_spoil);
    pictures.push_back({spoiled(pictures[i].picture, o.side, way, random), pictures[i].truth,
                        pictures[i].group, true});
  }
  TrainingOptions plan = plan_of(o, o.phantom_steps, seed, context);
  plan.loss = "bce";
  const SignSource in(pictures, false, o.side, o.augmentation), after(pictures, true, o.side, 0);
  const Graph graph = read_onnx(
      train(untrained_network(o, sign_count, seed), in, after, plan, folder, context.part(0.5, 1))
          .last);
  figures = areas_of(graph, pictures, o.side);
  return graph;
}

}

#endif
