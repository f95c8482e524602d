#include "modules/cluster/ssh.h"

#include "modules/cluster/program.h"
#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

// A socket's path is short (108 bytes), and ssh adds 17 bytes and a hash of 40.
fs::path control_folder() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  fs::path folder = runtime && *runtime && std::string(runtime).size() < 40
                        ? fs::path(runtime) / "sns"
                        : fs::path(fmt::format("/tmp/sns-{}", ::getuid()));
  ::mkdir(folder.c_str(), 0700);
  struct stat info{};
  if (::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != ::getuid() ||
      (info.st_mode & 077) != 0)
    throw Error(ErrorCode::Resources,
                fmt::format("'{}' is not a folder of this user alone", folder.string()),
                "remove it, or set XDG_RUNTIME_DIR to a short path of your own");
  return folder;
}

}

void check_host(const std::string& host) {
  const bool good = !host.empty() && host.front() != '-' && host.size() < 256 &&
                    std::all_of(
                        host.begin(), host.end(),
                        [](unsigned char c) {
                          return std::isalnum(c) != 0 ||
                                 std::string_view("._-@:[]%").find(static_cast<char>(c)) !=
                                     std::string_view::npos;
                        });
  if (!good)
    throw Error(ErrorCode::Usage, fmt::format("'{}' is no host's name", host),
                "give an alias of your ssh_config, or user@machine");
}

Ssh::Ssh(SshOptions options) : options_(std::move(options)) {
  check_host(options_.host);
  control_path_ = (control_folder() / "%C").string();
}

std::vector<std::string> Ssh::options_words(bool batch) const {
  std::vector<std::string> words;
  if (!options_.config.empty()) words.insert(words.end(), {"-F", options_.config});
  for (const std::string& option :
       {std::string("ControlMaster=auto"), "ControlPath=" + control_path_,
        std::string("ControlPersist=600"), std::string("ServerAliveInterval=15"),
        std::string("ServerAliveCountMax=4"), std::string("ConnectTimeout=15"),
        std::string(batch ? "BatchMode=yes" : "BatchMode=no")})
    words.insert(words.end(), {"-o", option});
  return words;
}

Reply Ssh::run(std::string_view script, const std::vector<std::string>& words) {
  std::vector<std::string> command{"ssh", "-T"};
  const auto options = options_words(true);
  command.insert(command.end(), options.begin(), options.end());
  command.insert(command.end(),
                 {"--", options_.host, options_.login_shell ? "exec bash -l -s" : "exec sh -s"});
  ProgramResult result = run_program(
      command, {.input = posix_program(script, words), .timeout_s = options_.timeout_s});
  const bool reached = !result.timed_out && result.status < 128 &&
                       result.out.ends_with(fmt::format("\nsensorium-end {}\n", result.status));
  if (reached) result.out.resize(result.out.rfind("\nsensorium-end ") + 1);
  if (result.timed_out) result.err += fmt::format("no answer within {} s", options_.timeout_s);
  return {.reached = reached,
          .status = result.status,
          .out = std::move(result.out),
          .err = std::move(result.err)};
}

void Ssh::connect() {
  std::vector<std::string> command{"ssh"};
  const auto options = options_words(false);
  command.insert(command.end(), options.begin(), options.end());
  command.insert(command.end(), {"--", options_.host, "true"});
  const ProgramResult result = run_program(command, {.own_terminal = true});
  if (result.status != 0)
    throw Error(ErrorCode::Resources, fmt::format("no connection to '{}'", options_.host),
                fmt::format("see whether 'ssh {}' works in a terminal", options_.host));
}

void Ssh::rsync(std::vector<std::string> ends, const std::string& place, const char* partial,
                const std::function<bool(std::uint64_t)>& progress) const {
  std::string shell = "ssh -T";
  for (const std::string& word : options_words(true)) {
    std::string quoted = "'"; // rsync's own quoting: a quote is doubled
    for (const char c : word) quoted += c == '\'' ? "''" : std::string(1, c);
    shell += " " + quoted + "'";
  }
  std::vector<std::string> command{"rsync",
                                   "-rLtp",
                                   partial,
                                   "--protect-args",
                                   "--chmod=u+rwX",
                                   "--info=progress2",
                                   "--no-inc-recursive",
                                   "--timeout=120",
                                   "-e",
                                   shell,
                                   "--"};
  command.insert(command.end(), ends.begin(), ends.end());
  bool stopped = false;
  const ProgramResult result =
      run_program(command, {.timeout_s = 0, .on_output = [&](std::string_view piece) {
                              const auto bytes = rsync_bytes(piece);
                              stopped = bytes && progress && !progress(*bytes);
                              return !stopped;
                            }});
  if (stopped) throw Error(ErrorCode::Cancelled, "the copy was stopped; it goes on when repeated");
  if (result.status != 0) throw_rsync(result.status, result.err, place);
}

void Ssh::send(const fs::path& folder, const std::string& remote,
               const std::function<bool(std::uint64_t)>& progress) {
  rsync({folder.string() + "/", options_.host + ":" + remote + "/"}, options_.host, "--partial",
        progress);
}

void Ssh::receive(const std::string& remote, const fs::path& folder,
                  const std::function<bool(std::uint64_t)>& progress) {
  make_folder(folder);
  // What a cut copy left is kept apart: no half file stands where a user looks for results.
  rsync({options_.host + ":" + remote + "/", folder.string() + "/"}, options_.host,
        "--partial-dir=.sensorium-partial", progress);
}

}
