#include "modules/io/jpeg.h"

#include <fmt/format.h>

#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

#include <jerror.h>

namespace sensorium {
namespace {

constexpr int most_scans = 500; // a progressive picture has about ten

struct Faults {
  jpeg_error_mgr manager; // first: libjpeg hands out a pointer to it
  std::jmp_buf back;
  char text[JMSG_LENGTH_MAX];
};

[[noreturn]] void give_up(j_common_ptr info) {
  auto* faults = reinterpret_cast<Faults*>(info->err);
  info->err->format_message(info, faults->text);
  std::longjmp(faults->back, 1);
}

void on_message(j_common_ptr info, int level) {
  const int code = info->err->msg_code;
  const bool harmless =
      code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR;
  if (level < 0 && !harmless) give_up(info);
}

void on_progress(j_common_ptr info) {
  if (info->is_decompressor == 0 ||
      reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= most_scans)
    return;
  info->err->msg_code = JERR_BAD_PROGRESSION;
  give_up(info);
}

// Nothing here has a destructor: libjpeg leaves by longjmp.
bool decode(std::span<const std::byte> bytes, const PicturePage& page, std::byte* out,
            Faults& faults) {
  jpeg_decompress_struct info;
  jpeg_progress_mgr progress{};
  info.err = jpeg_std_error(&faults.manager);
  faults.manager.error_exit = give_up;
  faults.manager.emit_message = on_message;
  progress.progress_monitor = on_progress;
  if (setjmp(faults.back) != 0) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);
  info.progress = &progress;
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&info, TRUE);
  info.out_color_space = page.channels() == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&info);
  const bool agrees = info.output_width == page.width && info.output_height == page.height &&
                      info.output_components == page.channels();
  while (agrees && info.output_scanline < info.output_height) {
    auto* row = reinterpret_cast<JSAMPLE*>(out) +
                static_cast<std::size_t>(info.output_scanline) * info.output_width *
                    static_cast<std::size_t>(info.output_components);
    jpeg_read_scanlines(&info, &row, 1);
  }
  if (agrees)
    jpeg_finish_decompress(&info);
  else
    std::snprintf(faults.text, sizeof faults.text, "its headers contradict each other");
  jpeg_destroy_decompress(&info);
  return agrees;
}

}

std::vector<std::byte> decode_jpeg(const Bytes& file, const PicturePage& page) {
  std::vector<std::byte> out(static_cast<std::size_t>(page.width * page.height) *
                             static_cast<std::size_t>(page.channels()));
  Faults faults{};
  if (!decode(file.all(), page, out.data(), faults))
    throw file.bad(fmt::format("is a damaged JPEG: {}", clean_text(faults.text)));
  return out;
}

}
