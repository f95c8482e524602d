#include "modules/core/accelerator.h"

#include "modules/core/error.h"
#include "modules/core/registry.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <charconv>
#include <map>
#include <mutex>

namespace sensorium {
namespace {

template<class Function> Function symbol(void* library, const char* name) {
  return reinterpret_cast<Function>(::dlsym(library, name));
}

ExtensionStatus extension_of(const std::string& kind) {
  Registry registry;
  registry.scan_default();
  std::string failure;
  for (const ExtensionStatus& status : registry.extensions()) {
    if (status.id != kind) continue;
    if (status.failure.empty()) return status;
    failure = status.failure;
  }
  throw Error(ErrorCode::NotFound,
              failure.empty()
                  ? fmt::format("this installation has no extension '{}'", kind)
                  : fmt::format("the extension '{}' cannot be used: {}", kind, failure));
}

std::shared_ptr<Accelerator> opened(const std::string& kind, int number) {
  const ExtensionStatus status = extension_of(kind);
  // Never unloaded: what it made lives in it.
  void* library = ::dlopen(status.library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = ::dlerror();
    throw Error(ErrorCode::Unsupported, fmt::format("the extension '{}' does not load: {}", kind,
                                                    why != nullptr ? why : "unknown reason"));
  }
  const auto version = symbol<int (*)()>(library, "sensorium_accelerator_version");
  const auto make =
      symbol<void (*)(int, std::shared_ptr<Accelerator>*)>(library, "sensorium_accelerator");
  if (version == nullptr || make == nullptr || version() != accelerator_version)
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("the extension '{}' was made for another version of this program", kind));
  std::shared_ptr<Accelerator> out;
  make(number, &out);
  return out;
}

FoundAccelerator find(const std::string& device) {
  const std::size_t colon = std::min(device.find(':'), device.size());
  const std::string kind = device.substr(0, colon),
                    digits = device.substr(std::min(colon + 1, device.size()));
  int number = 0;
  const char* end = digits.data() + digits.size();
  if (const auto read = std::from_chars(digits.data(), end, number);
      colon < device.size() && (read.ec != std::errc{} || read.ptr != end || number < 0))
    return {nullptr, fmt::format("'{}' is no device", device)};
  try {
    return {opened(kind, number), {}};
  } catch (const std::exception& e) {
    return {nullptr, e.what()};
  }
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}

FoundAccelerator accelerator_for(const std::string& device) {
  if (device.empty() || device == "cpu" || device == "auto") return {};
  // Never destroyed: at the end of the program the driver may be gone before it.
  static auto& mutex = *new std::mutex;
  static auto& known = *new std::map<std::string, FoundAccelerator>;
  const std::lock_guard lock(mutex);
  const auto [at, is_new] = known.try_emplace(device);
  if (is_new) at->second = find(device);
  return at->second;
}

std::string compute_on(const FoundAccelerator& found, const Context& context, std::string_view what,
                       const std::function<void(Accelerator&)>& on_device,
                       const std::function<void()>& on_cpu) {
  std::string why = found.why_not;
  if (found.accelerator) {
    try {
      on_device(*found.accelerator);
      return fmt::format("The {} was computed on {}.", what, found.accelerator->name());
    } catch (const Error& e) {
      if (e.code() == ErrorCode::Cancelled) throw;
      why = e.what();
    }
  }
  on_cpu();
  if (why.empty()) return {};
  const std::string said = fmt::format("The {} was computed on the processor, not on {}: {}.", what,
                                       context.device, first_line(why));
  context.warn(said);
  return said;
}

std::string compute_on(const Context& context, std::string_view what,
                       const std::function<void(Accelerator&)>& on_device,
                       const std::function<void()>& on_cpu) {
  return compute_on(accelerator_for(context.device), context, what, on_device, on_cpu);
}

}
