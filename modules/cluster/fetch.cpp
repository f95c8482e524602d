#include "modules/cluster/fetch.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"

#include <fmt/format.h>

#include <cstdlib>
#include <sstream>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr std::string_view tail = R"sh(
f=$1
[ -e "$f" ] || exit 0
tail -c "+$2" "$f" | head -c 1048576
)sh";

// The newest one, for trainings in several folds; other ranks keep their own. Prints its path,
// where the answer begins, and at most 1 MiB of it.
constexpr std::string_view curve_tail = R"sh(
cd "$1" 2>/dev/null || exit 0
f=$(find out -name log.jsonl -not -path '*/ranks/*' -exec ls -t {} + 2>/dev/null | head -n 1)
[ -n "$f" ] || exit 0
from=$2
size=$(wc -c <"$f") || exit 0
[ "$size" -ge "$((from - 1))" ] || from=1
printf '%s\n%s\n' "$f" "$from"
tail -c "+$from" "$f" | head -c 1048576
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

std::size_t add_curves(const std::string& text, CurvePiece& piece) {
  std::size_t at = 0;
  for (std::size_t end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    const json line = json::parse(text.begin() + static_cast<std::ptrdiff_t>(at),
                                  text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (!line.is_object() || !line.contains("tag") || !line.at("tag").is_string() ||
        !line.contains("step") || !line.at("step").is_number_integer() || !line.contains("value") ||
        !line.at("value").is_number())
      continue;
    auto& curve = piece.curves[line.at("tag").get<std::string>()];
    const int step = line.at("step").get<int>();
    while (!curve.empty() && curve.back().first >= step) curve.pop_back();
    curve.emplace_back(step, line.at("value").get<double>());
  }
  return at;
}

CurvePiece read_curves(Transport& transport, const Site& site, const std::string& token,
                       int element, std::uint64_t from) {
  const std::string folder =
      run_folder(site, token) + (element >= 0 ? fmt::format("/elements/{}", element) : "");
  const Reply reply = transport.run(curve_tail, {folder, std::to_string(from + 1)});
  if (!reply.reached)
    throw Error(ErrorCode::Resources, fmt::format("no answer from '{}': {}", site.name, reply.err),
                "repeat the command");
  std::string text = reply.out;
  if (text.ends_with('\n')) text.pop_back(); // that of the transport's last line
  CurvePiece out{.from = from, .next = from};
  const std::size_t first = text.find('\n');
  const std::size_t second = first == std::string::npos ? first : text.find('\n', first + 1);
  if (second == std::string::npos) return out;
  out.file = text.substr(0, first);
  out.from = std::strtoull(text.c_str() + first + 1, nullptr, 10);
  out.from -= out.from > 0 ? 1 : 0;
  out.next = out.from + add_curves(text.substr(second + 1), out);
  return out;
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
