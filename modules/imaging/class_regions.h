// Connected regions of a map of classes, read line by line, so that the map may be larger than
// memory.
#pragma once

#include "modules/core/findings.h"

#include <cstdint>
#include <span>
#include <vector>

namespace sensorium {

// Pixels of one class that touch each other, corners included.
struct ClassRegion {
  int number = 0;        // the class, from 1
  std::vector<Run> runs; // in raster order; z is 0
  std::int64_t pixels = 0;
  double mean_score = 0; // over its pixels; 0 where no scores were given
};

struct ClassRegions {
  std::vector<ClassRegion> largest; // by falling size, equal ones in raster order
  std::vector<std::int64_t> sizes;  // pixels of every region, falling
  bool too_many = false;            // the map fell into too many pieces: both lists are empty
};

class ClassRegionFinder {
public:
  // At most so many runs are kept, 32 bytes each. Noise has nearly one a pixel.
  explicit ClassRegionFinder(int width, std::size_t most_runs = std::size_t{2} << 20);
  // The next line: a class for each pixel (0: none) and its score, or no scores at all. Throws
  // Error Internal when a line has another length.
  void add_line(std::span<const std::uint8_t> classes, std::span<const float> scores = {});
  // The `most` largest regions with at least one pixel. Judge: scipy.ndimage.label per class.
  ClassRegions finish(std::size_t most) const;

private:
  struct Piece {
    Run run;
    std::uint32_t parent;
    std::uint8_t number;
    double score; // sum over the run
  };
  std::uint32_t root(std::uint32_t i);
  void join(std::uint32_t a, std::uint32_t b);

  int width_, line_ = 0;
  std::size_t most_runs_;
  std::vector<Piece> pieces_;
  std::size_t above_ = 0; // first piece of the line before
  bool too_many_ = false;
};

}
