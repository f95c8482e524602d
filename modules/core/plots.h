// Plots of a result as data: a pipeline writes them to plots.json, and the report draws them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace sensorium {

struct PlotLine {
  std::string name;         // for the legend; empty: none
  std::vector<double> x, y; // of one length; no number: a gap
  bool faint = false;       // something to compare with
};

// A part of the x axis that is named: a fault band, say.
struct PlotRange {
  double from = 0, to = 0;
  std::string label;
  bool strong = false; // draws the eye
};

struct Plot {
  std::string title, caption; // the caption says how to read it
  std::string x_label, y_label;
  double x_from = 0, x_to = 1, y_from = 0, y_to = 1; // from < to
  bool equal_axes = false;                           // a unit is as long along y as along x
  std::vector<PlotLine> lines;
  std::vector<PlotRange> ranges;
  // Where x is time: sample k lies at x = first_x + k / samples_per_x, so that spans of findings
  // can be shown. 0: x is no time.
  double samples_per_x = 0, first_x = 0;
};

nlohmann::json to_json(const std::vector<Plot>& plots);
// Throws Error BadInput naming the source and the key: a missing key, limits that are no numbers or
// in the wrong order, coordinates of two lengths, more than a million points in all.
std::vector<Plot> plots_from_json(const nlohmann::json& json, const std::string& source);

// Round numbers between two limits: 1, 2 or 5 times a power of ten apart, at most about `wanted`.
std::vector<double> ticks_between(double from, double to, int wanted);

}
