// Training curves as a TensorBoard event file: TFRecord framing (length, masked CRC-32C, data,
// masked CRC-32C) around Event messages (tensorflow/core/util/event.proto, fields wall_time 1, step
// 2, file_version 3, summary 5, session_log 7).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace sensorium {

class EventFile {
public:
  // Makes events.out.tfevents.* below the folder. Throws Error Resources.
  explicit EventFile(const std::filesystem::path& folder);
  ~EventFile();
  void scalar(const std::string& tag, double value, std::int64_t step, double wall_time_s);
  // Tells readers to forget what another file holds from this step on (SessionLog, status START).
  void start(std::int64_t step);
  // Throws Error Resources.
  void flush();

private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// CRC-32C (Castagnoli; RFC 3720, appendix B.4).
std::uint32_t crc32c(const void* data, std::size_t size);

}
