// The first two bytes say how long the file of samples is; the rest is a header. Each is also given
// as the file that the user names.
#include "tests/fuzz_cubes/one_cube.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  namespace fs = std::filesystem;
  if (size < 2) return 0;
  static const ReaderDefinition& reader = fuzz::reader("envi");
  static const fs::path folder = [] {
    const fs::path made = "/dev/shm/sensorium_fuzz_envi_" + std::to_string(::getpid());
    fs::create_directories(made);
    return made;
  }();
  const std::string inside = folder.filename().string() + "/cube";
  const std::size_t count = data[0] + 256u * data[1];
  const std::string samples(count, '\x11');
  const fs::path raw =
      folder.parent_path() / (inside + ".raw"); // fuzz::file_of names files by process
  const int fd = ::open(raw.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  if (fd < 0 || ::write(fd, samples.data(), count) != static_cast<ssize_t>(count)) std::abort();
  ::close(fd);
  const fs::path header = folder.parent_path() / (inside + ".hdr");
  const int hd = ::open(header.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  if (hd < 0 || ::write(hd, data + 2, size - 2) != static_cast<ssize_t>(size - 2)) std::abort();
  ::close(hd);
  const auto head =
      std::as_bytes(std::span(data + 2, std::min<std::size_t>(size - 2, std::size_t{4096})));
  if (reader.sniff(header, head) <= 0) return 0;
  fuzz::read_cube(reader, header);
  if (count > 0) fuzz::read_cube(reader, raw);
  return 0;
}
