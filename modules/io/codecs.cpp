#include "modules/io/codecs.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace sensorium {
namespace {

constexpr const char* library_name = "libsensorium_codecs.so"; // beside this library

const Codecs* load() {
  // Never closed: the libraries that it brings do not expect that.
  void* library = ::dlopen(library_name, RTLD_LAZY | RTLD_LOCAL);
  const auto table =
      library == nullptr
          ? nullptr
          : reinterpret_cast<const Codecs* (*)()>(::dlsym(library, "sensorium_codecs"));
  if (table != nullptr) return table();
  const char* reason = ::dlerror();
  throw Error(ErrorCode::Unsupported,
              fmt::format("pictures and videos cannot be decoded: {}",
                          reason != nullptr ? reason : "the library is of another version"),
              "install the program and OpenCV again");
}

}

const Codecs& codecs() {
  static const Codecs* const table = load(); // after a failure the next call tries again
  return *table;
}

}
