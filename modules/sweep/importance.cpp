#include "modules/sweep/importance.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr int trees = 64, deepest = 64;

// A dimension cut into cells between which no tree can tell: for a choice its values, else the
// stretches around the values that were tried.
struct Axis {
  bool ordered = true;
  std::vector<double> weights; // of the cells, their sum 1
  std::vector<int> cell;       // of each trial
};

double unit_of(const Dimension& d, double value) {
  // A whole number stands for the stretch of half a step around it.
  const double half = d.kind == DimensionKind::Integer ? d.step / 2 : 0;
  const auto place = [&](double v) { return d.logarithmic ? std::log(v) : v; };
  const double low = place(d.low - half), high = place(d.high + half);
  return high > low ? std::clamp((place(value) - low) / (high - low), 0.0, 1.0) : 0.5;
}

Axis axis_of(const Dimension& d, const std::vector<const Trial*>& trials) {
  Axis axis;
  if (d.kind == DimensionKind::Choice) {
    axis.ordered = false;
    axis.weights.assign(d.choices.size(), 1.0 / static_cast<double>(d.choices.size()));
    for (const Trial* t : trials) {
      const auto at = std::find(d.choices.begin(), d.choices.end(), t->parameters.at(d.name));
      axis.cell.push_back(static_cast<int>(at - d.choices.begin()));
    }
    return axis;
  }
  std::vector<double> values;
  for (const Trial* t : trials)
    values.push_back(unit_of(d, t->parameters.at(d.name).get<double>()));
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  double from = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double to = i + 1 < sorted.size() ? (sorted[i] + sorted[i + 1]) / 2 : 1;
    axis.weights.push_back(to - from);
    from = to;
  }
  for (const double v : values)
    axis.cell.push_back(
        static_cast<int>(std::lower_bound(sorted.begin(), sorted.end(), v) - sorted.begin()));
  return axis;
}

// The cells that a node holds on each axis, and their weight.
struct Box {
  std::vector<std::vector<char>> holds;
  std::vector<double> weight;
};

struct Split {
  std::size_t axis = 0;
  std::vector<char> left; // cells
  double gain = 0;
};

class Tree {
public:
  Tree(const std::vector<Axis>& axes, const std::vector<double>& values)
      : axes_(axes), values_(values) {
    for (const Axis& axis : axes_) marginal_.emplace_back(axis.weights.size(), 0.0);
  }

  // The variance of the tree over the space; shares: those of single parameters are added.
  double grow(std::vector<int> rows, std::vector<double>& shares) {
    Box box;
    for (const Axis& axis : axes_) {
      box.holds.emplace_back(axis.weights.size(), 1);
      box.weight.push_back(1);
    }
    node(rows, box, 0);
    const double all = second_ - first_ * first_;
    if (!(all > 1e-12 * (first_ * first_ + second_))) return 0;
    for (std::size_t d = 0; d < axes_.size(); ++d) {
      double squares = 0;
      for (std::size_t c = 0; c < marginal_[d].size(); ++c)
        squares += axes_[d].weights[c] * marginal_[d][c] * marginal_[d][c];
      shares[d] += std::max(0.0, squares - first_ * first_) / all;
    }
    return all;
  }

private:
  void leaf(const Box& box, double value) {
    const double volume =
        std::accumulate(box.weight.begin(), box.weight.end(), 1.0, std::multiplies<>());
    first_ += volume * value;
    second_ += volume * value * value;
    for (std::size_t d = 0; d < axes_.size(); ++d) {
      double rest = value;
      for (std::size_t e = 0; e < axes_.size(); ++e) rest *= e == d ? 1 : box.weight[e];
      for (std::size_t c = 0; c < marginal_[d].size(); ++c)
        if (box.holds[d][c]) marginal_[d][c] += rest;
    }
  }

  // Cells in the order in which they may be parted: as they lie, or by the mean of their results
  // (for squared errors the best parting of unordered values is among these; Breiman et al. 1984,
  // section 9.4).
  Split best_on(std::size_t d, const std::vector<int>& rows) const {
    const Axis& axis = axes_[d];
    const std::size_t n = axis.weights.size();
    std::vector<double> sum(n), count(n);
    for (const int row : rows) {
      const auto c = static_cast<std::size_t>(axis.cell[static_cast<std::size_t>(row)]);
      sum[c] += values_[static_cast<std::size_t>(row)];
      ++count[c];
    }
    std::vector<std::size_t> order;
    for (std::size_t c = 0; c < n; ++c)
      if (count[c] > 0) order.push_back(c);
    if (order.size() < 2) return {};
    if (!axis.ordered)
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return sum[a] / count[a] < sum[b] / count[b];
      });
    const double total = std::accumulate(sum.begin(), sum.end(), 0.0);
    const auto all = static_cast<double>(rows.size());
    double left_sum = 0, left_count = 0;
    std::size_t cut = 0;
    Split best{.axis = d};
    for (std::size_t i = 0; i + 1 < order.size(); ++i) {
      left_sum += sum[order[i]];
      left_count += count[order[i]];
      const double right_sum = total - left_sum, right_count = all - left_count;
      const double gain = left_sum * left_sum / left_count + right_sum * right_sum / right_count -
                          total * total / all;
      if (gain > best.gain * (1 + 1e-12)) {
        best.gain = gain;
        cut = i;
      }
    }
    if (!(best.gain > 0)) return {};
    best.left.assign(n, 0);
    if (axis.ordered)
      // Half way between the two neighbours, in cells.
      std::fill_n(best.left.begin(), (order[cut] + order[cut + 1]) / 2 + 1, 1);
    else
      for (std::size_t i = 0; i <= cut; ++i) best.left[order[i]] = 1;
    return best;
  }

  void node(const std::vector<int>& rows, const Box& box, int depth) {
    double mean = 0;
    for (const int row : rows) mean += values_[static_cast<std::size_t>(row)];
    mean /= static_cast<double>(rows.size());
    Split best;
    if (rows.size() >= 2 && depth < deepest)
      for (std::size_t d = 0; d < axes_.size(); ++d)
        if (Split split = best_on(d, rows); split.gain > best.gain * (1 + 1e-12))
          best = std::move(split);
    if (!(best.gain > 0)) return leaf(box, mean);
    for (const char side : {1, 0}) {
      Box part = box;
      std::vector<int> own;
      const Axis& axis = axes_[best.axis];
      part.weight[best.axis] = 0;
      for (std::size_t c = 0; c < axis.weights.size(); ++c) {
        part.holds[best.axis][c] =
            static_cast<char>(box.holds[best.axis][c] && best.left[c] == side);
        if (part.holds[best.axis][c]) part.weight[best.axis] += axis.weights[c];
      }
      for (const int row : rows)
        if (best.left[static_cast<std::size_t>(axis.cell[static_cast<std::size_t>(row)])] == side)
          own.push_back(row);
      node(own, part, depth + 1);
    }
  }

  const std::vector<Axis>& axes_;
  const std::vector<double>& values_;
  std::vector<std::vector<double>> marginal_; // of each axis and cell: the mean over all others
  double first_ = 0, second_ = 0;             // the mean and the mean square over the space
};

bool has_all(const Trial& trial, const SearchSpace& space) {
  return std::all_of(space.begin(), space.end(), [&](const Dimension& d) {
    if (!trial.parameters.contains(d.name)) return false;
    const json& value = trial.parameters.at(d.name);
    if (d.kind != DimensionKind::Choice) return value.is_number();
    return std::find(d.choices.begin(), d.choices.end(), value) != d.choices.end();
  });
}

}

std::vector<Importance> importances_of(const Study& study, std::uint64_t seed) {
  std::vector<const Trial*> trials;
  for (const Trial& t : study.trials)
    if (t.state == "complete" && t.value && std::isfinite(*t.value) && has_all(t, study.space))
      trials.push_back(&t);
  if (static_cast<int>(trials.size()) < fewest_for_importance) return {};
  // Beyond this the trees' time is felt and their answer changes no more.
  if (trials.size() > 2000) trials.erase(trials.begin(), trials.end() - 2000);
  std::vector<Axis> axes;
  for (const Dimension& d : study.space) axes.push_back(axis_of(d, trials));
  std::vector<double> values;
  for (const Trial* t : trials) values.push_back(*t->value);
  std::mt19937_64 random(seed);
  std::vector<double> shares(axes.size());
  int counted = 0;
  for (int i = 0; i < trees; ++i) {
    std::vector<int> rows;
    for (std::size_t k = 0; k < trials.size(); ++k)
      rows.push_back(static_cast<int>(random() % trials.size()));
    counted += Tree(axes, values).grow(std::move(rows), shares) > 0 ? 1 : 0;
  }
  if (counted == 0) return {};
  std::vector<Importance> out;
  for (std::size_t d = 0; d < axes.size(); ++d)
    out.push_back({study.space[d].name, shares[d] / counted});
  std::stable_sort(out.begin(), out.end(),
                   [](const Importance& a, const Importance& b) { return a.share > b.share; });
  return out;
}

}
