#include "modules/learn/shards.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/core/json_text.h"
#include "modules/learn/splits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr std::string_view magic = "SNSSHRD1";
constexpr std::uint64_t footer = magic.size() + sizeof(std::uint64_t);
constexpr std::uint64_t largest_record = 1u << 30, largest_table = 256u << 20;
constexpr const char* again = "prepare the set again, or copy it whole";

Error damaged(const std::string& name, const std::string& why) {
  return Error(ErrorCode::BadInput, fmt::format("'{}' {}", name, why), again);
}

Error disk_error(const fs::path& path, std::string_view doing) {
  const int code = errno;
  return Error(ErrorCode::Resources,
               fmt::format("cannot {} '{}': {}", doing, path.string(), std::strerror(code)),
               code == ENOSPC || code == EDQUOT
                   ? "the disk or your quota is full: free some space and try again"
                   : "check the disk or the network share it lies on");
}

void write_all(int fd, const void* data, std::size_t size, const fs::path& path) {
  const auto* from = static_cast<const char*>(data);
  for (std::size_t done = 0; done < size;) {
    const ssize_t count = ::write(fd, from + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw disk_error(path, "write");
    done += static_cast<std::size_t>(count);
  }
}

// Fewer bytes than asked for: the file ended.
std::size_t read_at(int fd, std::uint64_t at, void* data, std::size_t size, const fs::path& path) {
  auto* to = static_cast<char*>(data);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(fd, to + done, size - done, static_cast<off_t>(at + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw disk_error(path, "read");
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

void remove_leftovers_of_a_writer(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".shard") found.push_back(entry.path());
  for (const fs::path& path : found) fs::remove(path);
}

}

struct ShardWriter::Shard {
  fs::path path;
  int fd = -1;
  std::vector<std::string> groups;
  std::map<std::string, std::size_t> group_number;
  json records = json::array();
  std::uint64_t bytes = magic.size();
};

ShardWriter::ShardWriter(fs::path folder, std::string pipeline, int shards)
    : folder_(std::move(folder)), pipeline_(std::move(pipeline)),
      shards_(static_cast<std::size_t>(std::clamp(shards, 1, 128))) {
  make_folder(folder_);
  if (fs::exists(folder_ / "index.json"))
    throw Error(ErrorCode::Conflict,
                fmt::format("'{}' holds a training set already", folder_.string()),
                "name a new folder");
  remove_leftovers_of_a_writer(folder_);
}

ShardWriter::~ShardWriter() {
  for (const auto& [part, shards] : parts_)
    for (const auto& shard : shards)
      if (shard) {
        if (shard->fd >= 0) ::close(shard->fd);
        if (!finished_) ::unlink(shard->path.c_str());
      }
}

ShardWriter::Shard& ShardWriter::shard(const std::string& part, std::size_t number) {
  auto& all = parts_[part];
  all.resize(shards_);
  if (!all[number]) {
    auto fresh = std::make_unique<Shard>();
    fresh->path = folder_ / fmt::format("{}-{:03}.shard", part, number);
    fresh->fd = ::open(fresh->path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fresh->fd < 0) throw disk_error(fresh->path, "create");
    write_all(fresh->fd, magic.data(), magic.size(), fresh->path);
    all[number] = std::move(fresh);
  }
  return *all[number];
}

void ShardWriter::add(const std::string& part, const std::string& group,
                      std::span<const std::byte> record) {
  if (record.empty() || record.size() > largest_record)
    throw Error(ErrorCode::Internal, fmt::format("a record of {} bytes", record.size()));
  Shard& to = shard(part, mixed_seed(17, records_[part]) % shards_);
  const auto [known, fresh] = to.group_number.try_emplace(group, to.groups.size());
  if (fresh) to.groups.push_back(group);
  write_all(to.fd, record.data(), record.size(), to.path);
  to.records.push_back({record.size(), known->second, sha256(record).substr(0, 16)});
  to.bytes += record.size();
  bytes_ += record.size();
  ++records_[part];
}

std::size_t ShardWriter::records(const std::string& part) const {
  const auto found = records_.find(part);
  return found == records_.end() ? 0 : found->second;
}

void ShardWriter::finish(const json& about) {
  json index = {{"format", "sensorium-shards"},
                {"version", 1},
                {"pipeline", pipeline_},
                {"about", about},
                {"parts", json::object()}};
  for (const auto& [part, shards] : parts_)
    for (const auto& shard : shards) {
      if (!shard) continue;
      const std::string table = json{{"groups", shard->groups}, {"records", shard->records}}.dump();
      std::string tail = table;
      const std::uint64_t length = table.size();
      tail.append(reinterpret_cast<const char*>(&length), sizeof length);
      tail += magic;
      write_all(shard->fd, tail.data(), tail.size(), shard->path);
      if (::fsync(shard->fd) != 0) throw disk_error(shard->path, "write");
      index["parts"][part].push_back({{"file", shard->path.filename().string()},
                                      {"bytes", shard->bytes + tail.size()},
                                      {"table_sha256", sha256(table)}});
    }
  write_atomically(folder_ / "index.json", index.dump(1));
  finished_ = true;
}

bool holds_shards(const fs::path& folder) {
  if (!fs::exists(folder / "index.json")) return false;
  const json index =
      json::parse(read_text(folder / "index.json", 512u << 20), nullptr, false, false);
  return index.is_object() && index.value("format", json()) == "sensorium-shards";
}

ShardIndex read_shard_index(const fs::path& folder) {
  const std::string name = (folder / "index.json").string();
  const std::string text = read_text(folder / "index.json", 16u << 20);
  const json index = parse_json(text, name, again);
  try {
    if (index.at("format") != "sensorium-shards") throw damaged(name, "is no set of shards");
    if (index.at("version").get<int>() > 1)
      throw Error(ErrorCode::Unsupported, fmt::format("'{}' is newer than this program", name),
                  "use the program version that wrote it, or a later one");
    ShardIndex out{.folder = folder,
                   .pipeline = index.at("pipeline").get<std::string>(),
                   .about = index.at("about"),
                   .parts = {},
                   .sha256 = sha256(text)};
    for (const auto& [part, shards] : index.at("parts").items())
      for (const json& shard : shards) {
        const auto file = shard.at("file").get<std::string>();
        if (file.empty() || fs::path(file).filename() != file)
          throw damaged(name, fmt::format("names '{}', which lies outside its folder", file));
        out.parts[part].push_back({file, shard.at("bytes").get<std::uint64_t>(),
                                   shard.at("table_sha256").get<std::string>()});
      }
    return out;
  } catch (const json::exception& e) {
    throw damaged(name, fmt::format("is damaged: {}", json_fault(e)));
  }
}

ShardTable parse_shard_table(std::string_view text, std::uint64_t bytes, const std::string& name) {
  const json table = parse_json(text, name, again);
  try {
    ShardTable out;
    out.groups = table.at("groups").get<std::vector<std::string>>();
    std::uint64_t at = magic.size(), left = bytes;
    for (const json& row : table.at("records")) {
      const auto size = row.at(0).get<std::uint64_t>(), group = row.at(1).get<std::uint64_t>();
      const auto hash = row.at(2).get<std::string>();
      if (size == 0 || size > largest_record || size > left || group >= out.groups.size() ||
          hash.size() != 16)
        throw damaged(name, fmt::format("has an impossible record {}", out.records.size()));
      ShardRecord record{
          at, static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(group), {}};
      std::copy(hash.begin(), hash.end(), record.sha256.begin());
      out.records.push_back(record);
      at += size;
      left -= size;
    }
    if (left != 0) throw damaged(name, "holds more than its records");
    return out;
  } catch (const json::exception& e) {
    throw damaged(name, fmt::format("has a damaged table: {}", json_fault(e)));
  }
}

struct ShardReader::Shard {
  fs::path path;
  int fd = -1;
  ShardTable table;
  Shard(fs::path file, const ShardFile& wanted) : path(std::move(file)) {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
      throw Error(ErrorCode::NotFound,
                  fmt::format("'{}' of the training set is missing", path.string()), again);
    if (fd < 0) throw disk_error(path, "open");
    try {
      read_table(wanted);
    } catch (...) {
      ::close(fd);
      throw;
    }
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM); // we read ahead ourselves, whole records
  }
  ~Shard() { ::close(fd); }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  void read_table(const ShardFile& wanted) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) throw disk_error(path, "open");
    const auto bytes = static_cast<std::uint64_t>(status.st_size);
    if (bytes != wanted.bytes)
      throw damaged(path.string(),
                    fmt::format("has {} bytes where its set says {}: it was {}", bytes,
                                wanted.bytes, bytes < wanted.bytes ? "cut short" : "altered"));
    std::array<char, footer> end{};
    std::uint64_t length = 0;
    if (bytes >= magic.size() + footer &&
        read_at(fd, bytes - footer, end.data(), footer, path) == footer)
      std::memcpy(&length, end.data(), sizeof length);
    if (std::string_view(end.data() + sizeof length, magic.size()) != magic ||
        length > std::min(largest_table, bytes - magic.size() - footer))
      throw damaged(path.string(), "is no shard");
    std::string text(length, '\0');
    if (read_at(fd, bytes - footer - length, text.data(), length, path) != length ||
        sha256(text) != wanted.table_sha256)
      throw damaged(path.string(), "is not the file that its set was made with");
    table = parse_shard_table(text, bytes - magic.size() - footer - length, path.string());
  }
};

ShardReader::ShardReader(const ShardIndex& index, const std::string& part) {
  const auto found = index.parts.find(part);
  if (found == index.parts.end() || found->second.empty())
    throw Error(ErrorCode::Usage,
                fmt::format("'{}' has no records in its part '{}'", index.folder.string(), part),
                "prepare it with records for training and for validation");
  for (const ShardFile& file : found->second) {
    shards_.push_back(std::make_unique<Shard>(index.folder / file.file, file));
    const auto number = static_cast<std::uint32_t>(shards_.size() - 1);
    for (std::uint32_t i = 0; i < shards_.back()->table.records.size(); ++i)
      where_.emplace_back(number, i);
  }
}

ShardReader::~ShardReader() = default;

const ShardRecord& ShardReader::record_at(std::size_t record) const {
  const auto [shard, number] = where_.at(record);
  return shards_[shard]->table.records[number];
}

const std::string& ShardReader::group(std::size_t record) const {
  return shards_[where_.at(record).first]->table.groups[record_at(record).group];
}

std::vector<std::byte> ShardReader::read(std::size_t record) const {
  const Shard& shard = *shards_[where_.at(record).first];
  const ShardRecord& wanted = record_at(record);
  std::vector<std::byte> out(wanted.bytes);
  if (read_at(shard.fd, wanted.at, out.data(), out.size(), shard.path) != out.size())
    throw damaged(shard.path.string(), "was cut short while it was read");
  if (sha256(std::span(out)).substr(0, 16) !=
      std::string_view(wanted.sha256.data(), wanted.sha256.size()))
    throw damaged(shard.path.string(),
                  fmt::format("does not match its hash in record {}", where_.at(record).second));
  return out;
}

std::vector<std::size_t> ShardReader::blocks(std::uint64_t block_bytes) const {
  std::vector<std::size_t> out;
  for (const auto& shard : shards_) {
    std::uint64_t filled = 0;
    for (std::size_t i = 0; i < shard->table.records.size(); ++i) {
      if (i == 0 || filled >= block_bytes) {
        out.push_back(0);
        filled = 0;
      }
      ++out.back();
      filled += shard->table.records[i].bytes;
    }
  }
  return out;
}

}
