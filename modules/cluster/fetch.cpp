#include "modules/cluster/fetch.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"

#include <fmt/format.h>

#include <sstream>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view tail = R"sh(
f=$1
[ -e "$f" ] || exit 0
tail -c "+$2" "$f" | head -c 1048576
)sh";

// Lines of "hash  ./path".
void verify(const fs::path& folder, Fetched& fetched) {
  if (!fs::exists(folder / "manifest")) {
    fetched.unproven.push_back(folder.string());
    return;
  }
  std::istringstream in(read_text(folder / "manifest"));
  for (std::string line; std::getline(in, line);) {
    const fs::path name = line.size() > 66 ? fs::path(line.substr(66)).lexically_normal() : "";
    if (name.empty() || name.is_absolute() || *name.begin() == "..")
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' is no list of hashes", (folder / "manifest").string()),
                  "repeat the command");
    const fs::path file = folder / "out" / name;
    if (!fs::exists(file) || sha256_of_path(file) != line.substr(0, 64))
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' is not what the job wrote: its hash differs", file.string()),
                  "remove it and repeat the command");
    ++fetched.verified;
  }
}

}

LogPiece read_log(Transport& transport, const Site& site, const std::string& token, int element,
                  std::uint64_t from) {
  const std::string folder =
      run_folder(site, token) + (element >= 0 ? fmt::format("/elements/{}", element) : "");
  const Reply reply = transport.run(tail, {folder + "/log.txt", std::to_string(from + 1)});
  if (!reply.reached)
    throw Error(ErrorCode::Resources, fmt::format("no answer from '{}': {}", site.name, reply.err),
                "repeat the command");
  std::string text = reply.out;
  if (text.ends_with('\n')) text.pop_back(); // that of the transport's last line
  return {.text = text, .next = from + text.size()};
}

Fetched fetch_run(Transport& transport, const Site& site, const std::string& token,
                  const fs::path& folder, const Context& context) {
  transport.receive(run_folder(site, token), folder, [&](std::uint64_t bytes) {
    return !context.progress || context.progress(0.5, fmt::format("{} bytes", bytes));
  });
  Fetched out;
  if (fs::is_directory(folder / "elements"))
    for (const auto& entry : fs::directory_iterator(folder / "elements")) verify(entry.path(), out);
  else
    verify(folder, out);
  return out;
}

}
