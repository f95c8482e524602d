#include "plugins/dcmtk/jpeg2000.h"

#include <fmt/format.h>
#include <openjpeg.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace sensorium::dicom {
namespace {

struct Source {
  std::span<const std::byte> bytes;
  std::size_t at = 0;
};

OPJ_SIZE_T read_some(void* target, OPJ_SIZE_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  const std::size_t n = std::min<std::size_t>(count, source.bytes.size() - source.at);
  if (n == 0) return static_cast<OPJ_SIZE_T>(-1);
  std::memcpy(target, source.bytes.data() + source.at, n);
  source.at += n;
  return n;
}

OPJ_OFF_T skip_some(OPJ_OFF_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (count < 0) return -1;
  const std::size_t n =
      std::min<std::size_t>(static_cast<std::size_t>(count), source.bytes.size() - source.at);
  source.at += n;
  return static_cast<OPJ_OFF_T>(n);
}

OPJ_BOOL seek_to(OPJ_OFF_T position, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (position < 0 || static_cast<std::size_t>(position) > source.bytes.size()) return OPJ_FALSE;
  source.at = static_cast<std::size_t>(position);
  return OPJ_TRUE;
}

void keep_message(const char* text, void* user) {
  auto& kept = *static_cast<std::string*>(user);
  if (kept.empty()) kept = text;
  while (!kept.empty() && kept.back() == '\n') kept.pop_back();
}

void ignore_message(const char*, void*) {}

template<auto destroy> struct Closer {
  template<class T> void operator()(T* handle) const { destroy(handle); }
};
using Stream = std::unique_ptr<opj_stream_t, Closer<opj_stream_destroy>>;
using Codec = std::unique_ptr<opj_codec_t, Closer<opj_destroy_codec>>;
using Picture = std::unique_ptr<opj_image_t, Closer<opj_image_destroy>>;

std::string shape_fault(const opj_image_t& image, std::uint64_t max_samples) {
  if (image.numcomps < 1 || image.numcomps > 4) return fmt::format("{} components", image.numcomps);
  const opj_image_comp_t& first = image.comps[0];
  for (OPJ_UINT32 c = 0; c < image.numcomps; ++c) {
    const opj_image_comp_t& one = image.comps[c];
    if (one.w != first.w || one.h != first.h || one.prec != first.prec || one.sgnd != first.sgnd ||
        one.dx != 1 || one.dy != 1)
      return "components of different size or precision";
  }
  if (first.prec > 32) return fmt::format("{} bits a sample", first.prec);
  if (std::uint64_t{first.w} * first.h * image.numcomps > max_samples)
    return fmt::format("{} x {} is larger than the header says", first.w, first.h);
  return {};
}

}

Jpeg2000Image decode_jpeg2000(std::span<const std::byte> bytes, std::uint64_t max_samples) {
  Jpeg2000Image out;
  Source source{bytes};
  const bool boxed = bytes.size() > 8 && std::to_integer<int>(bytes[4]) == 'j' &&
                     std::to_integer<int>(bytes[5]) == 'P';
  const Codec codec(opj_create_decompress(boxed ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K));
  const Stream stream(opj_stream_create(1 << 16, OPJ_TRUE));
  opj_set_error_handler(codec.get(), keep_message, &out.failure);
  opj_set_warning_handler(codec.get(), ignore_message, nullptr);
  opj_set_info_handler(codec.get(), ignore_message, nullptr);
  opj_stream_set_user_data(stream.get(), &source, nullptr);
  opj_stream_set_user_data_length(stream.get(), bytes.size());
  opj_stream_set_read_function(stream.get(), read_some);
  opj_stream_set_skip_function(stream.get(), skip_some);
  opj_stream_set_seek_function(stream.get(), seek_to);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  opj_image_t* raw = nullptr;
  const bool begun = opj_setup_decoder(codec.get(), &parameters) &&
                     opj_decoder_set_strict_mode(codec.get(), OPJ_TRUE) &&
                     opj_read_header(stream.get(), codec.get(), &raw);
  const Picture image(raw);
  if (begun && image) out.failure = shape_fault(*image, max_samples);
  if (begun && image && !out.failure.empty()) return out;
  if (!begun || !opj_decode(codec.get(), stream.get(), image.get()) ||
      image->comps[0].data == nullptr) {
    if (out.failure.empty()) out.failure = "the codestream is damaged";
    return out;
  }
  out.failure = shape_fault(*image, max_samples);
  if (!out.failure.empty()) return out;
  out.width = image->comps[0].w;
  out.height = image->comps[0].h;
  out.components = image->numcomps;
  out.precision = image->comps[0].prec;
  out.is_signed = image->comps[0].sgnd != 0;
  const std::size_t pixels = std::size_t{out.width} * out.height;
  out.samples.resize(pixels * out.components);
  for (std::size_t c = 0; c < out.components; ++c)
    for (std::size_t i = 0; i < pixels; ++i)
      out.samples[i * out.components + c] = image->comps[c].data[i];
  return out;
}

}
