// kill -9 at random moments: an event that was shown is in the log afterwards, and the log still
// takes new ones.
#include "modules/review/review_log.h"

#include <gtest/gtest.h>

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

std::string read_all(int fd) {
  std::string text;
  char part[4096];
  for (ssize_t n; (n = ::read(fd, part, sizeof part)) > 0;)
    text.append(part, static_cast<std::size_t>(n));
  return text;
}

}

TEST(Kill, EveryShownEventIsThere) {
  const fs::path folder =
      fs::temp_directory_path() / ("sensorium_kill_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const fs::path file = folder / "review.sqlite";
  std::mt19937 random(20260131);
  std::uniform_int_distribution<int> milliseconds(0, 250);
  std::map<long long, std::string> shown;
  int kills = 0, after_start = 0;
  for (; kills < KILLS; ++kills) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = start(file, ends[1]);
    ::close(ends[1]);
    std::string text;
    std::thread reader([&] { text = read_all(ends[0]); });
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds(random)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    reader.join();
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
  EXPECT_GT(after_start, KILLS / 2); // else the kills came before there was anything to lose
  std::printf("%d kills, %d of them after events had been shown, 0 shown events lost\n", kills,
              after_start);
  fs::remove_all(folder);
}
