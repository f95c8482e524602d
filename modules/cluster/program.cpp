#include "modules/cluster/program.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace sensorium {
namespace {

constexpr std::size_t most_output = 256u << 20;
constexpr std::size_t most_errors = 64u << 10;
using Clock = std::chrono::steady_clock;

class Descriptor {
public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int get() const { return fd_; }

private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read, write;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      throw Error(ErrorCode::Resources, "no more file descriptors", "close other programs");
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
  }
};

pid_t start(const std::vector<std::string>& words, const ProgramOptions& options, int in, int out,
            int err) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  std::vector<std::string> own;
  for (char** e = environ; *e; ++e) own.emplace_back(*e);
  for (const auto& [name, value] : options.environment) {
    std::erase_if(own, [&](const std::string& e) { return e.starts_with(name + "="); });
    own.push_back(name + "=" + value);
  }
  std::vector<char*> envp;
  for (std::string& e : own) envp.push_back(e.data());
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE); // an ignored signal would stay ignored in the program
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  short flags = POSIX_SPAWN_SETSIGDEF;
  if (!options.own_terminal) {
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, err, 2);
    posix_spawnattr_setpgroup(&attributes, 0); // Ctrl-C is for this program, which then ends it
    flags |= POSIX_SPAWN_SETPGROUP;
  }
  posix_spawnattr_setflags(&attributes, flags);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed == ENOENT)
    throw Error(ErrorCode::NotFound, fmt::format("the program '{}' is not installed", words[0]),
                "install it (Debian packages: openssh-client, rsync)");
  if (failed)
    throw Error(ErrorCode::Resources,
                fmt::format("'{}' cannot be started: {}", words[0], std::strerror(failed)));
  return pid;
}

int exit_status(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// One program's talk over its three pipes until it ends.
class Talk {
public:
  Talk(const std::vector<std::string>& words, const ProgramOptions& options)
      : words_(words), options_(options), left_(options.input) {
    pid_ = start(words, options, in_.read.get(), out_.write.get(), err_.write.get());
    pidfd_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    in_.read.close();
    out_.write.close();
    err_.write.close();
    for (const int fd : {in_.write.get(), out_.read.get(), err_.read.get()})
      ::fcntl(fd, F_SETFL, O_NONBLOCK);
    if (left_.empty()) in_.write.close();
  }

  ProgramResult run() {
    const auto begin = Clock::now();
    for (wait_once(); !ended(); wait_once()) {
      const std::chrono::duration<double> passed = Clock::now() - begin;
      if (options_.timeout_s > 0 && passed.count() > options_.timeout_s) {
        result_.timed_out = true;
        end();
      }
      if (refused_) end();
    }
    read_all();
    if (result_.out.size() > most_output)
      throw Error(ErrorCode::BadInput, fmt::format("'{}' wrote more than 256 MiB", words_[0]));
    return std::move(result_);
  }

private:
  void wait_once() {
    std::array<pollfd, 4> waits{pollfd{in_.write.get(), POLLOUT, 0},
                                {out_.read.get(), POLLIN, 0},
                                {err_.read.get(), POLLIN, 0},
                                {pidfd_.get(), POLLIN, 0}};
    ::poll(waits.data(), waits.size(), 100);
    write_some();
    read_all();
  }
  bool ended() {
    int status = 0;
    const pid_t got = ::waitpid(pid_, &status, WNOHANG);
    if (got != pid_) return false;
    result_.status = exit_status(status);
    return true;
  }
  void end() {
    ::kill(-pid_, SIGTERM);
    for (int i = 0; i < 20 && ::kill(pid_, 0) == 0; ++i) {
      pollfd wait{pidfd_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 100) > 0) return;
    }
    ::kill(-pid_, SIGKILL);
  }
  void write_some() {
    if (in_.write.get() < 0) return;
    const auto count = ::write(in_.write.get(), left_.data(), left_.size());
    if (count > 0) left_.remove_prefix(static_cast<std::size_t>(count));
    if (left_.empty() || (count < 0 && errno != EAGAIN && errno != EINTR)) in_.write.close();
  }
  void read_all() {
    read_from(out_.read, [this](std::string_view piece) {
      if (options_.on_output)
        refused_ = !options_.on_output(piece) || refused_;
      else if (result_.out.append(piece).size() > most_output)
        refused_ = true;
    });
    read_from(err_.read, [this](std::string_view piece) {
      result_.err.append(piece);
      if (result_.err.size() > most_errors) result_.err.erase(0, result_.err.size() - most_errors);
    });
  }
  template<class Take> static void read_from(Descriptor& fd, const Take& take) {
    char block[65536];
    while (fd.get() >= 0) {
      const auto count = ::read(fd.get(), block, sizeof block);
      if (count < 0 && errno == EINTR) continue;
      if (count == 0) fd.close();
      if (count <= 0) return;
      take(std::string_view(block, static_cast<std::size_t>(count)));
    }
  }

  const std::vector<std::string>& words_;
  const ProgramOptions& options_;
  std::string_view left_;
  Pipe in_, out_, err_;
  pid_t pid_ = -1;
  Descriptor pidfd_;
  ProgramResult result_;
  bool refused_ = false;
};

}

ProgramResult run_program(const std::vector<std::string>& words, const ProgramOptions& options) {
  if (options.own_terminal) {
    const pid_t pid = start(words, options, -1, -1, -1);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return {.status = exit_status(status), .out = {}, .err = {}};
  }
  return Talk(words, options).run();
}

}
