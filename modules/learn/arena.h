// Internal to modules/learn: memory of tensors, kept from one run to the next. Large tensors that
// the system hands out anew cost a page fault for every 4 kB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace sensorium {

// Holds the blocks that its tensors gave back; all of them go when the last user goes. Safe across
// threads.
class Arena {
public:
  Arena();
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  // Bytes of tensors alive at once; what goes beyond throws as when memory runs out. 0: no limit.
  void set_limit(std::size_t bytes);
  // Gives what no tensor uses back to the system.
  void clear();
  std::size_t live_bytes() const;
  std::size_t kept_bytes() const;
  std::size_t peak_bytes() const; // largest live_bytes so far

  // Tensors made on this thread within the scope come from the arena.
  class Scope {
  public:
    explicit Scope(const Arena& arena);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

  private:
    std::shared_ptr<struct ArenaBlocks> before_;
  };

private:
  std::shared_ptr<struct ArenaBlocks> blocks_;
};

}
