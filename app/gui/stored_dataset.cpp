#include "app/gui/stored_dataset.h"

#include "modules/core/dataset_store.h"
#include "modules/core/error.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sensorium {
namespace {

constexpr int patience_ms = 20000; // for the next bytes of an answer: then the decoder hangs

// Not a QProcess: that belongs to one thread, and frames are asked for by any.
class ServedFrames final : public DecodedFrames {
public:
  ServedFrames(const std::string& program, const std::string& store, std::string name,
               std::size_t frame_bytes)
      : name_(std::move(name)), frame_bytes_(frame_bytes) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw lost("could not be started");
    // The file itself goes with it: its name may be gone before the decoder has begun.
    const int file = ::open(store.c_str(), O_RDONLY | O_CLOEXEC);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, file, 3);
    std::string words[] = {program, "worker", "--frames", "/dev/fd/3"};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(),
                         nullptr};
    const int fault =
        ::posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (file >= 0) ::close(file);
    channel_ = ends[0];
    if (fault != 0) {
      process_ = 0;
      end();
      throw lost("could not be started");
    }
  }
  ~ServedFrames() override { end(); }

private:
  Error lost(std::string_view why) const {
    return Error(ErrorCode::Resources, "the decoder of '" + name_ + "' " + std::string(why),
                 "open the clip again");
  }
  void end() const {
    if (channel_ >= 0) ::close(channel_);
    channel_ = -1;
    if (process_ > 0) {
      ::kill(process_, SIGKILL); // it holds nothing
      while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    process_ = 0;
  }
  void receive(std::byte* to, std::size_t size) const {
    while (size > 0) {
      pollfd ready{.fd = channel_, .events = POLLIN, .revents = 0};
      const int answer = ::poll(&ready, 1, patience_ms);
      if (answer < 0 && errno == EINTR) continue;
      const ssize_t got = answer > 0 ? ::recv(channel_, to, size, 0) : 0;
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        end();
        throw lost(answer == 0 ? "does not answer" : "has ended");
      }
      to += got;
      size -= static_cast<std::size_t>(got);
    }
  }
  std::string line() const {
    std::string out;
    for (char c = 0; out.size() < 4096;) {
      receive(reinterpret_cast<std::byte*>(&c), 1);
      if (c == '\n') return out;
      out += c;
    }
    end();
    throw lost("gave a damaged answer");
  }
  void decode(int t, const Keep& keep) const override {
    if (channel_ < 0) throw lost("has ended");
    const std::string question = std::to_string(t) + "\n";
    if (::send(channel_, question.data(), question.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(question.size())) {
      end();
      throw lost("has ended");
    }
    const std::string answer = line();
    if (answer.starts_with("error ")) throw Error(ErrorCode::BadInput, answer.substr(6));
    if (answer != "frame " + std::to_string(frame_bytes_)) {
      end();
      throw lost("gave a damaged answer");
    }
    std::vector<std::byte> bytes(frame_bytes_);
    receive(bytes.data(), bytes.size());
    keep(t, Buffer(std::move(bytes)));
  }

  std::string name_;
  std::size_t frame_bytes_;
  mutable pid_t process_ = 0;
  mutable int channel_ = -1;
};

}

std::shared_ptr<const Dataset> stored_dataset(const QString& store, const QString& worker_program) {
  const std::string file = store.toStdString(), program = worker_program.toStdString();
  return std::make_shared<const Dataset>(map_dataset(file, [&](const Video& video,
                                                               const std::string&) {
    return std::make_shared<ServedFrames>(program, file, video.origin.path, video.frame_bytes());
  }));
}

}
