// Least, greatest and mean value of ever longer pieces of a channel, so that any span of a long
// recording is drawn from about as many numbers as the picture has columns.
#pragma once

#include "modules/core/context.h"
#include "modules/core/dataset.h"

namespace sensorium {

struct Extremes {
  float least = 0, greatest = 0, mean = 0; // NaN where no value is a number
};

class Pyramid {
public:
  static constexpr std::uint64_t base = 256, factor = 8; // samples of the finest piece, and growth

  // Reads the whole channel once. Memory: 12 bytes for every 224 samples. Throws Error Cancelled.
  static Pyramid build(const Channel& channel, std::uint64_t length, const Context& context = {});
  // Those of several channels in one pass over the file; what was read of a mapped file is given
  // back as it goes.
  static std::vector<Pyramid> build(const Recording& recording,
                                    const std::vector<std::size_t>& channels,
                                    const Context& context = {});
  // For cached pyramids. load: nothing when the file is not there, damaged, or of another length;
  // the file stays mapped, and is read where a picture needs it.
  void store(const std::filesystem::path& path) const;
  static std::optional<Pyramid> load(const std::filesystem::path& path, std::uint64_t length);

  // `columns` equal pieces of samples from .. to - 1, each exact up to the finest level that has at
  // least one piece a column; below that, samples are read from the channel.
  std::vector<Extremes> columns(const Channel& channel, std::uint64_t from, std::uint64_t to,
                                std::size_t columns) const;
  std::uint64_t length() const { return length_; }

private:
  void add_chunk(std::span<const double> values);
  void add_levels();
  std::span<const Extremes> level(std::size_t k) const;
  std::size_t level_count() const;
  std::uint64_t length_ = 0;
  std::vector<std::vector<Extremes>> levels_; // level k: pieces of base * factor^k samples
  std::shared_ptr<const MappedFile> file_;    // of a stored one, in place of levels_
  std::vector<std::span<const Extremes>> mapped_;
};

// A first picture without a pyramid: of each column only the first `probe` samples are read, so
// peaks between may be missing.
std::vector<Extremes> coarse_columns(const Channel& channel, std::uint64_t from, std::uint64_t to,
                                     std::size_t columns, std::size_t probe = 64);

// Where the pyramid of a recording's channel is kept, by the file's path, size and time of change.
std::filesystem::path pyramid_file(const std::filesystem::path& recording, std::size_t channel);

}
