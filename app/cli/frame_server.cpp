#include "app/cli/frame_server.h"

#include "modules/core/dataset_store.h"
#include "modules/core/error.h"

#include <fmt/format.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <unistd.h>

namespace sensorium {
namespace {

int frame_number(const std::string& line, int frames) {
  int t = -1;
  const auto [end, fault] = std::from_chars(line.data(), line.data() + line.size(), t);
  if (fault != std::errc() || end != line.data() + line.size() || t < 0 || t >= frames)
    throw Error(ErrorCode::Usage, fmt::format("'{}' is no frame from 0 to {}", line, frames - 1));
  return t;
}

// One line: it ends the answer.
std::string without_breaks(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  return text;
}

}

int serve_frames(Session& session, const std::string& store) {
  std::signal(SIGINT, SIG_IGN); // the window ends it
  // Standard output belongs to the answers alone: whatever a library prints goes to standard error.
  std::FILE* out = ::fdopen(::dup(STDOUT_FILENO), "w");
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  const Dataset dataset = map_dataset(store, [&](const Video& video, const std::string& index) {
    return session.registry.frames(video, index);
  });
  const auto* video = std::get_if<Video>(&dataset);
  if (video == nullptr)
    throw Error(ErrorCode::Unsupported, fmt::format("'{}' holds no clip", store));
  for (std::string line; std::getline(std::cin, line) && out != nullptr;) {
    try {
      const Buffer frame = video->frame(frame_number(line, video->frames));
      fmt::print(out, "frame {}\n", frame.size());
      std::fwrite(frame.bytes().data(), 1, frame.size(), out);
    } catch (const Error& e) {
      fmt::print(out, "error {}\n", without_breaks(e.what()));
    }
    if (std::fflush(out) != 0) break; // the window is gone
  }
  return 0;
}

}
