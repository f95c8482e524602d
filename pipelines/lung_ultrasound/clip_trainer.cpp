#include "pipelines/lung_ultrasound/clip_trainer.h"

#ifdef SENSORIUM_HAS_LEARN

#include "modules/learn/onnx_file.h"
#include "pipelines/lung_ultrasound/classifier.h"
#include "pipelines/lung_ultrasound/variation.h"

#include <algorithm>

namespace sensorium::lung_ultrasound {
namespace {

constexpr int variants = 3;

using Rows = std::vector<std::vector<float>>;

// [variant][picture] of one clip; variant 0 is plain.
struct Features {
  std::vector<Rows> of;
  int label = 0;
  std::string group;
};

// One run over all pictures of all clips.
std::vector<Features> features_of_all(const Graph& features, const std::vector<Sequence>& sequences,
                                      const TrainerOptions& o, int count, std::uint64_t seed) {
  struct Place {
    const Picture* picture;
    std::size_t sequence;
    int variant;
  };
  std::vector<Place> places;
  for (std::size_t s = 0; s < sequences.size(); ++s)
    for (int v = 0; v < count; ++v)
      for (const Picture* p : sequences[s].pictures) places.push_back({p, s, v});
  const Rows rows = rows_of(features, places.size(), o.side, [&](std::size_t i) {
    const Place& at = places[i];
    const Random random(
        random_key({seed, at.sequence, static_cast<std::uint64_t>(at.variant), 51}));
    return at.variant == 0 ? plain(*at.picture)
                           : varied(*at.picture, o.side, o.augmentation, random);
  });
  std::vector<Features> out;
  std::size_t next = 0;
  for (const Sequence& one : sequences) {
    if (one.pictures.empty()) continue;
    out.push_back({{}, one.label, one.group});
    for (int v = 0; v < count; ++v, next += one.pictures.size())
      out.back().of.emplace_back(rows.begin() + static_cast<std::ptrdiff_t>(next),
                                 rows.begin() +
                                     static_cast<std::ptrdiff_t>(next + one.pictures.size()));
  }
  return out;
}

class ClipSource : public SampleSource {
public:
  explicit ClipSource(std::vector<Features> clips) : clips_(std::move(clips)) {
    std::vector<int> label;
    std::vector<std::string> group;
    for (const Features& f : clips_) label.push_back(f.label), group.push_back(f.group);
    entries_ = balanced_lists(label, group);
  }
  std::size_t size() const override { return entries_.size(); }
  std::string group(std::size_t index) const override {
    return clips_[entries_.at(index).front()].group;
  }
  Sample get(std::size_t index, std::uint64_t seed) const override {
    Random random(random_key({seed, index, 52}));
    const auto& entry = entries_.at(index);
    const auto some = [&](std::size_t count) {
      return seed == 0 ? std::size_t{0}
                       : static_cast<std::size_t>(random.below(static_cast<int>(count)));
    };
    const Features& f = clips_[entry[some(entry.size())]];
    const Rows& rows = f.of[some(f.of.size())];
    std::vector<std::size_t> frames;
    for (const int k : spread(static_cast<int>(rows.size()), clip_frames))
      frames.push_back(static_cast<std::size_t>(k));
    while (frames.size() < clip_frames) frames.push_back(frames.back());
    if (seed != 0) { // a sample holds as many frames as any other
      for (std::size_t& k : frames) k = some(rows.size());
      std::sort(frames.begin(), frames.end());
    }
    Sample out{{{clip_frames, static_cast<std::int64_t>(rows[0].size())}, {}},
               {{1}, {static_cast<float>(f.label)}},
               {}};
    for (const std::size_t k : frames)
      out.input.values.insert(out.input.values.end(), rows[k].begin(), rows[k].end());
    return out;
  }

private:
  std::vector<Features> clips_;
  std::vector<std::vector<std::size_t>> entries_;
};

}

Graph train_head(const Graph& frames, const std::vector<Sequence>& training,
                 const std::vector<Sequence>& check, int classes, const TrainerOptions& o,
                 std::uint64_t seed, const std::filesystem::path& folder, const Context& context) {
  const Graph features = features_of(frames);
  const ClipSource in(
      features_of_all(features, training, o, o.augmentation > 0 ? variants : 1, seed)),
      after(features_of_all(features, check, o, 1, seed));
  return read_onnx(train(untrained_head(feature_count(frames), classes, seed), in, after,
                         plan_of(o, o.clip_steps, seed, context), folder, context)
                       .last);
}

std::vector<std::vector<float>> clip_logits(const Graph& frames, const Graph& head,
                                            const std::vector<Sequence>& sequences, int side) {
  std::vector<const Picture*> pictures;
  std::vector<std::size_t> count;
  for (const Sequence& one : sequences) {
    const std::vector<int> chosen = spread(static_cast<int>(one.pictures.size()), clip_frames);
    count.push_back(chosen.size());
    for (const int k : chosen) pictures.push_back(one.pictures[static_cast<std::size_t>(k)]);
  }
  const Rows rows = logits_of(features_of(frames), pictures, side);
  Model model = Model::from_graph(head);
  Rows out;
  std::size_t next = 0;
  for (const std::size_t n : count) {
    out.emplace_back();
    if (n == 0) continue;
    Tensor in{{1, static_cast<std::int64_t>(n), static_cast<std::int64_t>(rows[next].size())}, {}};
    for (std::size_t i = 0; i < n; ++i, ++next)
      in.values.insert(in.values.end(), rows[next].begin(), rows[next].end());
    out.back() = model.run(in).values;
  }
  return out;
}

}

#endif
