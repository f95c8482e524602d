// Trials as an Optuna study in one SQLite file: optuna.load_study(storage="sqlite:///FILE") and
// optuna-dashboard open it. The tables are those of Optuna's schema 12 (alembic v3.2.0.a,
// Optuna 3.2 to 4.x).
#pragma once

#include "modules/sweep/trial.h"

namespace sensorium {

struct Study {
  std::string name;
  SearchSpace space;
  bool maximise = false;
  std::vector<Trial> trials; // any order; numbers without one become waiting trials
  nlohmann::json about;      // kept as the study's attribute "sensorium"
};

// Replaces the file when it is whole. Throws Error Resources; BadInput for a trial whose parameters
// are not of the space.
void write_study(const std::filesystem::path& path, const Study& study);

// A file of write_study, or of Optuna itself, with one study of one objective. Parameters are of
// the first distribution that the file has for each. Throws Error NotFound, BadInput naming the
// file.
Study read_study(const std::filesystem::path& path);

}
