// kill -9 at random moments: an event that was shown is in the log afterwards, and the log still
// takes new ones.
#include "modules/review/review_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace sensorium;
namespace fs = std::filesystem;

namespace {

pid_t start(const fs::path& log, int output) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(output, STDOUT_FILENO);
    ::execl(CHILD, CHILD, log.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  return child;
}

// Reads until this many lines have come (the child then still runs), or to the end with -1.
void read_lines(int fd, long wanted, std::string& text) {
  char part[4096];
  const auto lines = [&] { return std::count(text.begin(), text.end(), '\n'); };
  while (wanted < 0 || lines() < wanted) {
    const ssize_t n = ::read(fd, part, sizeof part);
    if (n <= 0) return;
    text.append(part, static_cast<std::size_t>(n));
  }
}

}

TEST(Kill, EveryShownEventIsThere) {
  const fs::path folder =
      fs::temp_directory_path() / ("sensorium_kill_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const fs::path file = folder / "review.sqlite";
  std::mt19937 random(20260131);
  // The kill comes after so many events that were shown, and a moment later: however fast the
  // machine is. Every tenth child is killed at once.
  std::uniform_int_distribution<int> events(1, 60), microseconds(0, 4000);
  std::map<long long, std::string> shown;
  int kills = 0, after_start = 0;
  for (; kills < KILLS; ++kills) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = start(file, ends[1]);
    ::close(ends[1]);
    std::string text;
    if (kills % 10 != 0) read_lines(ends[0], events(random), text);
    std::this_thread::sleep_for(std::chrono::microseconds(microseconds(random)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    read_lines(ends[0], -1, text);
    ::close(ends[0]);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
    std::istringstream lines(text);
    const std::size_t before = shown.size();
    for (std::string line; std::getline(lines, line) && !lines.eof();) {
      std::istringstream words(line);
      long long number = 0;
      std::string hash;
      words >> number >> hash;
      if (hash.size() == 64) shown[number] = hash;
    }
    after_start += shown.size() > before;
    const auto log = ReviewLog::open(file, ReviewLog::Mode::ReadWrite);
    ASSERT_FALSE(log->read_only()) << log->read_only_reason();
    ASSERT_TRUE(log->verify().intact) << log->verify().text;
    std::map<long long, std::string> stored;
    for (const Event& event : log->events()) stored[event.number] = event.hash;
    for (const auto& [number, hash] : shown)
      ASSERT_EQ(stored[number], hash) << "after kill " << kills;
    if (stored.size() > 3000) {
      fs::remove_all(folder);
      fs::create_directories(folder);
      shown.clear();
    }
  }
  EXPECT_GE(after_start, KILLS - (KILLS + 9) / 10) << "each of the others had shown something";
  std::printf("%d kills, %d of them after events had been shown, 0 shown events lost\n", kills,
              after_start);
  fs::remove_all(folder);
}
