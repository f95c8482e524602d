#include "modules/review/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr const char* nothing = "none";
using Pairs = std::map<std::pair<std::string, std::string>, int>;

Confusion confusion_of(const Pairs& pairs) {
  std::set<std::string> labels;
  for (const auto& [pair, count] : pairs)
    for (const std::string& label : {pair.first, pair.second})
      if (label != nothing) labels.insert(label);
  Confusion out;
  out.labels.assign(labels.begin(), labels.end());
  out.labels.emplace_back(nothing);
  out.counts.assign(out.labels.size(), std::vector<int>(out.labels.size()));
  const auto index = [&](const std::string& label) {
    return static_cast<std::size_t>(std::find(out.labels.begin(), out.labels.end(), label) -
                                    out.labels.begin());
  };
  for (const auto& [pair, count] : pairs)
    out.counts[index(pair.first)][index(pair.second)] += count;
  return out;
}

void add(const Confusion& from, Pairs& to) {
  for (std::size_t i = 0; i < from.labels.size(); ++i)
    for (std::size_t j = 0; j < from.labels.size(); ++j)
      if (from.counts[i][j] > 0) to[{from.labels[i], from.labels[j]}] += from.counts[i][j];
}

json json_of(const Confusion& c) { return {{"labels", c.labels}, {"counts", c.counts}}; }

json number(double value) { return std::isfinite(value) ? json(value) : json(); }

json json_of(const BlandAltman& b) {
  return {{"n", b.n},
          {"bias", number(b.bias)},
          {"deviation", number(b.deviation)},
          {"lower", number(b.lower)},
          {"upper", number(b.upper)}};
}

json json_of(const CaseComparison& c) {
  json pairs = json::array();
  for (const auto& [i, j] : c.agreement.pairs)
    pairs.push_back({c.ids_a[static_cast<std::size_t>(i)], c.ids_b[static_cast<std::size_t>(j)]});
  json only_a = json::array(), only_b = json::array();
  for (const int i : c.agreement.only_a) only_a.push_back(c.ids_a[static_cast<std::size_t>(i)]);
  for (const int j : c.agreement.only_b) only_b.push_back(c.ids_b[static_cast<std::size_t>(j)]);
  return {{"case", c.name},
          {"count_a", c.agreement.count_a},
          {"count_b", c.agreement.count_b},
          {"matched", c.agreement.matched},
          {"same_label", c.agreement.same_label},
          {"f1", c.agreement.f1},
          {"dice", c.agreement.dice},
          {"pairs", pairs},
          {"only_a", only_a},
          {"only_b", only_b},
          {"undecided_a", c.undecided_a},
          {"undecided_b", c.undecided_b},
          {"by_slice", json_of(c.by_slice)},
          {"per_slice_a", c.per_slice_a},
          {"per_slice_b", c.per_slice_b},
          {"confusion", json_of(c.confusion)}};
}

std::string limits_text(const BlandAltman& b) {
  if (b.n == 0) return "no cases";
  if (b.n < 2) return fmt::format("difference {:+.2f} (one case: no limits)", b.bias);
  return fmt::format("bias {:+.2f}, limits of agreement {:+.2f} to {:+.2f} (n = {})", b.bias,
                     b.lower, b.upper, b.n);
}

std::string confusion_text(const Comparison& c) {
  const Confusion& m = c.confusion;
  std::string out = fmt::format("  {:<14}", "A \\ B");
  for (const std::string& label : m.labels) out += fmt::format("{:>12}", label);
  for (std::size_t i = 0; i < m.labels.size(); ++i) {
    out += fmt::format("\n  {:<14}", m.labels[i]);
    for (std::size_t j = 0; j < m.labels.size(); ++j)
      out += i + 1 == m.labels.size() && i == j ? fmt::format("{:>12}", "-")
                                                : fmt::format("{:>12}", m.counts[i][j]);
  }
  return out;
}

}

CaseComparison compare_case(const std::string& name, const Layer& a, const Layer& b, int slices,
                            const std::array<Spacing, 3>& spacing, const MatchRule& rule) {
  CaseComparison out;
  out.name = name;
  out.agreement = agreement(a.findings, b.findings, spacing, rule);
  Pairs pairs;
  for (const auto& [i, j] : out.agreement.pairs)
    ++pairs[{a.findings[static_cast<std::size_t>(i)].label,
             b.findings[static_cast<std::size_t>(j)].label}];
  for (const int i : out.agreement.only_a)
    ++pairs[{a.findings[static_cast<std::size_t>(i)].label, nothing}];
  for (const int j : out.agreement.only_b)
    ++pairs[{nothing, b.findings[static_cast<std::size_t>(j)].label}];
  out.confusion = confusion_of(pairs);
  const auto list = [](const Layer& layer, std::vector<std::string>& ids,
                       std::vector<std::string>& labels) {
    for (const Finding& f : layer.findings) {
      ids.push_back(f.id);
      labels.push_back(f.label);
    }
  };
  list(a, out.ids_a, out.labels_a);
  list(b, out.ids_b, out.labels_b);
  out.per_slice_a = counts_per_slice(a.findings, slices);
  out.per_slice_b = counts_per_slice(b.findings, slices);
  out.by_slice = bland_altman(out.per_slice_a, out.per_slice_b);
  out.undecided_a = a.undecided;
  out.undecided_b = b.undecided;
  return out;
}

Comparison compared(const std::string& a, const std::string& b, std::vector<CaseComparison> cases) {
  Comparison out;
  out.a = a;
  out.b = b;
  Pairs pairs;
  std::vector<double> counts_a, counts_b, slices_a, slices_b;
  double dice = 0;
  for (const CaseComparison& c : cases) {
    out.count_a += c.agreement.count_a;
    out.count_b += c.agreement.count_b;
    out.matched += c.agreement.matched;
    out.same_label += c.agreement.same_label;
    dice += c.agreement.dice;
    counts_a.push_back(c.agreement.count_a);
    counts_b.push_back(c.agreement.count_b);
    slices_a.insert(slices_a.end(), c.per_slice_a.begin(), c.per_slice_a.end());
    slices_b.insert(slices_b.end(), c.per_slice_b.begin(), c.per_slice_b.end());
    add(c.confusion, pairs);
    out.rule = c.agreement.rule;
  }
  out.only_a = out.count_a - out.matched;
  out.only_b = out.count_b - out.matched;
  const int total = out.count_a + out.count_b;
  out.f1 = total == 0 ? 1 : 2.0 * out.matched / total;
  out.mean_dice = cases.empty() ? 1 : dice / static_cast<double>(cases.size());
  out.confusion = confusion_of(pairs);
  out.by_case = bland_altman(counts_a, counts_b);
  out.by_slice = bland_altman(slices_a, slices_b);
  out.cases = std::move(cases);
  return out;
}

json to_json(const Comparison& c) {
  json cases = json::array();
  for (const CaseComparison& one : c.cases) cases.push_back(json_of(one));
  return {{"format", "sensorium-comparison"},
          {"version", 1},
          {"a", c.a},
          {"b", c.b},
          {"rule", c.rule},
          {"note", c.note},
          {"count_a", c.count_a},
          {"count_b", c.count_b},
          {"matched", c.matched},
          {"only_a", c.only_a},
          {"only_b", c.only_b},
          {"same_label", c.same_label},
          {"f1", c.f1},
          {"mean_dice", c.mean_dice},
          {"confusion", json_of(c.confusion)},
          {"bland_altman_by_case", json_of(c.by_case)},
          {"bland_altman_by_slice", json_of(c.by_slice)},
          {"cases", cases}};
}

std::string lesions_csv(const Comparison& comparison) {
  std::string out = "case,state,id_a,label_a,id_b,label_b\r\n";
  for (const CaseComparison& c : comparison.cases) {
    const auto row = [&](const char* state, int i, int j) {
      const auto at = [](const std::vector<std::string>& list, int k) {
        return k < 0 ? std::string() : csv_cell(list[static_cast<std::size_t>(k)]);
      };
      out += fmt::format("{},{},{},{},{},{}\r\n", csv_cell(c.name), state, at(c.ids_a, i),
                         at(c.labels_a, i), at(c.ids_b, j), at(c.labels_b, j));
    };
    for (const auto& [i, j] : c.agreement.pairs) row("matched", i, j);
    for (const int i : c.agreement.only_a) row("only A", i, -1);
    for (const int j : c.agreement.only_b) row("only B", -1, j);
  }
  return out;
}

std::string cases_csv(const Comparison& comparison) {
  std::string out = "case,layer_a,layer_b,count_a,count_b,matched,only_a,only_b,same_label,f1,"
                    "dice,undecided_a,undecided_b,rule\r\n";
  for (const CaseComparison& c : comparison.cases) {
    const Agreement& a = c.agreement;
    out += fmt::format("{},{},{},{},{},{},{},{},{},{:.6f},{:.6f},{},{},{}\r\n", csv_cell(c.name),
                       csv_cell(comparison.a), csv_cell(comparison.b), a.count_a, a.count_b,
                       a.matched, a.only_a.size(), a.only_b.size(), a.same_label, a.f1, a.dice,
                       c.undecided_a, c.undecided_b, csv_cell(a.rule));
  }
  return out;
}

std::string text_of(const Comparison& c) {
  std::string out = fmt::format("A: {}\nB: {}\n\n{:<24}{:>6}{:>6}{:>9}{:>8}{:>8}{:>8}{:>8}\n", c.a,
                                c.b, "case", "A", "B", "matched", "only A", "only B", "F1", "Dice");
  const auto row = [&](const std::string& name, int a, int b, int matched, double f1, double dice) {
    out += fmt::format("{:<24}{:>6}{:>6}{:>9}{:>8}{:>8}{:>8.3f}{:>8.3f}\n", name, a, b, matched,
                       a - matched, b - matched, f1, dice);
  };
  for (const CaseComparison& one : c.cases)
    row(one.name, one.agreement.count_a, one.agreement.count_b, one.agreement.matched,
        one.agreement.f1, one.agreement.dice);
  if (c.cases.size() > 1)
    row("all (mean Dice)", c.count_a, c.count_b, c.matched, c.f1, c.mean_dice);
  out += fmt::format("\nsame label in {} of {} pairs\n{}\n\ncounts A - B by case: {}\ncounts A - B "
                     "by B-scan: {}\n\nrule: {}",
                     c.same_label, c.matched, confusion_text(c), limits_text(c.by_case),
                     limits_text(c.by_slice), c.rule);
  if (!c.note.empty()) out += "\nnote: " + c.note;
  return out;
}

}
