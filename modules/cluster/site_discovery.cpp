#include "modules/cluster/site.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

namespace sensorium {
namespace {

constexpr const char* script = R"sh(
root=$1
[ -n "$root" ] || root=$HOME/.sensorium
mkdir -p "$root/runs" "$root/store" || exit 71
chmod 700 "$root" || exit 71
printf 'root|%s\n' "$(cd "$root" && pwd -P)"
for p in sbatch squeue scontrol sinfo flock sha256sum find sort xargs rsync; do
  command -v $p >/dev/null || printf 'missing|%s\n' $p
done
command -v sbatch >/dev/null || exit 0
printf 'version|%s\n' "$(sbatch --version)"
sinfo -h -o 'partition|%P|%a|%l|%D|%c|%m|%G' || exit 75
sacctmgr -n -P show associations "user=$(id -un)" format=account,qos 2>/dev/null | sed 's/^/account|/'
exit 0
)sh";

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, '|');) out.push_back(field);
  return out;
}

std::int64_t number_of(const std::string& text) { // "16384+" counts as its digits
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void take_partition(Site& site, std::vector<std::string> f) {
  if (f.size() < 8) return;
  Partition p{.name = f[1], .time_limit = f[3], .gres = f[7] == "(null)" ? "" : f[7]};
  if (p.name.ends_with("*")) {
    p.preferred = true;
    p.name.pop_back();
  }
  p.up = f[2] == "up";
  const auto found = std::find_if(site.partitions.begin(), site.partitions.end(),
                                  [&](const Partition& other) { return other.name == p.name; });
  Partition& at = found == site.partitions.end() ? site.partitions.emplace_back(p) : *found;
  at.nodes += static_cast<int>(number_of(f[4])); // unlike nodes come as several lines
  at.cpus = std::max(at.cpus, static_cast<int>(number_of(f[5])));
  at.memory_mib = std::max(at.memory_mib, number_of(f[6]));
  if (at.gres.empty()) at.gres = p.gres;
}

void add_once(std::vector<std::string>& list, const std::string& name) {
  if (!name.empty() && std::find(list.begin(), list.end(), name) == list.end())
    list.push_back(name);
}

void take_account(Site& site, const std::vector<std::string>& f) {
  if (f.size() > 1) add_once(site.accounts, f[1]);
  std::istringstream names(f.size() > 2 ? f[2] : "");
  for (std::string name; std::getline(names, name, ',');) add_once(site.qos_names, name);
}

std::string take_answer(Site& site, const std::string& answer) {
  std::string missing;
  std::istringstream in(answer);
  for (std::string line; std::getline(in, line);) {
    const auto f = fields_of(line);
    if (f.size() < 2) continue;
    if (f[0] == "root") site.root = line.substr(5);
    if (f[0] == "version") site.slurm_version = f[1];
    if (f[0] == "missing") missing += (missing.empty() ? "" : ", ") + f[1];
    if (f[0] == "partition") take_partition(site, f);
    if (f[0] == "account") take_account(site, f);
  }
  return missing;
}

}

Site discover_site(Site site, Transport& transport) {
  const Reply reply = transport.run(script, {site.root});
  if (!reply.reached)
    throw Error(ErrorCode::Resources,
                fmt::format("no connection to '{}': {}", site.host,
                            reply.err.empty() ? "it did not answer" : reply.err),
                fmt::format("see whether 'ssh {}' works in a terminal; for passwords and codes use "
                            "'sensorium site add --ask'",
                            site.host));
  if (reply.status == 71)
    throw Error(
        ErrorCode::Resources,
        fmt::format("the folder '{}' cannot be made on '{}': {}", site.root, site.host, reply.err),
        "choose another with --root");
  site.partitions.clear();
  const std::string missing = take_answer(site, reply.out);
  if (!missing.empty())
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' lacks the programs: {}", site.host, missing),
                "if a terminal there finds them, try --login-shell; else ask who runs the cluster");
  if (reply.status != 0)
    throw Error(ErrorCode::Resources,
                fmt::format("Slurm on '{}' does not answer: {}", site.host, reply.err),
                "try again later");
  return site;
}

}
