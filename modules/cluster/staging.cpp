#include "modules/cluster/staging.h"

#include "modules/cluster/job.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view is_there = R"sh(
mkdir -p "$1/store" && chmod go-rwx "$1" || exit 71
[ -d "$1/store/$2" ] && echo yes || echo no
)sh";

constexpr std::string_view finish = R"sh(
cd "$1/store" || exit 71
[ ! -d "$2" ] || exit 0
cd ".incoming-$2" || exit 71
[ "$(sha256sum <.manifest | cut -d' ' -f1)" = "$2" ] || { rm -f .manifest; echo "the list of files differs" >&2; exit 77; }
bad=$(sha256sum -c --quiet .manifest 2>/dev/null | sed -n 's/: FAILED.*//p')
if [ -n "$bad" ]; then
  printf '%s\n' "$bad" | while IFS= read -r f; do rm -f -- "$f"; done
  printf '%s\n' "$bad" | head -n 3 >&2
  exit 77
fi
cd ..
mv -T ".incoming-$2" "$2" 2>/dev/null || { [ -d "$2" ] && rm -rf ".incoming-$2"; } || exit 72
)sh";

// The files as links in a folder of their own, so that one call sends them under their names.
class LinkFolder {
public:
  explicit LinkFolder(const Upload& upload) {
    std::string pattern = (fs::temp_directory_path() / "sensorium-upload-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw Error(ErrorCode::Resources, "no folder can be made for temporary files",
                  "is the disk full?");
    path = pattern;
    for (const UploadFile& file : upload.files) {
      const fs::path link = path / file.name;
      make_folder(link.parent_path());
      fs::create_symlink(fs::absolute(file.path), link);
    }
    write_atomically(path / ".manifest", upload.manifest);
  }
  ~LinkFolder() {
    std::error_code code;
    fs::remove_all(path, code);
  }
  LinkFolder(const LinkFolder&) = delete;
  LinkFolder& operator=(const LinkFolder&) = delete;
  fs::path path;
};

void check_name(const std::string& name) {
  check_plain_text("a file's name", name);
  const fs::path path(name);
  bool bad = name.empty() || path.is_absolute() || name == ".manifest";
  for (const fs::path& part : path) bad |= part == ".." || part == "." || part.empty();
  if (bad)
    throw Error(ErrorCode::Usage, fmt::format("'{}' cannot be the name of a file to send", name),
                "rename it");
}

}

Upload make_upload(std::vector<std::pair<fs::path, std::string>> files, const Context& context) {
  Upload out;
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.second < b.second; });
  double done = 0;
  for (auto& [path, name] : files) {
    context.step(done++ / static_cast<double>(files.size()), "hashing");
    check_name(name);
    std::error_code code;
    const std::uint64_t bytes = fs::file_size(path, code);
    if (code)
      throw Error(ErrorCode::NotFound,
                  fmt::format("'{}' cannot be read: {}", path.string(), code.message()));
    out.bytes += bytes;
    out.files.push_back({path, name, sha256_of_path(path), bytes});
    out.manifest += out.files.back().sha256 + "  " + name + "\n";
  }
  if (out.files.empty()) throw Error(ErrorCode::Usage, "there is no file to send");
  out.key = sha256(out.manifest);
  return out;
}

Upload make_upload_of_folder(const fs::path& folder, const Context& context) {
  std::vector<std::pair<fs::path, std::string>> files;
  std::error_code code;
  for (fs::recursive_directory_iterator
           it(folder, fs::directory_options::follow_directory_symlink, code),
       end;
       !code && it != end; it.increment(code))
    if (it->is_regular_file())
      files.emplace_back(it->path(), it->path().lexically_relative(folder).string());
  if (code)
    throw Error(ErrorCode::NotFound,
                fmt::format("the folder '{}' cannot be read: {}", folder.string(), code.message()));
  return make_upload(std::move(files), context);
}

std::string store_folder(const Site& site, const Upload& upload) {
  return site.root + "/store/" + upload.key;
}

std::string stage(Transport& transport, const Site& site, const Upload& upload,
                  const Context& context) {
  const auto ask = [&](std::string_view script) {
    Reply reply = transport.run(script, {site.root, upload.key});
    if (!reply.reached)
      throw Error(ErrorCode::Resources,
                  fmt::format("no connection to '{}': {}", site.name, reply.err),
                  "repeat the command; it goes on where it was");
    return reply;
  };
  const Reply there = ask(is_there);
  if (there.status != 0)
    throw Error(ErrorCode::Resources, fmt::format("on '{}': {}", site.name, there.err),
                "is the disk full, or the folder of another user? 'sensorium site add --root' "
                "chooses another");
  if (there.out.starts_with("yes")) return store_folder(site, upload);
  const LinkFolder links(upload);
  const double all = std::max<double>(1, static_cast<double>(upload.bytes));
  transport.send(links.path, site.root + "/store/.incoming-" + upload.key,
                 [&](std::uint64_t bytes) {
                   return !context.progress ||
                          context.progress(std::min(1.0, static_cast<double>(bytes) / all),
                                           fmt::format("sent {} of {} bytes", bytes, upload.bytes));
                 });
  const Reply finished = ask(finish);
  if (finished.status == 77)
    throw Error(
        ErrorCode::BadInput,
        fmt::format("what arrived on '{}' differs from what was sent: {}", site.name, finished.err),
        "repeat the command; a file may have changed meanwhile");
  if (finished.status != 0)
    throw Error(ErrorCode::Resources, fmt::format("on '{}': {}", site.name, finished.err),
                "repeat the command");
  return store_folder(site, upload);
}

}
