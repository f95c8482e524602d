#include "pipelines/motor_fault/commands.h"

#include "modules/core/file.h"
#include "pipelines/motor_fault/synthetic.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sensorium::motor_fault {

using nlohmann::json;

namespace {

json phantom(const std::vector<std::string>&, const json& parameters,
             const std::filesystem::path& output, const Context&) {
  const auto o = parameters_from<SyntheticOptions>(parameters);
  const Recording r = make_motor(o);
  std::array<std::vector<double>, 3> values;
  for (std::size_t k = 0; k < 3; ++k) values[k] = block(r, k, 0, r.length);
  std::string text = fmt::format(
      "# synthetic motor, seed {}\n# sample rate: {} Hz\nia [A],ib [A],ic [A]\n", o.seed, o.rate);
  for (std::size_t i = 0; i < r.length; ++i)
    text += fmt::format("{:.5f},{:.5f},{:.5f}\n", values[0][i], values[1][i], values[2][i]);
  write_atomically(output / "motor.csv", text);
  write_atomically(output / "truth.json", parameters_json(o).dump(2));
  const double rpm = 60 * o.supply_hz / o.pole_pairs;
  write_atomically(output / "nameplate.json", json{{"name", "synthetic motor"},
                                                   {"supply_hz", o.supply_hz},
                                                   {"pole_pairs", o.pole_pairs},
                                                   {"rated_rpm", rpm * 0.96},
                                                   {"measured_rpm", rpm * (1 - o.slip)}}
                                                  .dump(2));
  return {{"recording", (output / "motor.csv").string()},
          {"nameplate", (output / "nameplate.json").string()}};
}

}

std::vector<PipelineCommand> commands() {
  std::vector<PipelineCommand> out = training_commands();
  out.insert(out.begin(), {.verb = "phantom",
                           .title = "Make a synthetic recording with its truth",
                           .parameters = specs_of<SyntheticOptions>(),
                           .without_files = "a motor is made from its parameters alone",
                           .run = phantom});
  return out;
}

}
