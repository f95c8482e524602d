#include "modules/learn/checkpoint.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/core/json_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr std::string_view magic = "SNSCKPT1";

Error damaged(const std::string& name, const std::string& why) {
  return Error(ErrorCode::BadInput, fmt::format("the checkpoint '{}' {}", name, why),
               "an older one in the same folder is used where there is one");
}

}

void write_checkpoint(const Checkpoint& checkpoint, const fs::path& path) {
  std::string data;
  json tensors = json::array();
  for (const auto& [name, tensor] : checkpoint.tensors) {
    tensors.push_back({{"name", name},
                       {"type", static_cast<int>(tensor.type)},
                       {"shape", tensor.shape},
                       {"at", data.size()},
                       {"size", tensor.bytes.size()}});
    data.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  const std::string head = json{{"state", checkpoint.state},
                                {"tensors", tensors},
                                {"sha256", sha256(data)},
                                {"state_sha256", sha256(checkpoint.state.dump())}}
                               .dump();
  const std::uint64_t length = head.size();
  std::string all(magic);
  all.append(reinterpret_cast<const char*>(&length), sizeof length);
  all += head;
  all += data;
  write_atomically(path, all);
}

Checkpoint parse_checkpoint(std::span<const std::byte> bytes, const std::string& name) {
  std::uint64_t length = 0;
  const std::size_t start = magic.size() + sizeof length;
  if (bytes.size() < start || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0)
    throw damaged(name, "is none");
  std::memcpy(&length, bytes.data() + magic.size(), sizeof length);
  if (length > bytes.size() - start) throw damaged(name, "is cut short");
  const auto* text = reinterpret_cast<const char*>(bytes.data()) + start;
  const auto data = bytes.subspan(start + length);
  try {
    const json head = json::parse(text, text + length);
    if (head.at("sha256") != sha256(data) ||
        head.at("state_sha256") != sha256(head.at("state").dump()))
      throw damaged(name, "does not match its hash");
    Checkpoint out;
    out.state = head.at("state");
    for (const json& t : head.at("tensors")) {
      const auto at = t.at("at").get<std::uint64_t>(), size = t.at("size").get<std::uint64_t>();
      if (at > data.size() || size > data.size() - at)
        throw damaged(name, "names data that it does not hold");
      HostTensor tensor{static_cast<DType>(t.at("type").get<int>()),
                        t.at("shape").get<std::vector<std::int64_t>>(),
                        {data.begin() + static_cast<std::ptrdiff_t>(at),
                         data.begin() + static_cast<std::ptrdiff_t>(at + size)}};
      std::uint64_t elements = 1;
      for (const std::int64_t d : tensor.shape) {
        if (d < 0 || (d > 0 && elements > (std::uint64_t{1} << 40) / static_cast<std::uint64_t>(d)))
          throw damaged(name, "has an impossible shape");
        elements *= static_cast<std::uint64_t>(d);
      }
      if (size_of(tensor.type) == 0 || elements * size_of(tensor.type) != size)
        throw damaged(name, "has a tensor whose size does not fit its shape");
      out.tensors.emplace(t.at("name").get<std::string>(), std::move(tensor));
    }
    return out;
  } catch (const json::exception& e) {
    throw damaged(name, fmt::format("is damaged: {}", json_fault(e)));
  }
}

Checkpoint read_checkpoint(const fs::path& path) {
  const auto file = MappedFile::open(path);
  return parse_checkpoint(file->bytes(), path.string());
}

std::vector<fs::path> checkpoints_in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (entry.path().extension() == ".ckpt" &&
        entry.path().filename().string().starts_with("checkpoint-"))
      out.push_back(entry.path());
  std::sort(out.rbegin(), out.rend());
  return out;
}

std::optional<Checkpoint> newest_checkpoint(const fs::path& folder,
                                            std::vector<std::string>& warnings) {
  for (const fs::path& path : checkpoints_in(folder)) try {
      return read_checkpoint(path);
    } catch (const Error& e) {
      warnings.emplace_back(e.what());
    }
  return std::nullopt;
}

void keep_newest(const fs::path& folder, int count) {
  const auto all = checkpoints_in(folder);
  std::error_code code;
  for (std::size_t i = static_cast<std::size_t>(std::max(1, count)); i < all.size(); ++i)
    fs::remove(all[i], code);
}

void remove_leftovers(const fs::path& folder) {
  std::error_code code;
  std::vector<fs::path> half;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (entry.path().extension() == ".tmp") half.push_back(entry.path());
  for (const fs::path& path : half) fs::remove(path, code);
}

}
