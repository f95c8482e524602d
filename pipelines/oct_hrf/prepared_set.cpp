#ifdef SENSORIUM_HAS_LEARN

#include "pipelines/oct_hrf/prepared_set.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <cstring>

namespace sensorium::oct_hrf {
namespace {

constexpr std::int32_t largest_side = 16384, farthest = 32768;

// width, height, retina_top, retina_bottom, flags, number of lesions
using Head = std::array<std::int32_t, 6>;
enum Flag : std::int32_t { has_enhanced = 1, has_undecided = 2 };

Error damaged(const std::string& why) {
  return Error(ErrorCode::BadInput, fmt::format("a record of the prepared set {}", why),
               "prepare the set again");
}

}

std::vector<std::byte> record_of(const TrainingBscan& b) {
  const Head head{b.width,
                  b.height,
                  b.retina_top,
                  b.retina_bottom,
                  (b.enhanced.empty() ? 0 : has_enhanced) |
                      (b.undecided.empty() ? 0 : has_undecided),
                  static_cast<std::int32_t>(b.lesions.size())};
  const auto planes = {&b.raw, &b.target, &b.enhanced, &b.undecided};
  std::size_t size = sizeof head + 8 * b.lesions.size();
  for (const auto* plane : planes) size += plane->size();
  std::vector<std::byte> out(size);
  std::byte* to = out.data();
  const auto put = [&](const void* from, std::size_t bytes) {
    if (bytes > 0) std::memcpy(to, from, bytes);
    to += bytes;
  };
  put(head.data(), sizeof head);
  for (const auto& [x, y] : b.lesions) {
    const std::array<std::int32_t, 2> at{x, y};
    put(at.data(), sizeof at);
  }
  for (const auto* plane : planes) put(plane->data(), plane->size());
  return out;
}

TrainingBscan bscan_of(std::span<const std::byte> record) {
  Head head{};
  if (record.size() < sizeof head) throw damaged("is cut short");
  std::memcpy(head.data(), record.data(), sizeof head);
  const auto [width, height, top, bottom, flags, lesions] = head;
  const auto is_far = [](std::int32_t v) { return v < -farthest || v > farthest; };
  if (width < 1 || height < 1 || width > largest_side || height > largest_side || is_far(top) ||
      is_far(bottom) || flags < 0 || flags > 3 || lesions < 0)
    throw damaged(
        fmt::format("has an impossible head: {} x {}, rows {} to {}", width, height, top, bottom));
  const std::size_t plane = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const std::size_t planes = 2u + (flags & has_enhanced ? 1 : 0) + (flags & has_undecided ? 1 : 0);
  const std::size_t marks = static_cast<std::size_t>(lesions) * 8;
  if (record.size() != sizeof head + marks + planes * plane)
    throw damaged(fmt::format("of {} x {} has {} bytes", width, height, record.size()));
  TrainingBscan out{.group = {}, .width = width, .height = height};
  out.retina_top = top;
  out.retina_bottom = bottom;
  const std::byte* from = record.data() + sizeof head;
  for (std::int32_t i = 0; i < lesions; ++i, from += 8) {
    std::array<std::int32_t, 2> at{};
    std::memcpy(at.data(), from, 8);
    if (is_far(at[0]) || is_far(at[1])) throw damaged("has a lesion far from its picture");
    out.lesions.push_back({at[0], at[1]});
  }
  const auto take = [&](std::vector<std::uint8_t>& to) {
    to.resize(plane);
    std::memcpy(to.data(), from, plane);
    from += plane;
  };
  take(out.raw);
  take(out.target);
  if (flags & has_enhanced) take(out.enhanced);
  if (flags & has_undecided) take(out.undecided);
  return out;
}

std::unique_ptr<ShardedSamples> prepared_samples(const ShardIndex& set, const std::string& part,
                                                 const SampleOptions& options,
                                                 const StreamOptions& stream) {
  check(options);
  if (set.pipeline != "oct_hrf")
    throw Error(ErrorCode::Usage,
                fmt::format("the training set holds cases of {}, not of oct_hrf", set.pipeline));
  const std::string input = set.about.is_object() ? set.about.value("input", "raw") : "raw";
  if (input == "raw" && options.input != "raw")
    throw Error(ErrorCode::Usage,
                fmt::format("'{}' was prepared with raw B-scans alone", set.folder.string()),
                "add --input raw, or prepare it with --input both");
  const auto make = [options](std::span<const std::byte> record, std::size_t index,
                              std::uint64_t seed) {
    return patch_of(bscan_of(record), options, index, seed);
  };
  return std::make_unique<ShardedSamples>(set, part, static_cast<std::size_t>(options.patches),
                                          make, stream);
}

}

#endif
