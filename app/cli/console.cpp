#include "app/cli/console.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <unistd.h>

namespace sensorium {
using nlohmann::json;
namespace {

std::atomic<bool> stop_requested{false};
std::atomic<bool> bar_shown{false};

// A scheduler may send TERM more than once: only a second Ctrl-C is meant to kill.
void on_signal(int signal_number) {
  if (stop_requested.exchange(true) && signal_number == SIGINT) {
    std::signal(signal_number, SIG_DFL);
    std::raise(signal_number);
  }
}

// At most ten reports a second reach the terminal.
class Reporter {
public:
  explicit Reporter(bool terminal) : terminal_(terminal) {}
  void show(double fraction, std::string_view what) {
    const auto now = std::chrono::steady_clock::now();
    const bool same = what == last_text_;
    if (same && fraction < 1 && now - last_ < std::chrono::milliseconds(terminal_ ? 100 : 1000))
      return;
    last_ = now;
    last_text_ = what;
    if (!terminal_) {
      std::fputs((json{{"progress", fraction}, {"text", last_text_}}.dump() + "\n").c_str(),
                 stderr);
      return;
    }
    constexpr int width = 30;
    const int filled = static_cast<int>(fraction * width);
    std::string bar;
    for (int i = 0; i < width; ++i) bar += i < filled ? "━" : "╌";
    std::fputs(fmt::format("\r\033[K{} {:3.0f} %  {}", bar, fraction * 100, last_text_).c_str(),
               stderr);
    std::fflush(stderr);
    bar_shown = true;
  }

private:
  bool terminal_;
  std::chrono::steady_clock::time_point last_;
  std::string last_text_ = "\x01";
};

}

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGUSR1, on_signal); // of a scheduler: the time limit is near
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() { return stop_requested; }

Context Console::context() const {
  Context context;
  context.device = device;
  context.threads = threads;
  const auto reporter = std::make_shared<Reporter>(::isatty(STDERR_FILENO) != 0);
  context.progress = [reporter, silent = quiet](double fraction, std::string_view what) {
    if (!silent) reporter->show(fraction, what);
    return !interrupted();
  };
  context.log = [as_json = json](LogLevel level, std::string_view text) {
    if (level != LogLevel::Warning) return;
    if (bar_shown.exchange(false)) std::fputs("\r\033[K", stderr);
    if (as_json)
      std::fputs((nlohmann::json{{"warning", text}}.dump() + "\n").c_str(), stderr);
    else
      std::fputs(fmt::format("warning: {}\n", text).c_str(), stderr);
  };
  return context;
}

void Console::end_progress() const {
  if (bar_shown.exchange(false)) std::fputs("\r\033[K", stderr);
}

void Console::print(const std::string& text) const {
  if (json) return;
  end_progress();
  std::fputs((text + "\n").c_str(), stdout);
}

void Console::print(const nlohmann::json& document) const {
  if (!json) return;
  std::fputs(
      (document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n").c_str(),
      stdout);
}

void Console::print_error(const Error& error) const {
  end_progress();
  if (json) {
    const nlohmann::json document = {
        {"error",
         {{"code", name_of(error.code())}, {"message", error.what()}, {"hint", error.hint()}}}};
    std::fputs(
        (document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n").c_str(),
        stdout);
    return;
  }
  std::fputs(fmt::format("error: {}\n", error.what()).c_str(), stderr);
  if (!error.hint().empty()) std::fputs(fmt::format("  hint: {}\n", error.hint()).c_str(), stderr);
}

}
