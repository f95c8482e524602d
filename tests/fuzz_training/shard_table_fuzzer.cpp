// Records that are read lie one after another and fill the shard.
#include "modules/core/error.h"
#include "modules/learn/shards.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace sensorium;
  if (size < 2) return 0;
  const std::uint64_t bytes = static_cast<std::uint64_t>(data[0]) << (data[1] % 40);
  try {
    const ShardTable table = parse_shard_table(
        std::string_view(reinterpret_cast<const char*>(data) + 2, size - 2), bytes, "fuzz");
    std::uint64_t at = 8;
    for (const ShardRecord& record : table.records) {
      if (record.at != at || record.bytes == 0 || record.group >= table.groups.size())
        __builtin_trap();
      at += record.bytes;
    }
    if (at != bytes + 8) __builtin_trap();
  } catch (const Error&) {
  }
  return 0;
}
