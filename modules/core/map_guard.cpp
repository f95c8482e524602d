#include "modules/core/map_guard.h"

#include <array>
#include <atomic>
#include <csignal>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

namespace sensorium {
namespace {

struct Slot {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::size_t> size{0};
};

std::array<Slot, 1024> slots;
std::atomic<std::uint64_t> lost{0};
std::uintptr_t page_size = 4096;

// Only calls that a signal handler may make. A size of 0 is a slot that is free or being filled.
void on_bus_error(int number, siginfo_t* info, void*) {
  const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (const Slot& slot : slots) {
    const std::size_t size = slot.size.load();
    const std::uintptr_t begin = slot.begin.load();
    if (size == 0 || at < begin || at >= begin + size) continue;
    const std::uintptr_t page = at / page_size * page_size;
    void* zeros = ::mmap(reinterpret_cast<void*>(page), begin + size - page, PROT_READ,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (zeros == MAP_FAILED) break;
    ++lost;
    return;
  }
  std::signal(number, SIG_DFL);
}

void set_handler() {
  page_size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  struct sigaction action{};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
}

std::mutex filling;

}

void guard_map(const void* address, std::size_t size) {
  static std::once_flag once;
  std::call_once(once, set_handler);
  const std::lock_guard lock(filling);
  for (Slot& slot : slots)
    if (slot.size == 0) {
      slot.begin = reinterpret_cast<std::uintptr_t>(address);
      slot.size = size;
      return;
    }
}

void unguard_map(const void* address) {
  const std::lock_guard lock(filling);
  for (Slot& slot : slots)
    if (slot.size != 0 && slot.begin == reinterpret_cast<std::uintptr_t>(address)) {
      slot.size = 0;
      return;
    }
}

std::uint64_t lost_maps() { return lost; }

}
