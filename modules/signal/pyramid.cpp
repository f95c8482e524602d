#include "modules/signal/pyramid.h"

#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/core/scattered_reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view magic = "SNSPYR01";

// Collects values or finer pieces; the mean weighs each by its samples.
class Piece {
public:
  void add(double v) {
    if (!std::isfinite(v)) return;
    least_ = std::min(least_, v);
    greatest_ = std::max(greatest_, v);
    sum_ += v;
    weight_ += 1;
  }
  void add(const Extremes& e, double weight) {
    if (!std::isfinite(e.mean)) return;
    least_ = std::min<double>(least_, e.least);
    greatest_ = std::max<double>(greatest_, e.greatest);
    sum_ += weight * static_cast<double>(e.mean);
    weight_ += weight;
  }
  Extremes value() const {
    constexpr float none = std::numeric_limits<float>::quiet_NaN();
    if (weight_ == 0) return {none, none, none};
    return {static_cast<float>(least_), static_cast<float>(greatest_),
            static_cast<float>(sum_ / weight_)};
  }

private:
  double least_ = std::numeric_limits<double>::infinity(),
         greatest_ = -std::numeric_limits<double>::infinity(), sum_ = 0, weight_ = 0;
};

}

namespace {

constexpr std::uint64_t chunk = Pyramid::base * 256;         // samples
constexpr std::uint64_t released_every = 64, read_ahead = 8; // chunks

}

void Pyramid::add_chunk(std::span<const double> values) {
  for (std::size_t i = 0; i < values.size(); i += base) {
    Piece piece;
    for (const double v : values.subspan(i, std::min<std::size_t>(base, values.size() - i)))
      piece.add(v);
    levels_[0].push_back(piece.value());
  }
}

void Pyramid::add_levels() {
  while (levels_.back().size() > factor) {
    const std::vector<Extremes>& fine = levels_.back();
    std::vector<Extremes> coarse;
    for (std::size_t i = 0; i < fine.size(); i += factor) {
      Piece piece;
      for (std::size_t k = i; k < std::min<std::size_t>(fine.size(), i + factor); ++k)
        piece.add(fine[k], 1);
      coarse.push_back(piece.value());
    }
    levels_.push_back(std::move(coarse));
  }
}

Pyramid Pyramid::build(const Channel& channel, std::uint64_t length, const Context& context) {
  Recording one;
  one.length = length;
  one.channels = {channel};
  return std::move(build(one, {0}, context).front());
}

std::vector<Pyramid> Pyramid::build(const Recording& recording,
                                    const std::vector<std::size_t>& channels,
                                    const Context& context) {
  std::vector<Pyramid> out(channels.size());
  for (Pyramid& p : out) {
    p.length_ = recording.length;
    p.levels_.emplace_back();
    p.levels_[0].reserve((recording.length + base - 1) / base);
  }
  std::vector<double> values(std::min(chunk, recording.length));
  for (std::uint64_t at = 0, number = 1; at < recording.length; at += chunk, ++number) {
    if (number % 16 == 1)
      context.step(static_cast<double>(at) / static_cast<double>(recording.length), "overview");
    const std::uint64_t count = std::min(chunk, recording.length - at);
    if (number % read_ahead == 1)
      for (const std::size_t c : channels)
        expect_reading(recording.channels.at(c), at, read_ahead * chunk);
    for (std::size_t k = 0; k < channels.size(); ++k) {
      const Channel& channel = recording.channels.at(channels[k]);
      read_block(channel, at, std::span(values).first(count));
      out[k].add_chunk(std::span(values).first(count));
      if (number % released_every == 0) channel.samples.release();
    }
  }
  for (std::size_t k = 0; k < channels.size(); ++k) {
    out[k].add_levels();
    recording.channels[channels[k]].samples.release();
  }
  return out;
}

std::vector<Extremes> Pyramid::columns(const Channel& channel, std::uint64_t from, std::uint64_t to,
                                       std::size_t columns) const {
  to = std::min(to, length_);
  if (from >= to || columns == 0) return {};
  const double width = static_cast<double>(to - from) / static_cast<double>(columns);
  std::size_t chosen = 0;
  double size = base;
  while (chosen + 1 < level_count() && size * factor <= width / 2) {
    size *= factor;
    ++chosen;
  }
  const bool raw = width < base;
  const std::span<const Extremes> pieces = level(chosen);
  std::vector<double> values;
  std::vector<Extremes> out;
  for (std::size_t c = 0; c < columns; ++c) {
    const auto a = from + static_cast<std::uint64_t>(static_cast<double>(c) * width);
    const auto b = std::clamp(from + static_cast<std::uint64_t>(static_cast<double>(c + 1) * width),
                              std::min(a + 1, to), to);
    Piece piece;
    if (raw) {
      values.resize(b - a);
      read_block(channel, a, values);
      for (const double v : values) piece.add(v);
    } else {
      const auto first = static_cast<std::size_t>(static_cast<double>(a) / size);
      const auto last = std::min(
          pieces.size(),
          std::max(first + 1, static_cast<std::size_t>(std::ceil(static_cast<double>(b) / size))));
      for (std::size_t i = first; i < last; ++i) piece.add(pieces[i], 1);
    }
    out.push_back(piece.value());
  }
  if (raw && to - from > 4 * base) channel.samples.release();
  return out;
}

void Pyramid::store(const fs::path& path) const {
  std::string bytes(magic);
  const auto put = [&](const void* p, std::size_t n) {
    bytes.append(static_cast<const char*>(p), n);
  };
  const std::uint64_t levels = level_count();
  put(&length_, 8);
  put(&levels, 8);
  for (std::size_t k = 0; k < levels; ++k) {
    const std::uint64_t count = level(k).size();
    put(&count, 8);
    put(level(k).data(), count * sizeof(Extremes));
  }
  make_folder(path.parent_path());
  write_atomically(path, bytes);
}

std::optional<Pyramid> Pyramid::load(const fs::path& path, std::uint64_t length) {
  std::error_code code;
  if (!fs::is_regular_file(path, code) || fs::file_size(path, code) < 24) return std::nullopt;
  const auto file = MappedFile::open(path);
  auto rest = file->bytes();
  const auto take = [&](void* p, std::size_t n) {
    if (rest.size() < n) return false;
    std::memcpy(p, rest.data(), n);
    rest = rest.subspan(n);
    return true;
  };
  char head[8];
  std::uint64_t levels = 0, expected = (length + base - 1) / base;
  Pyramid out;
  if (!take(head, 8) || std::string_view(head, 8) != magic || !take(&out.length_, 8) ||
      out.length_ != length || !take(&levels, 8) || levels == 0 || levels > 24)
    return std::nullopt;
  for (std::uint64_t k = 0; k < levels; ++k) {
    std::uint64_t count = 0;
    if (!take(&count, 8) || count != expected || count > rest.size() / sizeof(Extremes))
      return std::nullopt;
    // Behind 8 bytes of a count each level begins at a multiple of four.
    out.mapped_.emplace_back(reinterpret_cast<const Extremes*>(rest.data()), count);
    rest = rest.subspan(count * sizeof(Extremes));
    expected = (expected + factor - 1) / factor;
  }
  out.file_ = file;
  return out;
}

std::span<const Extremes> Pyramid::level(std::size_t k) const {
  return file_ ? mapped_[k] : std::span<const Extremes>(levels_[k]);
}

std::size_t Pyramid::level_count() const { return file_ ? mapped_.size() : levels_.size(); }

std::vector<Extremes> coarse_columns(const Channel& channel, std::uint64_t from, std::uint64_t to,
                                     std::size_t columns, std::size_t probe) {
  std::vector<Extremes> out;
  if (from >= to || columns == 0) return out;
  const double width = static_cast<double>(to - from) / static_cast<double>(columns);
  const ScatteredReading scattered(channel.samples);
  std::vector<double> values;
  for (std::size_t c = 0; c < columns; ++c) {
    const auto a =
        std::min(from + static_cast<std::uint64_t>(static_cast<double>(c) * width), to - 1);
    const auto b = std::clamp(from + static_cast<std::uint64_t>(static_cast<double>(c + 1) * width),
                              a + 1, to);
    values.resize(std::min<std::uint64_t>(probe, b - a));
    read_block(channel, a, values);
    Piece piece;
    for (const double v : values) piece.add(v);
    out.push_back(piece.value());
  }
  return out;
}

fs::path pyramid_file(const fs::path& recording, std::size_t channel) {
  std::error_code code;
  const auto size = fs::file_size(recording, code);
  const auto time = fs::last_write_time(recording, code).time_since_epoch().count();
  const std::string key = sha256(
      fmt::format("{}|{}|{}|{}", fs::absolute(recording, code).string(), size, time, channel));
  return cache_folder() / "pyramids" / (key.substr(0, 32) + ".pyr");
}

}
