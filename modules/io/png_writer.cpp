#include "modules/io/png_writer.h"

#include "modules/core/error.h"

#include <fmt/format.h>
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <vector>

namespace sensorium {

struct PngWriter::State {
  std::filesystem::path path;
  std::FILE* file = nullptr;
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::string message;
  bool finished = false;

  Error error() const {
    return Error(
        ErrorCode::Resources,
        fmt::format("cannot write '{}'{}{}", path.string(), message.empty() ? "" : ": ", message),
        "is the disk full, or the folder read-only?");
  }
  // libpng reports by a function that must not return; its buffers are C, so a jump is safe.
  template<class Work> void guarded(const Work& work) {
    if (setjmp(png_jmpbuf(png)) != 0) throw error();
    work();
  }
};

namespace {

void on_error(png_structp png, png_const_charp text) {
  *static_cast<std::string*>(png_get_error_ptr(png)) = text;
  png_longjmp(png, 1);
}
void on_warning(png_structp, png_const_charp) {}

}

PngWriter::PngWriter(const std::filesystem::path& path, int width, int height, int channels,
                     std::span<const std::array<std::uint8_t, 3>> palette)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.path = path;
  if (width <= 0 || height <= 0 || (channels != 1 && channels != 3) || palette.size() > 256 ||
      (!palette.empty() && channels != 1))
    throw Error(ErrorCode::Internal,
                fmt::format("a picture of {} x {} with {} channels", width, height, channels));
  s.file = std::fopen(path.c_str(), "wb");
  if (s.file == nullptr) throw s.error();
  s.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &s.message, on_error, on_warning);
  if (s.png != nullptr) s.info = png_create_info_struct(s.png);
  if (s.info == nullptr) throw s.error();
  std::vector<png_color> colours;
  for (const auto& one : palette) colours.push_back({one[0], one[1], one[2]});
  s.guarded([&] {
    png_set_user_limits(s.png, 0x7fffffff, 0x7fffffff);
    png_init_io(s.png, s.file);
    png_set_IHDR(s.png, s.info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height),
                 8,
                 channels == 3      ? PNG_COLOR_TYPE_RGB
                 : !palette.empty() ? PNG_COLOR_TYPE_PALETTE
                                    : PNG_COLOR_TYPE_GRAY,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (!colours.empty())
      png_set_PLTE(s.png, s.info, colours.data(), static_cast<int>(colours.size()));
    if (channels == 3) png_set_sRGB(s.png, s.info, PNG_sRGB_INTENT_RELATIVE);
    png_set_compression_level(s.png, 3);
    png_set_filter(s.png, 0, colours.empty() ? PNG_FILTER_SUB : PNG_FILTER_NONE);
    png_write_info(s.png, s.info);
  });
}

PngWriter::~PngWriter() {
  if (state_->png != nullptr) png_destroy_write_struct(&state_->png, &state_->info);
  if (state_->file != nullptr) std::fclose(state_->file);
  std::error_code code;
  if (!state_->finished) std::filesystem::remove(state_->path, code);
}

void PngWriter::row(std::span<const std::uint8_t> samples) {
  state_->guarded([&] { png_write_row(state_->png, samples.data()); });
}

void PngWriter::finish() {
  State& s = *state_;
  s.guarded([&] { png_write_end(s.png, s.info); });
  const bool whole = std::fflush(s.file) == 0 && std::ferror(s.file) == 0;
  const bool closed = std::fclose(s.file) == 0;
  s.file = nullptr;
  if (!whole || !closed) throw s.error();
  s.finished = true;
}

}
