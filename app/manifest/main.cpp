// sensorium_manifest LIBRARY OUT.json: asks an extension what it is and writes its manifest. Run by
// the build.
#include "modules/core/error.h"
#include "modules/core/registry.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <dlfcn.h>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: sensorium_manifest LIBRARY OUT.json\n", stderr);
    return 2;
  }
  void* library = ::dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::fprintf(stderr, "error: %s\n", ::dlerror());
    return 1;
  }
  const auto make =
      reinterpret_cast<void (*)(sensorium::Extension*)>(::dlsym(library, "sensorium_extension"));
  if (make == nullptr) {
    std::fprintf(stderr, "error: %s has no SENSORIUM_EXTENSION\n", argv[1]);
    return 1;
  }
  try {
    sensorium::Extension extension;
    make(&extension);
    sensorium::write_atomically(
        argv[2],
        sensorium::manifest_of(extension, std::filesystem::path(argv[1]).filename().string())
                .dump(1) +
            "\n");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
  return 0;
}
