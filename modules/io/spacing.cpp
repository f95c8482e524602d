#include "modules/io/spacing.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <cmath>

namespace sensorium {
namespace {

void set(Spacing& spacing, const std::optional<double>& value, char axis, bool force) {
  if (!value) return;
  if (!std::isfinite(*value) || *value <= 0 || *value > 1e6)
    throw Error(ErrorCode::Usage,
                fmt::format("a spacing of {} um along {} is not possible", *value, axis),
                "give micrometres per pixel, above 0 and at most 1000000");
  if (!spacing.known() || force)
    spacing = known_spacing(*value, ScaleSource::UserEntry, "entered by the user");
}

}

Dataset with_user_spacing(Dataset dataset, const std::array<std::optional<double>, 3>& micrometres,
                          bool force) {
  if (auto* volume = std::get_if<Volume>(&dataset)) {
    for (std::size_t i = 0; i < 3; ++i) set(volume->spacing[i], micrometres[i], "xyz"[i], force);
    return dataset;
  }
  if (!std::holds_alternative<Video>(dataset))
    throw Error(ErrorCode::Usage, fmt::format("a {} has no spacing", kind_of(dataset)),
                "a spacing is entered for images only");
  if (micrometres[2])
    throw Error(ErrorCode::Usage, "a video has no spacing along z", "give x and y only");
  auto* video = std::get_if<Video>(&dataset);
  if (video == nullptr) return dataset;
  for (std::size_t i = 0; i < 2; ++i) set(video->spacing[i], micrometres[i], "xy"[i], force);
  return dataset;
}

}
