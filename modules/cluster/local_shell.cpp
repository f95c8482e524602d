#include "modules/cluster/local_shell.h"

#include "modules/cluster/program.h"
#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

// Under another name first, so that no half file stands at its place.
void copy_file_whole(const fs::path& from, const fs::path& to, std::error_code& code) {
  const fs::path part = to.string() + ".sensorium-part";
  fs::copy_file(from, part, fs::copy_options::overwrite_existing, code);
  if (!code) fs::rename(part, to, code);
  if (!code) return;
  std::error_code ignored;
  const fs::space_info space = fs::space(to.parent_path(), ignored);
  if (!ignored && space.available < 65536) // libstdc++ calls a full disk an input/output error
    code = std::make_error_code(std::errc::no_space_on_device);
  fs::remove(part, ignored);
}

void copy_entry(const fs::directory_entry& entry, const fs::path& to, std::error_code& code) {
  if (entry.is_symlink()) {
    fs::remove(to, code);
    if (!code) fs::copy_symlink(entry.path(), to, code);
  } else if (entry.is_directory()) {
    fs::create_directories(to, code);
  } else if (entry.is_regular_file()) {
    copy_file_whole(entry.path(), to, code);
  }
}

void copy_folder(const fs::path& from, const fs::path& to) {
  std::error_code code;
  fs::create_directories(to, code);
  for (fs::recursive_directory_iterator it(from, code), end; !code && it != end;
       it.increment(code)) {
    copy_entry(*it, to / it->path().lexically_relative(from), code);
    if (code) break;
  }
  if (code)
    throw Error(code == std::errc::no_such_file_or_directory ? ErrorCode::NotFound
                                                             : ErrorCode::Resources,
                fmt::format("'{}' cannot be copied to '{}': {}", from.string(), to.string(),
                            code.message()),
                "is the disk full, or the folder of another user?");
}

}

std::string posix_quoted(std::string_view text) {
  if (text.find('\0') != std::string_view::npos)
    throw Error(ErrorCode::BadInput, "a text for another machine holds a NUL character");
  std::string out = "'";
  for (const char c : text)
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  return out + "'";
}

// The whole function is read before its first command runs, so nothing there can eat the rest. The
// last line tells an answer from a connection that broke.
std::string posix_program(std::string_view script, const std::vector<std::string>& words) {
  std::string out = "sensorium() {\nset --";
  for (const std::string& word : words) out += " " + posix_quoted(word);
  out += "\n";
  out += script;
  out += "\n}\n( sensorium ) </dev/null; s=$?; printf '\\nsensorium-end %d\\n' $s; exit $s\n";
  return out;
}

std::optional<std::uint64_t> rsync_bytes(std::string_view piece) {
  std::optional<std::uint64_t> found;
  for (std::size_t at = 0; at < piece.size();) {
    const std::size_t end = std::min(piece.find_first_of("\r\n", at), piece.size());
    std::string digits;
    const std::string_view line = piece.substr(at, end - at);
    std::size_t i = line.find_first_not_of(' ');
    for (; i < line.size() && (std::isdigit(static_cast<unsigned char>(line[i])) || line[i] == ',');
         ++i)
      if (line[i] != ',') digits += line[i];
    std::uint64_t value = 0;
    if (line.find('%') != std::string_view::npos && !digits.empty() &&
        std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc())
      found = value;
    at = end + 1;
  }
  return found;
}

// rsync tells the cause in one line and its own end in the last one.
static std::string line_with(const std::string& text, std::string_view words) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (line.find(words) != std::string::npos) return line.substr(0, line.find('\r'));
  return {};
}

void throw_rsync(int status, const std::string& errors, const std::string& place) {
  if (const std::string line = line_with(errors, "No space left"); !line.empty())
    throw Error(ErrorCode::Resources, fmt::format("the disk is full: {} ({})", line, place),
                "free some space there, then repeat the command; it goes on where it was");
  if (const std::string line = line_with(errors, "quota"); !line.empty())
    throw Error(ErrorCode::Resources, fmt::format("a quota is used up: {} ({})", line, place),
                "free some space there, or choose another folder with 'site add --root'");
  if (const std::string line = line_with(errors, "Permission denied");
      !line.empty() && status != 255)
    throw Error(ErrorCode::Resources, fmt::format("no permission: {} ({})", line, place),
                "choose a folder of yours with 'site add --root'");
  std::string last;
  std::istringstream in(errors);
  for (std::string line; std::getline(in, line);)
    if (line.find_first_not_of(" \r") != std::string::npos) last = line;
  throw Error(ErrorCode::Resources,
              fmt::format("the copy to or from '{}' failed (rsync {}): {}", place, status, last),
              "repeat the command; it goes on where it was");
}

Reply LocalShell::run(std::string_view script, const std::vector<std::string>& words) {
  ProgramResult result = run_program({"sh", "-s"}, {.input = posix_program(script, words)});
  const std::string end = fmt::format("\nsensorium-end {}\n", result.status);
  const bool reached = !result.timed_out && result.out.ends_with(end);
  if (reached) result.out.resize(result.out.size() - end.size() + 1);
  return {.reached = reached,
          .status = result.status,
          .out = std::move(result.out),
          .err = std::move(result.err)};
}

void LocalShell::send(const fs::path& folder, const std::string& remote,
                      const std::function<bool(std::uint64_t)>&) {
  copy_folder(folder, remote);
}

void LocalShell::receive(const std::string& remote, const fs::path& folder,
                         const std::function<bool(std::uint64_t)>&) {
  copy_folder(remote, folder);
}

}
