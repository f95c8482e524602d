// Frames of a clip that is too long to be held whole: decoded when they are asked for, the last
// ones kept.
#pragma once

#include "modules/core/origin.h"

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>

namespace sensorium {

class FrameSource {
public:
  virtual ~FrameSource() = default;
  // Frame t of the clip from 0, [y][x][channel]. Any thread. Throws Error Conflict when the file is
  // no longer the one that was opened.
  virtual Buffer frame(int t) const = 0;
  // What another process needs beside the file to decode the same frames; text without patient
  // fields. See ReaderDefinition::frames.
  virtual std::string index() const { return {}; }
};

// A clip of more bytes than this is not held: 256 MiB, or $SENSORIUM_FRAME_BYTES, and at most
// allocation_limit().
std::uint64_t frame_budget();

// Keeps the frames used last, up to half of frame_budget() but at least two.
class DecodedFrames : public FrameSource {
public:
  Buffer frame(int t) const final;

protected:
  using Keep = std::function<void(int t, Buffer frame)>;
  // Gives frame t, and all frames that were decoded on the way, to keep. One thread at a time.
  virtual void decode(int t, const Keep& keep) const = 0;
  // How many frames of that many bytes are kept.
  static int room(std::uint64_t frame_bytes);

private:
  struct Kept {
    int t;
    Buffer frame;
  };
  mutable std::mutex mutex_;
  mutable std::list<Kept> kept_; // used last in front
  mutable std::map<int, std::list<Kept>::iterator> where_;
};

// Frames that a function makes of others.
class MadeFrames : public FrameSource {
public:
  explicit MadeFrames(std::function<Buffer(int t)> make) : make_(std::move(make)) {}
  Buffer frame(int t) const override { return make_(t); }

private:
  std::function<Buffer(int t)> make_;
};

}
