// The whole state of a training run in one file, so that going on is the same run. Written beside,
// synced, renamed. Layout: "SNSCKPT1", uint64 length of the JSON, the JSON (state, tensors, SHA-256
// of the data), the data.
#pragma once

#include "modules/learn/graph.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>

namespace sensorium {

struct Checkpoint {
  nlohmann::json state; // step, best metric, plan ... no tensors
  std::map<std::string, HostTensor> tensors;
};

// Throws Error Resources (disk full: the older checkpoint stays).
void write_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& path);
// Throws Error BadInput when it is cut short, altered or hostile.
Checkpoint read_checkpoint(const std::filesystem::path& path);
Checkpoint parse_checkpoint(std::span<const std::byte> bytes, const std::string& name);

// checkpoint-000123.ckpt files of a folder, newest first.
std::vector<std::filesystem::path> checkpoints_in(const std::filesystem::path& folder);
// The newest that verifies; damaged ones are named in warnings.
std::optional<Checkpoint> newest_checkpoint(const std::filesystem::path& folder,
                                            std::vector<std::string>& warnings);
void keep_newest(const std::filesystem::path& folder, int count);
// What a killed process left half-written. Only for who alone writes to the folder.
void remove_leftovers(const std::filesystem::path& folder);

}
