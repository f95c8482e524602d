// What `sensorium info` says about a recording: channels, rate, duration, audit.
#pragma once

#include "modules/core/dataset.h"

#include <nlohmann/json.hpp>

namespace sensorium {

std::string recording_text(const Recording& recording);
nlohmann::json audit_json(const Recording& recording);

}
