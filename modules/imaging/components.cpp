#include "modules/imaging/components.h"

#include "modules/core/error.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace sensorium {

namespace {

struct CutRun {
  int x, length;
  std::size_t value;
};

// The runs at or above a threshold: row r holds runs begin[r] .. begin[r + 1].
struct CutRows {
  std::vector<CutRun> runs;
  std::vector<std::uint32_t> begin;
};

class Forest {
public:
  explicit Forest(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), 0u); }
  std::uint32_t root(std::uint32_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  // The smaller index becomes the root: roots are first in raster order.
  void join(std::uint32_t a, std::uint32_t b) {
    a = root(a);
    b = root(b);
    if (a < b) parent_[b] = a;
    if (b < a) parent_[a] = b;
  }

private:
  std::vector<std::uint32_t> parent_;
};

// Joins runs of two rows that touch or meet diagonally.
void join_rows(const CutRows& rows, std::size_t a, std::size_t b, Forest& forest) {
  std::uint32_t i = rows.begin[a], j = rows.begin[b];
  while (i < rows.begin[a + 1] && j < rows.begin[b + 1]) {
    const CutRun &p = rows.runs[i], &q = rows.runs[j];
    if (p.x <= q.x + q.length && q.x <= p.x + p.length) forest.join(i, j);
    if (p.x + p.length < q.x + q.length)
      ++i;
    else
      ++j;
  }
}

void add_run(Component& c, const CutRun& run, int y, int z, const std::uint8_t* values) {
  if (c.voxels == 0) c.box = {run.x, y, z, run.x, y, z};
  c.runs.push_back({z, y, run.x, run.length});
  for (int k = 0; k < run.length; ++k) {
    c.sum += values[k];
    if (values[k] > c.peak) {
      c.peak = values[k];
      c.peak_at = {run.x + k, y, z};
    }
  }
  const double n = run.length;
  c.voxels += run.length;
  c.centroid[0] += n * (run.x + (n - 1) / 2);
  c.centroid[1] += n * y;
  c.centroid[2] += n * z;
  c.box[0] = std::min(c.box[0], run.x);
  c.box[3] = std::max(c.box[3], run.x + run.length - 1);
  c.box[4] = std::max(c.box[4], y);
  c.box[1] = std::min(c.box[1], y);
  c.box[5] = z;
}

}

ComponentIndex::ComponentIndex(std::span<const std::uint8_t> map, int width, int height, int depth,
                               std::uint8_t floor)
    : height_(height), floor_(std::max<std::uint8_t>(floor, 1)) {
  if (width < 1 || height < 1 || depth < 1 ||
      map.size() != static_cast<std::size_t>(width) * height * depth)
    throw Error(ErrorCode::Internal, "ComponentIndex: the map's length does not fit its sizes");
  const std::size_t rows = static_cast<std::size_t>(height) * depth;
  row_begin_.reserve(rows + 1);
  for (std::size_t r = 0; r < rows; ++r) {
    row_begin_.push_back(segments_.size());
    const std::uint8_t* row = map.data() + r * width;
    for (int x = 0; x < width;) {
      if (row[x] < floor_) {
        ++x;
        continue;
      }
      int end = x + 1;
      while (end < width && row[end] >= floor_) ++end;
      segments_.push_back({x, end - x, values_.size()});
      values_.insert(values_.end(), row + x, row + end);
      x = end;
    }
  }
  row_begin_.push_back(segments_.size());
}

std::vector<Component> ComponentIndex::query(std::uint8_t threshold,
                                             Connectivity connectivity) const {
  threshold = std::max(threshold, floor_);
  const std::size_t row_count = row_begin_.size() - 1;
  CutRows rows;
  rows.begin.reserve(row_count + 1);
  for (std::size_t r = 0; r < row_count; ++r) {
    rows.begin.push_back(static_cast<std::uint32_t>(rows.runs.size()));
    for (std::size_t s = row_begin_[r]; s < row_begin_[r + 1]; ++s) {
      const Segment& segment = segments_[s];
      const std::uint8_t* values = values_.data() + segment.value;
      for (int k = 0; k < segment.length;) {
        if (values[k] < threshold) {
          ++k;
          continue;
        }
        int end = k + 1;
        while (end < segment.length && values[end] >= threshold) ++end;
        rows.runs.push_back({segment.x + k, end - k, segment.value + k});
        k = end;
      }
    }
  }
  rows.begin.push_back(static_cast<std::uint32_t>(rows.runs.size()));

  Forest forest(rows.runs.size());
  const auto h = static_cast<std::size_t>(height_);
  for (std::size_t r = 0; r < row_count; ++r) {
    if (rows.begin[r] == rows.begin[r + 1]) continue;
    const bool has_above = r % h != 0;
    if (has_above) join_rows(rows, r, r - 1, forest);
    if (connectivity == Connectivity::Planar8 || r < h) continue;
    join_rows(rows, r, r - h, forest);
    if (has_above) join_rows(rows, r, r - h - 1, forest);
    if (r % h != h - 1) join_rows(rows, r, r - h + 1, forest);
  }

  std::vector<Component> components;
  std::vector<std::uint32_t> number(rows.runs.size());
  for (std::size_t r = 0; r < row_count; ++r)
    for (std::uint32_t i = rows.begin[r]; i < rows.begin[r + 1]; ++i) {
      const std::uint32_t root = forest.root(i);
      if (root == i) {
        number[i] = static_cast<std::uint32_t>(components.size());
        components.emplace_back();
      }
      add_run(components[number[root]], rows.runs[i], static_cast<int>(r % h),
              static_cast<int>(r / h), values_.data() + rows.runs[i].value);
    }
  for (Component& c : components)
    for (double& v : c.centroid) v /= static_cast<double>(c.voxels);
  return components;
}

}
