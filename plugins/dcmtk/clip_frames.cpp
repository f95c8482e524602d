#include "plugins/dcmtk/clip_frames.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

namespace sensorium::dicom {
namespace {

// Frames of a long clip, from the file that stays open; the fragment at which each begins is known
// from the first reading.
class ClipFrames : public DecodedFrames {
public:
  ClipFrames(std::shared_ptr<const File> file, PixelModule module,
             std::vector<std::uint32_t> starts)
      : file_(std::move(file)), module_(std::move(module)), starts_(std::move(starts)),
        stamp_(stamp()) {}
  std::string index() const override { return fmt::format("{}", fmt::join(starts_, " ")); }

protected:
  void decode(int t, const Keep& keep) const override {
    if (t < 0 || t >= module_.frames) throw bad(file_->path(), fmt::format("no frame {}", t + 1));
    const auto i = static_cast<std::size_t>(t);
    std::uint32_t at = i < starts_.size() ? starts_[i] : 0;
    try {
      if (stamp() == stamp_) return keep(t, Buffer(decode_frame(*file_, module_, i, at)));
    } catch (const Error&) {
      if (stamp() == stamp_) throw;
    }
    throw Error(ErrorCode::Conflict,
                fmt::format("'{}' has changed since it was opened", file_->path().string()),
                "open it again");
  }

private:
  using Stamp = std::pair<std::uintmax_t, std::filesystem::file_time_type>;
  Stamp stamp() const {
    std::error_code size, time;
    return {std::filesystem::file_size(file_->path(), size),
            std::filesystem::last_write_time(file_->path(), time)};
  }

  std::shared_ptr<const File> file_;
  PixelModule module_;
  std::vector<std::uint32_t> starts_; // empty: the same for all
  Stamp stamp_;
};

}

bool is_long_clip(const File& file, const PixelModule& m) {
  const std::uint64_t frame = static_cast<std::uint64_t>(m.rows) *
                              static_cast<std::uint64_t>(m.columns) *
                              static_cast<std::uint64_t>(m.channels) * size_of(m.type);
  return reads_by_frames(file, m) && frame * static_cast<std::uint64_t>(m.frames) > frame_budget();
}

std::shared_ptr<const FrameSource> clip_frames(std::shared_ptr<const File> file,
                                               const PixelModule& module, const Context& context) {
  std::vector<std::uint32_t> starts;
  std::uint32_t at = 0;
  if (DcmXfer(file->syntax()).isEncapsulated())
    for (int t = 0; t < module.frames; ++t) {
      if (t % 8 == 0) context.step(static_cast<double>(t) / module.frames, "decoding");
      starts.push_back(at);
      (void)decode_frame(*file, module, static_cast<std::size_t>(t), at);
    }
  return std::make_shared<ClipFrames>(std::move(file), module, std::move(starts));
}

std::shared_ptr<const FrameSource> read_frames(const std::filesystem::path& path,
                                               const Video& video, const std::string& index) {
  auto file = std::make_shared<const File>(path);
  const PixelModule module = read_pixel_module(*file, true);
  std::vector<std::uint32_t> starts;
  std::istringstream in(index);
  for (std::uint32_t one = 0; in >> one;) starts.push_back(one);
  if (module.frames != video.frames || module.columns != video.width ||
      module.rows != video.height ||
      (!starts.empty() && starts.size() != static_cast<std::size_t>(video.frames)))
    throw Error(ErrorCode::Conflict,
                fmt::format("'{}' has changed since it was opened", path.string()),
                "open it again");
  return std::make_shared<ClipFrames>(std::move(file), module, std::move(starts));
}

}
