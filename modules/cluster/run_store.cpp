#include "modules/cluster/run_store.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/json_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;

RunStore::RunStore(fs::path folder) : folder_(std::move(folder) / "runs") {}

void RunStore::save(const ClusterRun& run) {
  check_token(run.token);
  make_folder(folder_);
  write_atomically(folder_ / (run.token + ".json"),
                   to_json(run, true).dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

std::vector<ClusterRun> RunStore::runs() const {
  std::vector<ClusterRun> out;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder_, code)) {
    if (entry.path().extension() != ".json") continue;
    try {
      out.push_back(run_from_json(parse_json(read_text(entry.path()), entry.path().string(), "")));
    } catch (const Error&) {
      // the site's run folder is the truth, and still there
    }
  }
  std::sort(out.begin(), out.end(), [](const ClusterRun& a, const ClusterRun& b) {
    return std::tie(a.created_utc, a.token) < std::tie(b.created_utc, b.token);
  });
  return out;
}

ClusterRun RunStore::run(const std::string& token) const {
  std::vector<ClusterRun> found;
  if (!token.empty())
    for (ClusterRun& run : runs())
      if (run.token.starts_with(token)) found.push_back(std::move(run));
  if (found.size() == 1) return found.front();
  if (found.empty())
    throw Error(ErrorCode::NotFound, fmt::format("there is no run '{}'", token),
                "'sensorium jobs list --site NAME' asks a site for its runs");
  throw Error(ErrorCode::Usage, fmt::format("{} runs begin with '{}'", found.size(), token),
              "give more of its digits");
}

std::optional<ClusterRun> RunStore::unfinished(const std::string& digest) const {
  for (ClusterRun& run : runs())
    if (run.digest == digest && run.state == "preparing") return run;
  return std::nullopt;
}

void RunStore::forget(const std::string& token) {
  check_token(token);
  std::error_code code;
  fs::remove(folder_ / (token + ".json"), code);
}

}
