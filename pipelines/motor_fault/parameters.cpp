#include "pipelines/motor_fault/parameters.h"

#include "modules/signal/spectrum.h"

namespace sensorium::motor_fault {

void describe(ParameterVisitor& v, MotorParameters& p) {
  v.text("nameplate", p.nameplate,
         {.help = "JSON file with supply_hz, rated_rpm, pole_pairs, measured_rpm, bearings."});
  v.number("rate", p.rate,
           {.help = "Sample rate where the file does not say it; 0 takes the file's.",
            .unit = "Hz",
            .min = 0,
            .max = 1e8});
  v.text(
      "phases", p.phases,
      {.help = "Names of the three current channels, parted by commas; empty: by name or order."});
  v.choice("window", p.window, window_names(), {.help = "Window of the spectrum."});
  v.number("least_change", p.least_change,
           {.help = "Least change of I2/I1 within the recording that counts as a fault's begin.",
            .unit = "",
            .min = 0.001,
            .max = 1,
            .live = true});
  v.number("least_ratio", p.least_ratio,
           {.help = "I2/I1 from which a recording without a change counts as faulty (empirical).",
            .unit = "",
            .min = 0.001,
            .max = 1,
            .live = true});
  v.number("sure_above", p.sure_above,
           {.help = "Probability of a class below which the answer is 'unsure'.",
            .unit = "",
            .min = 0,
            .max = 1,
            .live = true});
  const auto level = [&](const char* name, double& value, const char* fault) {
    v.number(name, value,
             {.help = std::string("Level of a ") + fault +
                      " band from which it counts as incipient (empirical); moderate and severe "
                      "keep their distance.",
              .unit = "dB",
              .min = -120,
              .max = 0,
              .live = true});
  };
  level("broken_bar_from", p.broken_bar_from, "broken-bar");
  level("eccentricity_from", p.eccentricity_from, "eccentricity");
  level("bearing_from", p.bearing_from, "bearing");
  v.flag("use_network", p.use_network,
         {.help = "Let the trained network name phase and severity; else rules alone."});
}

}
