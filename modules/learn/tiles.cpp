#include "modules/core/error.h"
#include "modules/learn/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace sensorium {
namespace {

// A picture is a volume of one plane, whose depth is neither padded nor cut.
struct Axis {
  std::int64_t size = 1, whole = 1, tile = 1, overlap = 0; // whole: mirrored up to a multiple
  std::vector<std::int64_t> starts{0};
};
using Axes = std::array<Axis, 3>;

std::int64_t mirrored(std::int64_t i, std::int64_t size) {
  const std::int64_t period = std::max<std::int64_t>(1, 2 * (size - 1));
  i = ((i % period) + period) % period;
  return i < size ? i : period - i;
}

std::int64_t round_up(std::int64_t value, std::int64_t to) { return (value + to - 1) / to * to; }

// Tiles are aligned, the last one ends with the axis: the network sees the border that it would see
// in the whole.
Axis axis_of(std::int64_t size, const TileOptions& o) {
  Axis a{.size = size, .whole = round_up(size, o.multiple), .tile = 0, .overlap = o.overlap};
  a.tile = std::min(round_up(o.tile, o.multiple), a.whole);
  const std::int64_t step = (a.tile - 2 * o.overlap) / o.multiple * o.multiple;
  if (a.tile < a.whole && step <= 0)
    throw Error(
        ErrorCode::Usage,
        fmt::format("a tile of {} leaves nothing inside an overlap of {}", o.tile, o.overlap),
        "use larger tiles or a smaller overlap");
  while (a.starts.back() + a.tile < a.whole)
    a.starts.push_back(std::min(a.starts.back() + step, a.whole - a.tile));
  return a;
}

std::vector<std::int64_t> shape_of(std::int64_t channels, const Axes& axes, bool flat,
                                   std::int64_t Axis::* extent) {
  std::vector<std::int64_t> out = {1, channels};
  for (std::size_t i = flat ? 1 : 0; i < 3; ++i) out.push_back(axes[i].*extent);
  return out;
}

std::int64_t product(const std::vector<std::int64_t>& shape) {
  std::int64_t out = 1;
  for (const std::int64_t d : shape) out *= d;
  return out;
}

using Corner = std::array<std::int64_t, 3>;

// A tile of the image, mirrored at the borders.
Tensor window(const Tensor& image, const Axes& axes, const Corner& at, bool flat) {
  const auto& [d, h, w] = axes;
  const std::int64_t channels = image.shape[1];
  Tensor out{shape_of(channels, axes, flat, &Axis::tile), {}};
  out.values.reserve(static_cast<std::size_t>(product(out.shape)));
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t k = 0; k < d.tile; ++k)
      for (std::int64_t j = 0; j < h.tile; ++j) {
        const float* row =
            image.values.data() +
            ((c * d.size + mirrored(at[0] + k, d.size)) * h.size + mirrored(at[1] + j, h.size)) *
                w.size;
        for (std::int64_t i = 0; i < w.tile; ++i)
          out.values.push_back(row[mirrored(at[2] + i, w.size)]);
      }
  return out;
}

// The middle of a tile, without the overlaps that have a neighbour before them.
void keep_middle(const Tensor& part, const Axes& axes, const Corner& at, Tensor& out) {
  Corner from{}, to{};
  for (std::size_t i = 0; i < 3; ++i) {
    from[i] = at[i] == 0 ? 0 : at[i] + axes[i].overlap;
    to[i] = std::min(axes[i].size, at[i] + axes[i].tile);
  }
  const auto& [d, h, w] = axes;
  for (std::int64_t c = 0; c < part.shape[1]; ++c)
    for (std::int64_t k = from[0]; k < to[0]; ++k)
      for (std::int64_t j = from[1]; j < to[1] && from[2] < to[2]; ++j)
        std::copy_n(part.values.data() + ((c * d.tile + k - at[0]) * h.tile + j - at[1]) * w.tile +
                        from[2] - at[2],
                    to[2] - from[2],
                    out.values.data() + ((c * d.size + k) * h.size + j) * w.size + from[2]);
}

Tensor run_tiles(Model& model, const Tensor& image, const TileOptions& o, const Context& context) {
  const bool flat = image.shape.size() == 4;
  Axes axes;
  for (std::size_t i = flat ? 1 : 0; i < 3; ++i)
    axes[i] = axis_of(image.shape[flat ? i + 1 : i + 2], o);
  const std::size_t count = axes[0].starts.size() * axes[1].starts.size() * axes[2].starts.size();
  if (count > 1)
    if (const std::string node = whole_image_node(model.graph()); !node.empty())
      throw Error(
          ErrorCode::Unsupported,
          fmt::format("node {} may depend on the whole image: tiles would change the result", node),
          "run it on the whole image, or use a network with batch norm");
  Tensor out;
  std::size_t done = 0;
  for (const std::int64_t z : axes[0].starts)
    for (const std::int64_t y : axes[1].starts)
      for (const std::int64_t x : axes[2].starts) {
        context.step(static_cast<double>(done++) / static_cast<double>(count), "network");
        const Corner at{z, y, x};
        const Tensor part = model.run(window(image, axes, at, flat));
        if (part.shape.size() != image.shape.size() ||
            part.shape != shape_of(part.shape[1], axes, flat, &Axis::tile))
          throw Error(ErrorCode::Unsupported,
                      "the model's output is not of its input's size: it cannot run in tiles");
        if (out.shape.empty()) {
          out.shape = shape_of(part.shape[1], axes, flat, &Axis::size);
          out.values.resize(static_cast<std::size_t>(product(out.shape)));
        }
        keep_middle(part, axes, at, out);
      }
  return out;
}

}

std::string whole_image_node(const Graph& graph) {
  static const std::set<std::string> operators = {"InstanceNormalization",
                                                  "GroupNormalization",
                                                  "MeanVarianceNormalization",
                                                  "GlobalAveragePool",
                                                  "GlobalMaxPool",
                                                  "GlobalLpPool",
                                                  "ReduceMean",
                                                  "ReduceSum",
                                                  "ReduceMax",
                                                  "ReduceMin",
                                                  "ReduceL1",
                                                  "ReduceL2",
                                                  "ReduceProd",
                                                  "ReduceSumSquare",
                                                  "ReduceLogSum",
                                                  "ReduceLogSumExp",
                                                  "MatMul",
                                                  "Gemm",
                                                  "Flatten"};
  for (const Node& node : graph.nodes)
    if (node.domain.empty() && operators.contains(node.op)) return node.label();
  return {};
}

Tensor run_tiled(Model& model, const Tensor& image, const TileOptions& options,
                 const Context& context) {
  if ((image.shape.size() != 4 && image.shape.size() != 5) || image.shape[0] != 1 ||
      product(image.shape) <= 0 ||
      product(image.shape) != static_cast<std::int64_t>(image.values.size()))
    throw Error(ErrorCode::BadInput,
                "a tiled run takes one image [1, channels, height, width] or one volume [1, "
                "channels, depth, height, width]");
  const bool divisible = whole_image_node(model.graph()).empty();
  TileOptions o = options;
  const std::int64_t longest = *std::max_element(image.shape.begin() + 2, image.shape.end());
  for (;;) {
    try {
      return run_tiles(model, image, o, context);
    } catch (const Error& e) {
      while (o.tile / 2 >= longest) o.tile /= 2; // a tile of the whole would fail again
      if (e.code() != ErrorCode::Resources || !divisible || o.tile / 2 <= 2 * o.overlap) throw;
      o.tile /= 2;
      context.warn(fmt::format("out of memory: going on with tiles of {}", o.tile));
    }
  }
}

}
