#include "app/cli/ranks.h"

#include "modules/cluster/transport.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/json_text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdio>
#include <map>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr const char* node_hint =
    R"(a row for each rank: [{"rank": 0, "host": "localhost"}, {"rank": 1, "host": "node2"}], or CSV with these columns)";

std::string own_name() {
  char name[HOST_NAME_MAX + 1] = {};
  ::gethostname(name, HOST_NAME_MAX);
  return name;
}

bool is_here(const std::string& host) {
  return host == "localhost" || host == "127.0.0.1" || host == own_name();
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');) {
    const auto from = cell.find_first_not_of(" \t\r\""), to = cell.find_last_not_of(" \t\r\"");
    out.push_back(from == std::string::npos ? "" : cell.substr(from, to - from + 1));
  }
  return out;
}

json rows_of_csv(const std::string& text) {
  json rows = json::array();
  std::istringstream in(text);
  std::vector<std::string> names;
  for (std::string line; std::getline(in, line);) {
    const auto cells = cells_of(line);
    if (cells.empty() || (cells.size() == 1 && cells[0].empty())) continue;
    if (names.empty()) {
      names = cells;
      continue;
    }
    json row = json::object();
    for (std::size_t i = 0; i < std::min(names.size(), cells.size()); ++i) row[names[i]] = cells[i];
    rows.push_back(row);
  }
  return rows;
}

std::string text_of(const json& row, const char* key) {
  const json value = row.is_object() ? row.value(key, json("")) : json("");
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Its last line that says why it ended.
std::string reason_in(const fs::path& messages) {
  std::string found;
  if (!fs::exists(messages)) return found;
  std::istringstream in(read_text(messages, 64u << 20));
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("error: ")) found = line.substr(7);
  return found;
}

// How many ranks before this one share its computer.
int number_on_its_computer(const std::vector<RankHost>& hosts, int rank) {
  const std::string& own = hosts[static_cast<std::size_t>(rank)].host;
  return static_cast<int>(
      std::count_if(hosts.begin(), hosts.begin() + rank, [&](const RankHost& h) {
        return h.host == own || (is_here(h.host) && is_here(own));
      }));
}

}

std::vector<RankHost> read_node_file(const fs::path& file) {
  const std::string text = read_text(file, 1u << 20);
  const auto first = text.find_first_not_of(" \t\r\n");
  const json rows = first != std::string::npos && text[first] == '['
                        ? parse_json(text, file.string(), node_hint)
                        : rows_of_csv(text);
  std::map<int, RankHost> found;
  for (const json& row : rows) {
    const std::string number = text_of(row, "rank"), host = text_of(row, "host");
    const bool counts = !number.empty() && number.size() < 5 &&
                        number.find_first_not_of("0123456789") == std::string::npos;
    if (!counts || host.empty() || host.starts_with("-") ||
        !found.emplace(std::stoi(number), RankHost{host, text_of(row, "devices")}).second)
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' has the row {}, whose rank or host is missing, wrong or there "
                              "twice",
                              file.string(), row.dump()),
                  node_hint);
  }
  std::vector<RankHost> out;
  for (const auto& [rank, host] : found) {
    if (rank != static_cast<int>(out.size())) break;
    out.push_back(host);
  }
  if (out.empty() || out.size() != found.size())
    throw Error(ErrorCode::BadInput,
                fmt::format("the ranks of '{}' are not 0, 1, 2 and so on", file.string()),
                node_hint);
  if (!is_here(out.front().host))
    throw Error(ErrorCode::Usage,
                fmt::format("rank 0 of '{}' is '{}', and this computer is '{}'", file.string(),
                            out.front().host, own_name()),
                "start the command on the computer of rank 0");
  return out;
}

RankLaunch::RankLaunch(const std::vector<RankHost>& hosts, const std::vector<std::string>& words,
                       const fs::path& output, int threads)
    : output_(fs::absolute(output)), ranks_(static_cast<int>(hosts.size())), threads_(threads) {
  const auto here = std::count_if(hosts.begin(), hosts.end(),
                                  [](const RankHost& host) { return is_here(host.host); });
  if (threads_ == 0)
    threads_ = std::max(1, static_cast<int>(std::thread::hardware_concurrency() / here));
  if (here == ranks_) {
    meeting_ =
        fs::temp_directory_path() / fmt::format("sensorium-ranks-{}-{}", ::getuid(), ::getpid());
    fs::remove(meeting_);
    where_ = "file:" + meeting_.string();
  } else {
    where_ = fmt::format("tcp:{}:{}", hosts[0].host == "localhost" ? own_name() : hosts[0].host,
                         20000 + ::getpid() % 12000);
  }
  for (int rank = 1; rank < ranks_; ++rank)
    start(rank, number_on_its_computer(hosts, rank), hosts[static_cast<std::size_t>(rank)], words);
  ::setenv("SENSORIUM_RANK", "0", 1);
  ::setenv("SENSORIUM_LOCAL_RANK", "0", 1);
  ::setenv("SENSORIUM_RANKS", std::to_string(ranks_).c_str(), 1);
  ::setenv("SENSORIUM_RANK_MEETING", where_.c_str(), 1);
}

void RankLaunch::start(int rank, int local, const RankHost& host,
                       const std::vector<std::string>& words) {
  const bool here = is_here(host.host);
  std::vector<std::string> command{"env",
                                   fmt::format("SENSORIUM_RANK={}", rank),
                                   fmt::format("SENSORIUM_RANKS={}", ranks_),
                                   fmt::format("SENSORIUM_LOCAL_RANK={}", local),
                                   "SENSORIUM_RANK_MEETING=" + where_,
                                   fs::read_symlink("/proc/self/exe").string(),
                                   "--quiet"};
  std::vector<std::string> mine = words_without(words, {}, {"--json", "--quiet"});
  if (here) {
    mine = words_without(mine, {"--threads"}, {});
    command.insert(command.end(), {"--threads", std::to_string(threads_)});
  }
  if (!host.device.empty()) {
    mine = words_without(mine, {"--device"}, {});
    command.insert(command.end(), {"--device", host.device});
  }
  command.insert(command.end(), mine.begin(), mine.end());
  if (!here) {
    std::string line = "cd " + posix_quoted(fs::current_path().string()) + " && exec";
    for (const std::string& word : command) line += " " + posix_quoted(word);
    command = {"ssh", "-o", "BatchMode=yes", "--", host.host, line};
  }
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  make_folder(folder_of_rank(output_, rank));
  const std::string messages = folder_of_rank(output_, rank) / "messages.txt";
  const int parent = ::getpid();
  const int child = ::fork();
  if (child < 0)
    throw Error(ErrorCode::Resources, fmt::format("rank {} cannot be started", rank),
                "ask for fewer ranks");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    if (std::freopen(messages.c_str(), "w", stdout) != nullptr) ::dup2(1, 2);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  others_.push_back({child, {}});
}

RankLaunch::~RankLaunch() {
  watcher_.request_stop();
  if (watcher_.joinable()) watcher_.join();
  for (const Other& other : others_)
    if (other.process > 0) {
      ::kill(other.process, SIGKILL);
      ::waitpid(other.process, nullptr, 0);
    }
  std::error_code none;
  if (!meeting_.empty()) fs::remove(meeting_, none);
}

bool RankLaunch::collect() {
  bool all = true;
  for (Other& other : others_) {
    int status = 0;
    if (other.process > 0 && ::waitpid(other.process, &status, WNOHANG) == other.process)
      other = {0, status};
    all &= other.process == 0;
  }
  return all;
}

std::optional<Error> RankLaunch::reason() const {
  for (std::size_t i = 0; i < others_.size(); ++i) {
    if (!others_[i].status || *others_[i].status == 0) continue;
    const int status = *others_[i].status, rank = static_cast<int>(i) + 1;
    std::string said = reason_in(folder_of_rank(output_, rank) / "messages.txt");
    // One that only lost the others is not the cause.
    if (said.find(" lost the others") != std::string::npos ||
        said.find(" stopped the training") != std::string::npos)
      continue;
    if (said.empty())
      said = WIFSIGNALED(status) ? fmt::format("it was killed (signal {})", WTERMSIG(status))
                                 : fmt::format("it ended with status {}", WEXITSTATUS(status));
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    return Error(code >= 1 && code <= 8 ? static_cast<ErrorCode>(code) : ErrorCode::Resources,
                 fmt::format("rank {} of {}: {}", rank, ranks_, said),
                 fmt::format("its messages are in '{}'", folder_of_rank(output_, rank).string()));
  }
  return std::nullopt;
}

void RankLaunch::watch(std::function<void(const Error&)> give_up) {
  watcher_ = std::jthread([this, give_up = std::move(give_up)](const std::stop_token& stop) {
    constexpr auto pause = std::chrono::milliseconds(100);
    int left = 100; // ten seconds, in which this rank can notice by itself
    for (; !stop.stop_requested() && left > 0; std::this_thread::sleep_for(pause)) {
      if (collect() && !reason()) return;
      if (reason()) --left;
    }
    if (const auto why = reason(); why && !stop.stop_requested()) give_up(*why);
  });
}

void RankLaunch::finish() {
  watcher_.request_stop();
  if (watcher_.joinable()) watcher_.join();
  while (!collect()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  if (const auto why = reason()) throw Error(*why);
}

std::vector<std::string> words_without(const std::vector<std::string>& words,
                                       const std::vector<std::string>& options,
                                       const std::vector<std::string>& flags) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string name = words[i].substr(0, words[i].find('='));
    if (std::find(flags.begin(), flags.end(), name) != flags.end()) continue;
    if (std::find(options.begin(), options.end(), name) == options.end())
      out.push_back(words[i]);
    else if (name == words[i])
      ++i;
  }
  return out;
}

fs::path folder_of_rank(const fs::path& output, int rank) {
  return rank == 0 ? output : output / "ranks" / std::to_string(rank);
}

void write_messages_to(const fs::path& folder) {
  make_folder(folder);
  if (std::freopen((folder / "messages.txt").c_str(), "a", stdout) != nullptr) ::dup2(1, 2);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
}

}
