#include "modules/core/plots.h"

#include "modules/core/error.h"
#include "modules/core/json_text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace sensorium {

using nlohmann::json;

namespace {

constexpr std::size_t most_points = 1000000, most_plots = 100, most_ranges = 10000;

// JSON has no word for "no number" but null.
json numbers(const std::vector<double>& values) {
  json out = json::array();
  for (const double v : values) out.push_back(std::isfinite(v) ? json(v) : json());
  return out;
}

std::vector<double> numbers_from(const json& in) {
  std::vector<double> out;
  for (const json& v : in)
    out.push_back(v.is_null() ? std::numeric_limits<double>::quiet_NaN() : v.get<double>());
  return out;
}

Plot plot_from(const json& in, std::size_t& points) {
  const json &x = in.at("x"), &y = in.at("y");
  Plot p{.title = in.at("title"),
         .caption = in.value("caption", ""),
         .x_label = x.at("label"),
         .y_label = y.at("label"),
         .x_from = x.at("from"),
         .x_to = x.at("to"),
         .y_from = y.at("from"),
         .y_to = y.at("to"),
         .equal_axes = in.value("equal_axes", false)};
  for (const auto& [from, to] : {std::pair{p.x_from, p.x_to}, std::pair{p.y_from, p.y_to}})
    if (!std::isfinite(from) || !std::isfinite(to) || !(from < to))
      throw Error(ErrorCode::BadInput, fmt::format("an axis from {} to {}", from, to));
  if (in.contains("time")) {
    p.samples_per_x = in.at("time").at("samples_per_x");
    p.first_x = in.at("time").at("first_x");
  }
  for (const json& l : in.at("lines")) {
    points += l.at("x").size();
    if (l.at("x").size() != l.at("y").size() || points > most_points)
      throw Error(ErrorCode::BadInput, fmt::format("a line of {} and {} coordinates",
                                                   l.at("x").size(), l.at("y").size()));
    p.lines.push_back({l.value("name", ""), numbers_from(l.at("x")), numbers_from(l.at("y")),
                       l.value("faint", false)});
  }
  for (const json& r : in.at("ranges")) {
    if (p.ranges.size() >= most_ranges) throw Error(ErrorCode::BadInput, "too many ranges");
    p.ranges.push_back({r.at("from"), r.at("to"), r.value("label", ""), r.value("strong", false)});
  }
  return p;
}

}

json to_json(const std::vector<Plot>& plots) {
  json out = json::array();
  for (const Plot& p : plots) {
    json lines = json::array(), ranges = json::array();
    for (const PlotLine& l : p.lines)
      lines.push_back(
          {{"name", l.name}, {"x", numbers(l.x)}, {"y", numbers(l.y)}, {"faint", l.faint}});
    for (const PlotRange& r : p.ranges)
      ranges.push_back({{"from", r.from}, {"to", r.to}, {"label", r.label}, {"strong", r.strong}});
    json one = {{"title", p.title},
                {"caption", p.caption},
                {"x", {{"label", p.x_label}, {"from", p.x_from}, {"to", p.x_to}}},
                {"y", {{"label", p.y_label}, {"from", p.y_from}, {"to", p.y_to}}},
                {"equal_axes", p.equal_axes},
                {"lines", lines},
                {"ranges", ranges}};
    if (p.samples_per_x > 0)
      one["time"] = {{"samples_per_x", p.samples_per_x}, {"first_x", p.first_x}};
    out.push_back(std::move(one));
  }
  return {{"format", "sensorium-plots"}, {"plots", out}};
}

std::vector<Plot> plots_from_json(const json& in, const std::string& source) {
  try {
    if (in.at("format") != "sensorium-plots" || in.at("plots").size() > most_plots)
      throw Error(ErrorCode::BadInput, "these are no plots");
    std::vector<Plot> out;
    std::size_t points = 0;
    for (const json& p : in.at("plots")) out.push_back(plot_from(p, points));
    return out;
  } catch (const Error& e) {
    throw Error(ErrorCode::BadInput, fmt::format("'{}': {}", source, e.what()),
                "run the analysis again");
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput, fmt::format("'{}' holds no plots: {}", source, json_fault(e)),
                "run the analysis again");
  }
}

std::vector<double> ticks_between(double from, double to, int wanted) {
  if (!(to > from) || wanted < 1) return {};
  const double rough = (to - from) / wanted, power = std::pow(10, std::floor(std::log10(rough)));
  const double part = rough / power;
  const double step = power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
  std::vector<double> out;
  for (double k = std::ceil(from / step - 1e-9); k * step <= to + 1e-9 * step; ++k)
    out.push_back(k * step);
  return out;
}

}
