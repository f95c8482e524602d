#include "modules/learn/arena.h"

#include "modules/learn/torch_headers.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <utility>

namespace sensorium {

struct ArenaBlocks {
  mutable std::mutex mutex;
  std::multimap<std::size_t, void*> kept; // capacity, block
  std::size_t live = 0, kept_bytes = 0, peak = 0, limit = 0;

  ~ArenaBlocks() { clear(); }
  void clear();
};

namespace {

// Before the data of every block; its size keeps the alignment.
struct alignas(64) Header {
  std::shared_ptr<ArenaBlocks> owner; // none: not of an arena
  std::size_t capacity = 0;
};
static_assert(sizeof(Header) == 64);

constexpr std::size_t small = 64 << 10, huge_page = 2 << 20;

thread_local std::shared_ptr<ArenaBlocks> current;

void* from_system(std::size_t bytes) {
  if (bytes < 2 * huge_page) return c10::alloc_cpu(bytes);
  void* block = nullptr;
  TORCH_CHECK_WITH(OutOfMemoryError, ::posix_memalign(&block, huge_page, bytes) == 0,
                   "cannot allocate memory: ", bytes, " bytes");
#ifdef MADV_HUGEPAGE
  ::madvise(block, bytes, MADV_HUGEPAGE); // advice only: fewer, larger pages
#endif
  return block;
}

void to_system(void* block) { c10::free_cpu(block); }

// The smallest kept block that holds the bytes and wastes little, or none.
void* take_kept(ArenaBlocks& blocks, std::size_t bytes, std::size_t& capacity) {
  const auto found = blocks.kept.lower_bound(bytes);
  if (found == blocks.kept.end() || found->first > bytes + bytes / 4) return nullptr;
  void* block = found->second;
  capacity = found->first;
  blocks.kept_bytes -= capacity;
  blocks.kept.erase(found);
  return block;
}

// What is kept never makes an arena hold more than its tensors needed at their worst, and a
// quarter.
void make_room(ArenaBlocks& blocks, std::size_t bytes) {
  const std::size_t needed = blocks.live + bytes,
                    bound = std::max(blocks.peak, needed) + std::max(blocks.peak, needed) / 4;
  while (!blocks.kept.empty() && needed + blocks.kept_bytes > bound) {
    const auto largest = std::prev(blocks.kept.end());
    blocks.kept_bytes -= largest->first;
    to_system(largest->second);
    blocks.kept.erase(largest);
  }
}

void release(void* data) {
  if (data == nullptr) return;
  auto* header = static_cast<Header*>(data) - 1;
  const std::shared_ptr<ArenaBlocks> owner = std::move(header->owner);
  const std::size_t capacity = header->capacity;
  header->~Header();
  if (!owner) return to_system(header);
  const std::lock_guard lock(owner->mutex);
  owner->live -= capacity;
  owner->kept_bytes += capacity;
  owner->kept.emplace(capacity, header);
}

class ArenaAllocator final : public c10::Allocator {
public:
  c10::DataPtr allocate(std::size_t bytes) override {
    if (bytes == 0) return {nullptr, nullptr, &release, c10::Device(c10::kCPU)};
    const std::size_t whole = bytes + sizeof(Header);
    TORCH_CHECK_WITH(OutOfMemoryError, whole > bytes, "cannot allocate memory: ", bytes, " bytes");
    const std::shared_ptr<ArenaBlocks> owner =
        bytes < small ? std::shared_ptr<ArenaBlocks>() : current;
    void* block = nullptr;
    std::size_t capacity = whole;
    if (owner) {
      const std::lock_guard lock(owner->mutex);
      TORCH_CHECK_WITH(OutOfMemoryError, owner->limit == 0 || owner->live + whole <= owner->limit,
                       "cannot allocate memory: ", bytes, " bytes beyond the limit of ",
                       owner->limit);
      block = take_kept(*owner, whole, capacity);
      if (block == nullptr) make_room(*owner, whole);
      if (block == nullptr) block = from_system(whole);
      owner->live += capacity;
      owner->peak = std::max(owner->peak, owner->live);
    } else {
      block = from_system(whole);
    }
    auto* header = ::new (block) Header{owner, capacity};
    void* data = header + 1;
    return {data, data, &release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, std::size_t count) const override {
    default_copy_data(to, from, count);
  }
};

// Tensors made before keep their own deleter. Never destroyed: tensors of static lifetime may end
// later.
void install() {
  static const bool once = [] {
    c10::SetAllocator(c10::kCPU, new ArenaAllocator, 100);
    return true;
  }();
  static_cast<void>(once);
}

}

void ArenaBlocks::clear() {
  for (const auto& [capacity, block] : kept) to_system(block);
  kept.clear();
  kept_bytes = 0;
}

Arena::Arena() : blocks_(std::make_shared<ArenaBlocks>()) { install(); }
Arena::~Arena() { clear(); }

void Arena::set_limit(std::size_t bytes) {
  const std::lock_guard lock(blocks_->mutex);
  blocks_->limit = bytes;
}

void Arena::clear() {
  const std::lock_guard lock(blocks_->mutex);
  blocks_->clear();
}

std::size_t Arena::live_bytes() const {
  const std::lock_guard lock(blocks_->mutex);
  return blocks_->live;
}

std::size_t Arena::kept_bytes() const {
  const std::lock_guard lock(blocks_->mutex);
  return blocks_->kept_bytes;
}

std::size_t Arena::peak_bytes() const {
  const std::lock_guard lock(blocks_->mutex);
  return blocks_->peak;
}

Arena::Scope::Scope(const Arena& arena) : before_(std::exchange(current, arena.blocks_)) {}
Arena::Scope::~Scope() { current = std::move(before_); }

}
