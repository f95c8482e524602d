#include "modules/core/hash.h"

#include "modules/core/error.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <memory>
#include <sys/stat.h>
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

// Told how many bytes were read; false stops.
using Reading = std::function<bool(std::uint64_t)>;

std::string hash_file(const std::filesystem::path& path, const Reading& reading = {}) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw Error(ErrorCode::NotFound, fmt::format("cannot open '{}'", path.string()),
                "check the path and your permission to read it");
  Hasher hasher;
  std::vector<char> block(1 << 20);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    const auto count = static_cast<std::size_t>(in.gcount());
    hasher.add(block.data(), count);
    if (reading && !reading(count)) throw Error(ErrorCode::Cancelled, "the hash was not needed");
  }
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
                       const std::filesystem::path& folder, const Reading& reading = {}) {
  std::sort(files.begin(), files.end());
  std::string listing;
  for (const auto& file : files)
    listing +=
        fmt::format("{}  {}\n", hash_file(file, reading), file.lexically_relative(folder).string());
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

namespace {

std::string hash_recording(const std::filesystem::path& path,
                           const std::vector<std::string>& others, const Reading& reading) {
  const std::filesystem::path folder = path.parent_path();
  std::vector<std::filesystem::path> files{path};
  for (const std::string& name : others) files.push_back(folder / name);
  return others.empty() ? hash_file(path, reading) : hash_files(std::move(files), folder, reading);
}

}

std::string sha256_of_files(const std::filesystem::path& path,
                            const std::vector<std::string>& others) {
  if (others.empty() || std::filesystem::is_directory(path)) return sha256_of_path(path);
  return hash_recording(path, others, {});
}

PendingHash::Identity PendingHash::identity_of(const std::filesystem::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0)
    throw Error(ErrorCode::NotFound, fmt::format("cannot open '{}'", file.string()),
                "check the path and your permission to read it");
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

PendingHash::PendingHash(std::filesystem::path path, std::vector<std::string> others)
    : path_(std::move(path)), others_(std::move(others)) {
  identities_.push_back(identity_of(path_));
  for (const std::string& name : others_)
    identities_.push_back(identity_of(path_.parent_path() / name));
  for (const Identity& identity : identities_) total_ += identity.size;
}

PendingHash::~PendingHash() { stop_ = true; }

void PendingHash::start() {
  const std::lock_guard lock(mutex_);
  if (!hash_.empty() || thread_.joinable()) return;
  thread_ = std::jthread([this] {
    try {
      wait();
    } catch (const Error&) { // whoever waits is told
    }
  });
}

std::string PendingHash::wait() {
  const std::lock_guard lock(mutex_);
  if (hash_.empty()) {
    try {
      hash_ = compute();
    } catch (...) {
      ready_ = true;
      throw;
    }
  }
  ready_ = true;
  return hash_;
}

double PendingHash::fraction() const {
  return total_ == 0 ? 1 : static_cast<double>(done_) / static_cast<double>(total_);
}

std::string PendingHash::compute() {
  done_ = 0;
  const std::string hash = hash_recording(path_, others_, [this](std::uint64_t count) {
    done_ += count;
    return !stop_;
  });
  std::vector<Identity> now{identity_of(path_)};
  for (const std::string& name : others_) now.push_back(identity_of(path_.parent_path() / name));
  if (now != identities_)
    throw Error(ErrorCode::Conflict, fmt::format("'{}' changed while it was open", path_.string()),
                "open it again when nothing writes to it any more");
  return hash;
}

}
