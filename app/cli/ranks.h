// Training by several processes: this one becomes rank 0 and starts the others.
#pragma once

#include "modules/core/error.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sensorium {

struct RankHost {
  std::string host;   // "localhost", or what ssh calls it
  std::string device; // "cpu", "cuda:1", "cuda"; empty: as the command line says
};

// JSON: [{"rank": 0, "host": "localhost", "devices": "cpu"}, ...], or CSV with these columns. Rank
// 0 is this computer. Throws Error BadInput naming the row.
std::vector<RankHost> read_node_file(const std::filesystem::path& file);

class RankLaunch {
public:
  // words: those of this command line, without the program's name and --ranks or --nodes. output:
  // all ranks write below it; hosts that are not this one must see it, and the program, at the same
  // path. Sets SENSORIUM_RANK and its like for this process, which becomes rank 0.
  RankLaunch(const std::vector<RankHost>& hosts, const std::vector<std::string>& words,
             const std::filesystem::path& output, int threads);
  ~RankLaunch(); // ends the others
  RankLaunch(const RankLaunch&) = delete;
  RankLaunch& operator=(const RankLaunch&) = delete;

  // Waits for the others; throws Error with what the first of them says that failed by itself.
  void finish();
  // A rank that fails before all have met leaves this one waiting: after some seconds give_up is
  // called from another thread with the reason, and has to end the program.
  void watch(std::function<void(const Error&)> give_up);
  int threads() const { return threads_; } // of this rank

private:
  struct Other {
    int process = 0; // 0: it has ended
    std::optional<int> status;
  };
  void start(int rank, int local, const RankHost& host, const std::vector<std::string>& words);
  bool collect(); // true when all have ended
  std::optional<Error> reason() const;

  std::filesystem::path output_, meeting_;
  std::string where_;
  int ranks_, threads_;
  std::vector<Other> others_;
  std::jthread watcher_; // before it is joined, others_ is its own
};

// The words without these options and the values that follow them, and without these flags.
std::vector<std::string> words_without(const std::vector<std::string>& words,
                                       const std::vector<std::string>& options,
                                       const std::vector<std::string>& flags);
// The folder of a rank's own words and log below the output; rank 0 writes to the output itself.
std::filesystem::path folder_of_rank(const std::filesystem::path& output, int rank);
// From now on this process writes both its streams to messages.txt in that folder.
void write_messages_to(const std::filesystem::path& folder);

}
