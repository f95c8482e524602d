#include "modules/cluster/site.h"

#include "modules/cluster/job.h"
#include "modules/cluster/local_shell.h"
#include "modules/cluster/ssh.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/json_text.h"
#include "modules/core/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr const char* remake_hint = "add the site again with 'sensorium site add'";

Partition partition_from_json(const json& in) {
  return {.name = in.at("name"),
          .time_limit = in.at("time_limit"),
          .gres = in.at("gres"),
          .nodes = in.at("nodes"),
          .cpus = in.at("cpus"),
          .memory_mib = in.at("memory_mib"),
          .up = in.at("up"),
          .preferred = in.at("preferred")};
}

json to_json(const Partition& p) {
  return {
      {"name", p.name}, {"time_limit", p.time_limit}, {"gres", p.gres}, {"nodes", p.nodes},
      {"cpus", p.cpus}, {"memory_mib", p.memory_mib}, {"up", p.up},     {"preferred", p.preferred}};
}

}

std::optional<int> minutes_of(const std::string& limit) {
  std::vector<long> fields;
  long days = 0;
  bool has_days = false, digit = false;
  for (const char c : limit) {
    if (c >= '0' && c <= '9') {
      if (!digit) fields.push_back(0);
      digit = true;
      fields.back() = std::min(fields.back() * 10 + (c - '0'), 100000000L);
    } else if (digit && c == '-' && !has_days && fields.size() == 1) {
      days = fields.front();
      fields.clear();
      has_days = true;
      digit = false;
    } else if (digit && c == ':' && fields.size() < 3) {
      digit = false;
    } else {
      return std::nullopt;
    }
  }
  if (!digit || fields.empty()) return std::nullopt;
  // After days the first field is hours; else it is minutes, unless there are three.
  const auto field = [&](std::size_t i) { return i < fields.size() ? fields[i] : 0L; };
  const bool hours = has_days || fields.size() == 3;
  const long minutes = hours ? days * 1440 + field(0) * 60 + field(1) : field(0);
  return static_cast<int>(std::min(minutes, 100000000L));
}

int gpus_of(const std::string& gres) {
  int count = 0;
  for (std::size_t at = 0; at < gres.size();) {
    std::size_t end = at;
    for (int depth = 0; end < gres.size() && (gres[end] != ',' || depth > 0); ++end)
      depth += gres[end] == '(' ? 1 : gres[end] == ')' ? -1 : 0;
    const std::string one = gres.substr(at, std::min(end, gres.find('(', at)) - at);
    at = end + 1;
    if (one != "gpu" && !one.starts_with("gpu:")) continue;
    const std::string last = one.substr(one.rfind(':') + 1);
    const bool number = last.find_first_not_of("0123456789") == std::string::npos;
    count += number && last.size() < 5 && !last.empty() ? std::atoi(last.c_str()) : 1;
  }
  return count;
}

json to_json(const Site& s) {
  json partitions = json::array();
  for (const Partition& p : s.partitions) partitions.push_back(to_json(p));
  return {{"name", s.name},
          {"kind", s.kind},
          {"host", s.host},
          {"config", s.config},
          {"login_shell", s.login_shell},
          {"root", s.root},
          {"program", s.program},
          {"partition", s.partition},
          {"account", s.account},
          {"qos", s.qos},
          {"modules", s.modules},
          {"slots", s.slots},
          {"slurm_version", s.slurm_version},
          {"partitions", partitions},
          {"accounts", s.accounts},
          {"qos_names", s.qos_names}};
}

Site site_from_json(const json& in) {
  try {
    Site s{.name = in.at("name"),
           .kind = in.at("kind"),
           .host = in.at("host"),
           .config = in.at("config"),
           .login_shell = in.at("login_shell"),
           .root = in.at("root"),
           .program = in.at("program"),
           .partition = in.at("partition"),
           .account = in.at("account"),
           .qos = in.at("qos"),
           .modules = in.at("modules"),
           .slots = in.at("slots"),
           .slurm_version = in.at("slurm_version"),
           .partitions = {},
           .accounts = in.at("accounts"),
           .qos_names = in.at("qos_names")};
    for (const json& p : in.at("partitions")) s.partitions.push_back(partition_from_json(p));
    check_site(s);
    return s;
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput,
                fmt::format("a site is not as it should be: {}", json_fault(e)), remake_hint);
  }
}

void check_site(const Site& s) {
  check_slurm_name("the site", s.name);
  if (s.kind != "slurm" && s.kind != "local")
    throw Error(ErrorCode::Usage, fmt::format("'{}' is no kind of site", s.kind), "slurm or local");
  if (s.kind == "slurm") check_host(s.host);
  if (s.root.empty() || s.root.front() != '/')
    throw Error(ErrorCode::Usage, fmt::format("the site's folder '{}' is not absolute", s.root),
                "give it from its first slash on");
  for (const std::string* path : {&s.root, &s.program, &s.config})
    check_plain_text("a path", *path);
  if (!s.program.empty() && s.program.front() != '/')
    throw Error(ErrorCode::Usage, fmt::format("the program '{}' is not absolute", s.program));
  for (const std::string* name : {&s.partition, &s.account, &s.qos})
    if (!name->empty()) check_slurm_name("partition, account and QOS", *name);
  for (const std::string& module : s.modules) check_module_name(module);
  if (s.slots < 1 || s.slots > 1024)
    throw Error(ErrorCode::Usage, fmt::format("{} jobs at once cannot be", s.slots), "1 to 1024");
}

SiteStore::SiteStore(fs::path folder) : file_(std::move(folder) / "sites.json") {}

std::vector<Site> SiteStore::stored() const {
  if (!fs::exists(file_)) return {};
  const json in = parse_json(read_text(file_, 4u << 20), file_.string(), remake_hint);
  if (!in.is_object() || !in.contains("sites") || !in.at("sites").is_array())
    throw Error(ErrorCode::BadInput, fmt::format("'{}' holds no sites", file_.string()),
                "remove it, and add the sites again");
  std::vector<Site> out;
  for (const json& site : in.at("sites")) out.push_back(site_from_json(site));
  return out;
}

std::vector<Site> SiteStore::sites() const {
  std::vector<Site> out = stored();
  if (std::none_of(out.begin(), out.end(), [](const Site& s) { return s.name == "local"; }))
    out.insert(out.begin(), Site{.name = "local",
                                 .kind = "local",
                                 .root = (fs::absolute(file_.parent_path()) / "local").string(),
                                 .program = (program_root() / "bin" / "sensorium").string()});
  return out;
}

Site SiteStore::site(const std::string& name) const {
  std::vector<std::string> names;
  for (Site& s : sites()) {
    if (s.name == name) return s;
    names.push_back(s.name);
  }
  const std::string near = nearest(name, names);
  throw Error(ErrorCode::NotFound, fmt::format("there is no site '{}'", name),
              near.empty() ? "'sensorium site list' shows the sites; 'sensorium site add' adds one"
                           : fmt::format("did you mean '{}'?", near));
}

void SiteStore::add(const Site& site, bool replace) {
  check_site(site);
  std::vector<Site> all = stored();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Site& s) { return s.name == site.name; });
  if (found != all.end() && !replace)
    throw Error(ErrorCode::Conflict, fmt::format("there is a site '{}' already", site.name),
                "choose another name, or add --replace");
  if (found != all.end())
    *found = site;
  else
    all.push_back(site);
  write(all);
}

void SiteStore::remove(const std::string& name) {
  std::vector<Site> all = stored();
  if (std::erase_if(all, [&](const Site& s) { return s.name == name; }) == 0)
    throw Error(ErrorCode::NotFound, fmt::format("there is no site '{}' to remove", name),
                "'sensorium site list' shows the sites");
  write(all);
}

void SiteStore::write(const std::vector<Site>& sites) const {
  json out = json::array();
  for (const Site& site : sites) out.push_back(to_json(site));
  make_folder(file_.parent_path());
  write_atomically(file_, json{{"version", 1}, {"sites", out}}.dump(2) + "\n");
}

std::unique_ptr<Transport> transport_of(const Site& site) {
  if (site.kind == "local") return std::make_unique<LocalShell>();
  return std::make_unique<Ssh>(
      SshOptions{.host = site.host, .config = site.config, .login_shell = site.login_shell});
}

}
