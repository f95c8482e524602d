#include "pipelines/lung_ultrasound/clip_set.h"

#ifdef SENSORIUM_HAS_LEARN

#include "modules/core/error.h"
#include "modules/core/random.h"
#include "modules/io/builtin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace sensorium::lung_ultrasound {
namespace {

std::string container_of(const TrainingClip& clip) {
  std::string suffix = clip.label.file.extension().string();
  for (char& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return clip.small.frames == 1 ? "picture" : suffix.substr(suffix.empty() ? 0 : 1);
}

}

ClipSet clip_set(const std::filesystem::path& table, bool share_alike, const TrainerOptions& o,
                 const Context& context) {
  FullRegistry registry;
  const std::vector<LabelledClip> labels = read_labels(table);
  ClipSet out;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const LabelledClip& label = labels[i];
    const int index = label.class_index();
    if (index < 0 || forbids_training(label.licence) ||
        (asks_to_share_alike(label.licence) && !share_alike)) {
      ++out.left_out;
      continue;
    }
    context.step(static_cast<double>(i) / static_cast<double>(labels.size()), "reading clips");
    TrainingClip clip{label, index, small_clip(registry, label.file, o.pictures, o.side), {}};
    if (!clip.small.failure.empty()) {
      out.absent.emplace_back(label.name, clip.small.failure);
      continue;
    }
    clip.container = container_of(clip);
    out.clips.push_back(std::move(clip));
  }
  if (out.clips.empty())
    throw Error(
        ErrorCode::BadInput,
        fmt::format("'{}' has no clip to train on: {} lines have none of the four classes or "
                    "a licence that forbids it, {} clips have no beam",
                    table.string(), out.left_out, out.absent.size()),
        "labels are COVID-19, bacterial pneumonia, viral pneumonia, regular");
  return out;
}

std::vector<Example> examples_of(const std::vector<const TrainingClip*>& clips,
                                 const std::function<int(const TrainingClip&)>& label_of) {
  std::vector<Example> out;
  for (const TrainingClip* clip : clips)
    for (const Picture& picture : clip->small.pictures)
      out.push_back({&picture, label_of(*clip), clip->label.group});
  return out;
}

std::vector<int> folds_of(const std::vector<std::string>& group, const std::vector<int>& label,
                          int folds, std::uint64_t seed) {
  std::map<std::string, std::map<int, int>> counts; // group: class: items
  std::map<int, std::set<std::string>> of_class;
  for (std::size_t i = 0; i < group.size(); ++i) {
    ++counts[group[i]][label[i]];
    of_class[label[i]].insert(group[i]);
  }
  if (counts.size() < static_cast<std::size_t>(folds))
    throw Error(ErrorCode::Usage,
                fmt::format("{} groups cannot be put into {} parts", counts.size(), folds),
                "ask for fewer folds");
  const auto rarity = [&](const std::string& name) {
    std::size_t least = group.size() + 1;
    for (const auto& [k, n] : counts.at(name)) least = std::min(least, of_class.at(k).size());
    return least;
  };
  struct Entry {
    std::size_t rarity, items;
    std::uint64_t key;
    std::string name;
  };
  std::vector<Entry> order;
  Random random(random_key({seed, 31}));
  for (const auto& [name, classes] : counts) {
    int items = 0;
    for (const auto& [k, n] : classes) items += n;
    order.push_back({rarity(name), static_cast<std::size_t>(items), random.bits(), name});
  }
  std::sort(order.begin(), order.end(), [](const Entry& a, const Entry& b) {
    return std::tuple(a.rarity, b.items, a.key) < std::tuple(b.rarity, a.items, b.key);
  });
  std::vector<std::map<int, int>> has(static_cast<std::size_t>(folds));
  std::vector<int> all(static_cast<std::size_t>(folds));
  std::map<std::string, int> part;
  for (const Entry& e : order) {
    const auto cost = [&](int f) {
      int same = 0;
      for (const auto& [k, n] : counts.at(e.name)) {
        const auto& own = has[static_cast<std::size_t>(f)];
        const auto found = own.find(k);
        same += found == own.end() ? 0 : found->second;
      }
      return std::pair(same, all[static_cast<std::size_t>(f)]);
    };
    int best = static_cast<int>(e.key % static_cast<std::uint64_t>(folds));
    for (int f = 0; f < folds; ++f)
      if (cost(f) < cost(best)) best = f;
    part[e.name] = best;
    for (const auto& [k, n] : counts.at(e.name)) has[static_cast<std::size_t>(best)][k] += n;
    all[static_cast<std::size_t>(best)] += static_cast<int>(e.items);
  }
  std::vector<int> out;
  for (const std::string& name : group) out.push_back(part.at(name));
  return out;
}

}

#endif
