// Any bytes as a review log (a SQLite file), or as the data of events: opened, verified, folded.
#include "modules/core/error.h"
#include "modules/review/review_log.h"
#include "modules/review/reviewed.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

using namespace sensorium;

namespace {

constexpr const char* kinds[] = {
    "accept", "reject", "reset",      "relabel",      "paint", "draw", "note", "measure",
    "remove", "fovea",  "parameters", "import_layer", "undo",  "redo", "sign", "nonsense"};

Findings two() {
  Findings findings;
  for (int i = 0; i < 2; ++i) {
    Finding f;
    f.id = i == 0 ? "a" : "b";
    f.label = "focus";
    f.footprint = {{i, 1, 1, 2}};
    findings.items.push_back(f);
  }
  return findings;
}

void use(const std::vector<Event>& events) {
  const std::array<Spacing, 3> spacing{known_spacing(4, ScaleSource::HeaderTag, "x"),
                                       known_spacing(4, ScaleSource::HeaderTag, "y"),
                                       {}};
  const ReviewState state = fold(two(), events, "", &spacing);
  (void)reviewed_findings(two(), state);
  (void)reviewed_mask(state, 8, 8, 4);
  (void)reviewed_csv(state);
  (void)to_json(state).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

template<class Work> void fair(const Work& work) {
  try {
    work();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::Internal) std::abort();
  }
}

// Lines: a letter for the kind, then the data.
void as_events(std::string_view text) {
  std::vector<Event> events;
  while (!text.empty() && events.size() < 50) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const std::string kind = kinds[static_cast<unsigned char>(line[0]) % std::size(kinds)];
    fair([&] {
      auto data = parse_event_data(line.substr(1));
      fair([&] { check_event(kind, data); });
      events.push_back({static_cast<std::int64_t>(events.size()) + 1, "2026-01-31T12:00:00Z", "kim",
                        kind, std::move(data), "", ""});
    });
  }
  fair([&] { use(events); });
}

void as_file(const std::uint8_t* data, std::size_t size) {
  static const std::string path =
      "/dev/shm/sensorium_fuzz_" + std::to_string(::getpid()) + ".sqlite";
  const int fd = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  if (fd < 0 || ::write(fd, data, size) != static_cast<ssize_t>(size)) std::abort();
  ::close(fd);
  fair([&] {
    const auto log = ReviewLog::open(path, ReviewLog::Mode::ReadOnly);
    (void)log->verify();
    use(log->events());
  });
}

}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16 && std::equal(data, data + 6, "SQLite"))
    as_file(data, size);
  else
    as_events({reinterpret_cast<const char*>(data), size});
  return 0;
}
