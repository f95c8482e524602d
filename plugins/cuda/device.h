// One GPU: its context, the kernels, memory, launches.
#pragma once

#include "plugins/cuda/nvidia.h"

#include <cstddef>
#include <mutex>
#include <span>
#include <string>

namespace sensorium::cuda {

class Device {
public:
  // kernels: a fat binary made of kernels.cu. Uses the primary context, which LibTorch uses too.
  // Throws Error Unsupported: no driver, no GPU of that number, or one the kernels are not made
  // for.
  Device(int number, const std::byte* kernels, const Libraries& libraries);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const std::string& name() const { return name_; } // "cuda:0 (NVIDIA H200)"
  const Driver& driver() const { return driver_; }
  void* kernel(const char* name) const;
  // Bytes that may be taken now: half of what is free, 1 GiB at most.
  std::size_t budget() const;
  // Throws Error saying what was done and the driver's own words.
  void check(int result, const char* doing) const;
  // One thread for each of `count` numbers; work: the kernel's only argument.
  template<class Work> void launch(void* kernel, std::size_t count, Work work) const {
    launch_with(kernel, count, &work);
  }
  void synchronise() const { check(driver_.synchronise(), "computing"); }

  // Makes the context that of the calling thread; one thread at a time.
  class Use {
  public:
    explicit Use(const Device& device);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

  private:
    const Device& device_;
    std::lock_guard<std::mutex> lock_;
  };

private:
  void launch_with(void* kernel, std::size_t count, void* work) const;
  std::string name_;
  Driver driver_;
  void* context_ = nullptr;
  void* module_ = nullptr;
  mutable std::mutex mutex_;
};

// Memory of a device. Within a Device::Use.
class Memory {
public:
  explicit Memory(const Device& device) : device_(device) {}
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // At least so many bytes; what it held is lost when it has to grow.
  void reserve(std::size_t bytes);
  template<class T> void put(std::span<const T> values) {
    reserve(values.size_bytes());
    copy_in(values.data(), values.size_bytes());
  }
  template<class T> void get(std::span<T> values) const {
    copy_out(values.data(), values.size_bytes());
  }
  template<class T> T* as() const { return reinterpret_cast<T*>(address_); }

private:
  void copy_in(const void* from, std::size_t bytes);
  void copy_out(void* to, std::size_t bytes) const;
  const Device& device_;
  Address address_ = 0;
  std::size_t bytes_ = 0;
};

}
