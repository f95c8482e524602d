// Files on a site, by content: store/HASH there, where HASH is that of the list of their hashes.
// What is there is not sent again; what was sent in part goes on; nothing is used before its hashes
// were checked there.
#pragma once

#include "modules/cluster/site.h"

namespace sensorium {

struct UploadFile {
  std::filesystem::path path; // here
  std::string name;           // relative, below the store folder
  std::string sha256;
  std::uint64_t bytes = 0;
};

struct Upload {
  std::vector<UploadFile> files; // by name
  std::string manifest;          // "hash  name" lines
  std::string key;               // its hash
  std::uint64_t bytes = 0;
};

// Reads and hashes the files. Throws Error NotFound, Usage (a name that goes upwards, or holds a
// line break).
Upload make_upload(std::vector<std::pair<std::filesystem::path, std::string>> files,
                   const Context& context = {});
// A folder with all below it, links followed.
Upload make_upload_of_folder(const std::filesystem::path& folder, const Context& context = {});

// The folder there. Throws Error Resources: connection, disk, quota; BadInput: what arrived has
// other hashes.
std::string stage(Transport& transport, const Site& site, const Upload& upload,
                  const Context& context);

std::string store_folder(const Site& site, const Upload& upload);

}
