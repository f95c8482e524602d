#include "pipelines/lung_ultrasound/pictures.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "pipelines/lung_ultrasound/signs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sensorium::lung_ultrasound {
namespace fs = std::filesystem;
namespace {

constexpr int finer = 3; // samples of a cell along each axis
constexpr int beam_frames = 32;
constexpr std::string_view magic = "SNSLUNG3";

// Pictures of these sizes are means of blocks of larger ones, so that one set of stored pictures
// serves them all.
constexpr int common_side = 64;
int stored_side(int side) {
  return side < common_side && common_side % side == 0 ? common_side : side;
}

Picture shrunk(const Picture& picture, int from, int to) {
  if (from == to) return picture;
  const int block = from / to;
  Picture out(static_cast<std::size_t>(to) * to);
  for (int y = 0; y < to; ++y)
    for (int x = 0; x < to; ++x) {
      int sum = 0;
      for (int k = 0; k < block * block; ++k)
        sum +=
            picture[static_cast<std::size_t>(y * block + k / block) * from + x * block + k % block];
      out[static_cast<std::size_t>(y) * to + x] =
          static_cast<std::uint8_t>((sum + block * block / 2) / (block * block));
    }
  return out;
}

fs::path cache_file(const fs::path& file, int count, int side) {
  std::error_code none;
  const auto size = fs::file_size(file, none);
  const auto time = fs::last_write_time(file, none).time_since_epoch().count();
  const std::string key =
      fmt::format("{} {} {} {} {} {}", magic, fs::absolute(file).string(), size, time, count, side);
  return cache_folder() / "lung_ultrasound" / (sha256(key).substr(0, 32) + ".pictures");
}

std::string packed(const SmallClip& clip) {
  std::string out(magic);
  for (const int number : {clip.side, clip.frames, static_cast<int>(clip.pictures.size())})
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
  for (std::size_t k = 0; k < clip.pictures.size(); ++k) {
    out += clip.readable[k];
    out.append(clip.pictures[k].begin(), clip.pictures[k].end());
  }
  return out;
}

// False for anything that is not exactly what packed() makes.
bool unpack(const std::string& text, int side, SmallClip& clip) {
  int numbers[3]{};
  const std::size_t head = magic.size() + sizeof numbers;
  if (text.size() < head || !text.starts_with(magic)) return false;
  std::memcpy(numbers, text.data() + magic.size(), sizeof numbers);
  const std::size_t each = static_cast<std::size_t>(side) * side;
  if (numbers[0] != side || numbers[2] < 1 ||
      text.size() != head + static_cast<std::size_t>(numbers[2]) * (each + 1))
    return false;
  clip.side = side;
  clip.frames = numbers[1];
  for (std::size_t at = head; at < text.size(); at += each + 1) {
    clip.readable.push_back(text[at]);
    clip.pictures.emplace_back(text.begin() + static_cast<std::ptrdiff_t>(at + 1),
                               text.begin() + static_cast<std::ptrdiff_t>(at + 1 + each));
  }
  return true;
}

}

Picture picture_of(const std::vector<float>& grey, const Beam& beam, int side) {
  const int first = stored_side(side);
  const Lines fine = along_beam(grey, beam, first * finer, first * finer);
  Picture out(static_cast<std::size_t>(first) * first);
  for (int line = 0; line < first; ++line)
    for (int depth = 0; depth < first; ++depth) {
      double sum = 0;
      for (int a = 0; a < finer; ++a)
        for (int d = 0; d < finer; ++d)
          sum +=
              std::max(0.0f, fine.value[static_cast<std::size_t>(line * finer + a) * fine.depths +
                                        static_cast<std::size_t>(depth * finer + d)]);
      out[static_cast<std::size_t>(depth) * first + line] =
          static_cast<std::uint8_t>(std::lround(255 * std::clamp(sum / (finer * finer), 0.0, 1.0)));
    }
  return shrunk(out, first, side);
}

bool SmallClip::any_readable() const {
  return std::find(readable.begin(), readable.end(), char{1}) != readable.end();
}

SmallClip small_clip(const Dataset& dataset, int count, int side) {
  const Frames frames = frames_of(dataset, std::max(count, beam_frames));
  SmallClip out{.side = side, .frames = frames.of};
  const Beam beam = find_beam(frames);
  if (!beam.found()) {
    out.failure = beam.failure;
    return out;
  }
  const auto n = static_cast<int>(frames.grey.size()), wanted = std::min(count, n);
  for (int k = 0; k < wanted; ++k) {
    const auto at = static_cast<std::size_t>((2 * k + 1) * n / (2 * wanted));
    out.pictures.push_back(picture_of(frames.grey[at], beam, side));
    out.readable.push_back(signs_of(along_beam(frames.grey[at], beam)).pleura_found ? 1 : 0);
  }
  return out;
}

SmallClip small_clip(Registry& registry, const fs::path& file, int count, int side) {
  const int stored = stored_side(side);
  const fs::path cached = cache_file(file, count, stored);
  SmallClip out;
  std::error_code none;
  if (!fs::exists(cached, none) || !unpack(read_text(cached), stored, out)) {
    out = {.side = stored};
    try {
      out = small_clip(registry.open(file), count, stored);
    } catch (const Error& e) {
      if (e.code() == ErrorCode::Cancelled) throw;
      out.failure = e.what();
    }
    if (!out.failure.empty()) return out;
    make_folder(cached.parent_path());
    write_atomically(cached, packed(out));
  }
  out.side = side;
  for (Picture& picture : out.pictures) picture = shrunk(picture, stored, side);
  return out;
}

}
