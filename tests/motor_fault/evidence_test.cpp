// The evidence as plots and tables, against the synthetic motor that it was measured of.
#include "pipelines/motor_fault/evidence_files.h"
#include "pipelines/motor_fault/synthetic.h"
#include "tests/io/support.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <sstream>

using namespace sensorium;
using namespace sensorium::motor_fault;
using namespace sensorium::test;

namespace {

Evidence evidence_of(const SyntheticOptions& o) {
  Nameplate plate;
  plate.supply_hz = o.supply_hz;
  plate.pole_pairs = o.pole_pairs;
  plate.measured_rpm = 60 * o.supply_hz / o.pole_pairs * (1 - o.slip);
  return measure(make_motor(o), {}, plate, {});
}

std::vector<std::vector<std::string>> rows_of(const std::string& csv) {
  std::vector<std::vector<std::string>> out;
  std::istringstream in(csv);
  for (std::string line; std::getline(in, line);) {
    out.emplace_back();
    std::istringstream cells(line.substr(0, line.find('\r')));
    for (std::string cell; std::getline(cells, cell, ',');) out.back().push_back(cell);
  }
  return out;
}

}

TEST(Evidence, ThePlotsShowWhatWasMeasured) {
  const Evidence e = evidence_of({.seed = 8, .step = 3, .seconds = 10});
  const auto plots = plots_of(e, {});
  ASSERT_EQ(plots.size(), 3u);
  const Plot &time = plots[0], &spectrum = plots[1], &locus = plots[2];
  // Faulty from 3 s to 7 s.
  ASSERT_EQ(time.lines.size(), 2u);
  EXPECT_NEAR(time.lines[1].x[1], 3, 0.05);
  EXPECT_NEAR(time.lines[1].x[3], 7, 0.05);
  EXPECT_GT(time.lines[1].y[2], 2 * time.lines[1].y[0]);
  EXPECT_EQ(time.samples_per_x, 1000);
  EXPECT_NEAR(time.x_to, 10, 1e-9);
  const auto& line = spectrum.lines.at(0);
  const auto top = std::max_element(line.y.begin(), line.y.end());
  EXPECT_NEAR(line.x[static_cast<std::size_t>(top - line.y.begin())], 60, 0.5);
  EXPECT_NEAR(*top, 0, 1e-6);
  EXPECT_LE(line.x.size(), 2000u);
  EXPECT_EQ(spectrum.ranges.size(), e.bands.size());
  // The ellipse in the fault is less round than the one outside.
  ASSERT_EQ(locus.lines.size(), 2u);
  const auto roundness = [](const PlotLine& l) {
    double least = 1e9, most = 0;
    for (std::size_t i = 0; i < l.x.size(); ++i) {
      const double r = std::hypot(l.x[i], l.y[i]);
      least = std::min(least, r);
      most = std::max(most, r);
    }
    return least / most;
  };
  EXPECT_LT(roundness(locus.lines[1]), roundness(locus.lines[0]) - 0.1);
  EXPECT_TRUE(locus.lines[0].faint);
  EXPECT_TRUE(locus.equal_axes);
}

TEST(Evidence, TheTablesHoldEveryNumber) {
  const Evidence e = evidence_of({.seed = 4, .fault = "none"});
  const auto spectrum = rows_of(spectrum_csv(e)), bands = rows_of(bands_csv(e, {})),
             time = rows_of(timeline_csv(e));
  EXPECT_EQ(spectrum.front(),
            (std::vector<std::string>{"frequency [Hz]", "amplitude [A]", "level [dB]"}));
  ASSERT_EQ(spectrum.size(), e.spectrum.values.size() + 1);
  EXPECT_NEAR(std::stod(spectrum[301][0]), 300 * e.spectrum.step, 1e-6);
  EXPECT_NEAR(std::stod(spectrum[301][1]), e.spectrum.values[300], 1e-6);
  EXPECT_EQ(bands.size(), e.bands.size() + 1);
  ASSERT_EQ(time.size(), e.timeline.sequence.size() + 1);
  const double size = std::stod(time[5][1]);
  EXPECT_NEAR(size, std::hypot(std::stod(time[5][2]), std::stod(time[5][3])), 1e-5);
}

TEST(Evidence, FilesAreWrittenByTheirNames) {
  TemporaryFolder folder;
  const auto e = std::make_shared<const Evidence>(evidence_of({.seed = 4}));
  for (const ResultFile& f : evidence_files(e, {})) f.write(folder / f.name, {});
  for (const char* name : {"evidence_spectrum.csv", "evidence_bands.csv", "evidence_timeline.csv"})
    EXPECT_GT(std::filesystem::file_size(folder / name), 100u) << name;
  const auto plots =
      plots_from_json(nlohmann::json::parse(read_text(folder / "plots.json")), "plots.json");
  EXPECT_EQ(plots.size(), 3u);
}
