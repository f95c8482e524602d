// Starts a program for a test: words in, exit status and both streams out; or a talk over pipes.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace sensorium::testing_support {

class Process {
public:
  explicit Process(const std::vector<std::string>& words) {
    int in[2], out[2], err[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0)
      throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::dup2(err[1], 2);
      std::vector<char*> argv;
      for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    ::close(err[1]);
    in_ = in[1];
    out_ = out[0];
    err_ = err[0];
    ::fcntl(err_, F_SETFL, O_NONBLOCK);
  }
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    for (const int fd : {in_, out_, err_})
      if (fd >= 0) ::close(fd);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void write_line(const std::string& line) { write_text(line + "\n"); }
  void write_text(const std::string& text) {
    if (::write(in_, text.data(), text.size()) < 0) throw std::runtime_error("the program is gone");
  }
  void close_input() {
    if (in_ >= 0) ::close(in_);
    in_ = -1;
  }
  // The next line of standard output; nothing at its end or after the time.
  std::optional<std::string> read_line(int timeout_ms = 60000) {
    for (;;) {
      if (const auto end = buffer_.find('\n'); end != std::string::npos) {
        const std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      drain_errors();
      pollfd wait{out_, POLLIN, 0};
      if (::poll(&wait, 1, timeout_ms) <= 0) return std::nullopt;
      char block[65536];
      const auto count = ::read(out_, block, sizeof block);
      if (count <= 0) return std::nullopt;
      buffer_.append(block, static_cast<std::size_t>(count));
    }
  }
  // Until something can be read, or the program has closed its standard output.
  void wait_for_output(int timeout_ms = 60000) {
    pollfd wait{out_, POLLIN, 0};
    if (buffer_.find('\n') == std::string::npos) ::poll(&wait, 1, timeout_ms);
  }
  std::string read_rest() {
    std::string all;
    for (;;) {
      drain_errors();
      pollfd wait{out_, POLLIN, 0};
      if (::poll(&wait, 1, 100) == 0) continue;
      char block[65536];
      const auto count = ::read(out_, block, sizeof block);
      if (count <= 0) break;
      buffer_.append(block, static_cast<std::size_t>(count));
    }
    std::swap(all, buffer_);
    return all;
  }
  void signal(int number) { ::kill(pid_, number); }
  // The exit status, or 1000 + the signal that killed it.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    drain_errors();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  const std::string& errors() const { return errors_; }

private:
  void drain_errors() {
    char block[65536];
    for (;;) {
      const auto count = ::read(err_, block, sizeof block);
      if (count <= 0) return;
      errors_.append(block, static_cast<std::size_t>(count));
    }
  }
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
  std::string buffer_, errors_;
};

struct Outcome {
  int status;
  std::string out, err;
};

inline Outcome run_program(const std::vector<std::string>& words) {
  Process process(words);
  process.close_input();
  Outcome outcome;
  outcome.out = process.read_rest();
  outcome.status = process.wait();
  outcome.err = process.errors();
  return outcome;
}

}
