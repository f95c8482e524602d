// A training set on disk that need not fit into memory: records in numbered files ("shards") and
// index.json. A record is what samples are made of (a B-scan, say), in bytes that only its pipeline
// understands; each record has a group (a patient), each part of the set (training, validation) its
// own shards.
//
// A shard: "SNSSHRD1", the records one after another, a table as JSON {"groups": [names],
// "records": [[bytes, group, first 16 digits of the SHA-256] ...]}, the table's length as uint64,
// "SNSSHRD1". index.json: {"format": "sensorium-shards", "version": 1, "pipeline", "about": what
// the pipeline says of it, "parts": {name: [{"file", "bytes", "table_sha256"} ...]}}.
#pragma once

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium {

// Records go to a shard that a hash of their number chooses, so that neighbours (B-scans of one
// volume) come apart. The same records in the same order give the same files.
class ShardWriter {
public:
  // shards: of each part, 1 .. 128. Throws Error Conflict when the folder holds a set; Resources.
  ShardWriter(std::filesystem::path folder, std::string pipeline, int shards);
  ~ShardWriter(); // without finish() what was written is removed
  ShardWriter(const ShardWriter&) = delete;
  ShardWriter& operator=(const ShardWriter&) = delete;

  // Throws Error Resources (disk full); Internal for a record of 0 bytes or of more than 1 GiB.
  void add(const std::string& part, const std::string& group, std::span<const std::byte> record);
  std::size_t records(const std::string& part) const;
  std::uint64_t bytes() const { return bytes_; } // of all records so far
  // Closes the shards and writes index.json, without which the folder is no set.
  void finish(const nlohmann::json& about);

private:
  struct Shard;
  Shard& shard(const std::string& part, std::size_t number);
  std::filesystem::path folder_;
  std::string pipeline_;
  std::size_t shards_;
  std::map<std::string, std::vector<std::unique_ptr<Shard>>> parts_;
  std::map<std::string, std::size_t> records_;
  std::uint64_t bytes_ = 0;
  bool finished_ = false;
};

struct ShardFile {
  std::string file; // inside the set's folder
  std::uint64_t bytes = 0;
  std::string table_sha256;
};

struct ShardIndex {
  std::filesystem::path folder;
  std::string pipeline;
  nlohmann::json about;
  std::map<std::string, std::vector<ShardFile>> parts;
  std::string sha256; // of index.json, and so of the set
};

// Whether the folder's index.json is one of shards.
bool holds_shards(const std::filesystem::path& folder);
// Throws Error NotFound, BadInput (damaged, a path outside the folder), Unsupported (newer).
ShardIndex read_shard_index(const std::filesystem::path& folder);

struct ShardRecord {
  std::uint64_t at = 0;
  std::uint32_t bytes = 0, group = 0;
  std::array<char, 16> sha256{};
};
struct ShardTable {
  std::vector<std::string> groups;
  std::vector<ShardRecord> records;
};
// text: the table of a shard whose records take `bytes` bytes, from byte 8 on. Throws Error
// BadInput naming the shard.
ShardTable parse_shard_table(std::string_view text, std::uint64_t bytes, const std::string& name);

// One part of a set. Opening it reads the tables and compares the sizes of all shards; a record is
// compared with its hash when it is read. Thread-safe.
class ShardReader {
public:
  // Throws Error NotFound (a shard is missing), BadInput (cut short, altered), Usage (no such
  // part).
  ShardReader(const ShardIndex& index, const std::string& part);
  ~ShardReader();
  ShardReader(const ShardReader&) = delete;
  ShardReader& operator=(const ShardReader&) = delete;

  std::size_t records() const { return where_.size(); }
  const std::string& group(std::size_t record) const;
  std::size_t bytes(std::size_t record) const { return record_at(record).bytes; }
  // Throws Error BadInput naming the shard and the record; Resources.
  std::vector<std::byte> read(std::size_t record) const;
  // Neighbours on disk: runs of records of about so many bytes, none over two shards. Their
  // lengths.
  std::vector<std::size_t> blocks(std::uint64_t block_bytes) const;

private:
  struct Shard;
  const ShardRecord& record_at(std::size_t record) const;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> where_; // shard, record in it
};

}
