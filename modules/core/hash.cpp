#include "modules/core/hash.h"

#include "modules/core/error.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <vector>

namespace sensorium {
namespace {

class Hasher {
public:
  Hasher() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void add(const void* data, std::size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &length);
    std::string text;
    for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::string hash_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw Error(ErrorCode::NotFound, fmt::format("cannot open '{}'", path.string()),
                "check the path and your permission to read it");
  Hasher hasher;
  std::vector<char> block(1 << 20);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)
    hasher.add(block.data(), static_cast<std::size_t>(in.gcount()));
  if (in.bad())
    throw Error(ErrorCode::Resources, fmt::format("reading '{}' failed half way", path.string()),
                "check the disk or the network share it lies on");
  return hasher.hex();
}

}

std::string sha256(std::string_view text) {
  Hasher hasher;
  hasher.add(text.data(), text.size());
  return hasher.hex();
}

std::string sha256(std::span<const std::byte> bytes) {
  Hasher hasher;
  hasher.add(bytes.data(), bytes.size());
  return hasher.hex();
}

namespace {

std::string hash_files(std::vector<std::filesystem::path> files,
                       const std::filesystem::path& folder) {
  std::sort(files.begin(), files.end());
  std::string listing;
  for (const auto& file : files)
    listing += fmt::format("{}  {}\n", hash_file(file), file.lexically_relative(folder).string());
  return sha256(listing);
}

}

std::string sha256_of_path(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return hash_file(path);
  std::vector<std::filesystem::path> files;
  try {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
      if (entry.is_regular_file()) files.push_back(entry.path());
  } catch (const std::filesystem::filesystem_error& e) {
    throw Error(
        ErrorCode::Resources,
        fmt::format("cannot read the whole folder '{}': {}", path.string(), e.code().message()),
        "check your permission to read the folders in it");
  }
  return hash_files(std::move(files), path);
}

std::string sha256_of_files(const std::filesystem::path& path,
                            const std::vector<std::string>& others) {
  if (others.empty() || std::filesystem::is_directory(path)) return sha256_of_path(path);
  const std::filesystem::path folder = path.parent_path();
  std::vector<std::filesystem::path> files{path};
  for (const std::string& name : others) files.push_back(folder / name);
  return hash_files(std::move(files), folder);
}

}
