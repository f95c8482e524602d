#include "modules/core/context.h"

#include "modules/core/error.h"

#include <algorithm>
#include <thread>

namespace sensorium {

void Context::step(double fraction, std::string_view what) const {
  if (progress && !progress(std::clamp(fraction, 0.0, 1.0), what))
    throw Error(ErrorCode::Cancelled, "stopped on request");
}

void Context::info(std::string_view text) const {
  if (log) log(LogLevel::Info, text);
}

void Context::warn(std::string_view text) const {
  if (log) log(LogLevel::Warning, text);
}

int Context::thread_count() const {
  return threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

Context Context::part(double from, double to) const {
  Context inner = *this;
  if (progress)
    inner.progress = [outer = progress, from, to](double fraction, std::string_view what) {
      return outer(from + (to - from) * std::clamp(fraction, 0.0, 1.0), what);
    };
  return inner;
}

}
