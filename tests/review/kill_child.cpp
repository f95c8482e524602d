// Appends events for ever; a number is printed once its append has returned, as the window would
// show it then.
#include "modules/core/error.h"
#include "modules/review/review_log.h"

#include <cstdio>

int main(int count, char** arguments) try {
  using namespace sensorium;
  if (count != 2) return 2;
  const auto log = ReviewLog::open(arguments[1], ReviewLog::Mode::ReadWrite);
  if (log->read_only()) return 3;
  Finding finding;
  finding.id = "f";
  finding.label = "focus";
  for (int i = 0;; ++i) {
    finding.footprint = {{i % 97, 10, i % 400, 1 + i % 50}};
    const Event event =
        i % 3 == 0   ? log->append("kim", "accept", decision_data(finding))
        : i % 3 == 1 ? log->append("kim", "paint", paint_data(finding, finding.footprint, {}))
                     : log->undo("kim").value();
    std::printf("%lld %s\n", static_cast<long long>(event.number), event.hash.c_str());
    std::fflush(stdout);
  }
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
