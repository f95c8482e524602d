// Findings by hand for the tests of several readers.
#pragma once

#include "modules/core/error.h"
#include "modules/review/events.h"
#include "modules/review/footprint.h"

#include <gtest/gtest.h>

#include <functional>

namespace sensorium::test {

inline Finding lesion(const std::string& id, std::vector<Run> runs,
                      const std::string& label = "focus") {
  Finding f;
  f.id = id;
  f.label = label;
  f.footprint = std::move(runs);
  place(f);
  return f;
}

inline const std::array<Spacing, 3> micrometres{known_spacing(10, ScaleSource::HeaderTag, "x"),
                                                known_spacing(10, ScaleSource::HeaderTag, "y"),
                                                known_spacing(100, ScaleSource::HeaderTag, "z")};

// Events as a log numbers them.
class Story {
public:
  Story& add(const std::string& reader, const std::string& kind, const nlohmann::json& data) {
    check_event(kind, data);
    events.push_back({static_cast<std::int64_t>(events.size()) + 1, "2026-01-01T00:00:00Z", reader,
                      kind, data, "", ""});
    return *this;
  }
  std::vector<Event> events;
};

inline std::string message_of(ErrorCode code, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    EXPECT_FALSE(e.hint().empty()) << e.what();
    return std::string(e.what()) + " " + e.hint();
  }
  ADD_FAILURE() << "no error";
  return {};
}

}
