#include "plugins/sndfile/audio_file.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/io/bytes.h"
#include "modules/io/converted_samples.h"

#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

namespace sensorium::audio {
namespace fs = std::filesystem;
namespace {

using namespace std::string_view_literals;

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};

Error bad(const fs::path& path, const std::string& what) {
  return Error(ErrorCode::BadInput, fmt::format("'{}': {}", path.string(), what),
               "copy or export the file again");
}

struct Kind {
  PixelType type;
  double scale;
  std::string_view scaling;
};

Kind kind_of(int format) {
  switch (format & SF_FORMAT_SUBMASK) {
  case SF_FORMAT_PCM_S8:
  case SF_FORMAT_PCM_U8:
  case SF_FORMAT_PCM_16:
    return {PixelType::Int16, 1.0 / 32768, "integers divided by 32768: 1 is full scale"};
  case SF_FORMAT_PCM_24:
  case SF_FORMAT_PCM_32:
    return {PixelType::Int32, 1.0 / 2147483648.0,
            "integers divided by 2^31 (of 24 bits by 2^23): 1 is full scale"};
  case SF_FORMAT_DOUBLE:
    return {PixelType::Float64, 1, "floats, as stored"};
  default: // float, and packed formats that libsndfile decodes to floats
    return {PixelType::Float32, 1, "floats, as stored or decoded"};
  }
}

sf_count_t read_frames(SNDFILE* file, PixelType type, void* out, sf_count_t frames) {
  switch (type) {
  case PixelType::Int16:
    return sf_readf_short(file, static_cast<short*>(out), frames);
  case PixelType::Int32:
    return sf_readf_int(file, static_cast<int*>(out), frames);
  case PixelType::Float64:
    return sf_readf_double(file, static_cast<double*>(out), frames);
  default:
    return sf_readf_float(file, static_cast<float*>(out), frames);
  }
}

// A WAV's data chunk against the file: libsndfile shortens what is cut off without a word. Returns
// where a length lies that was never written, else 0.
std::uint64_t check_wave(const Bytes& file, const fs::path& path) {
  const std::string mark = file.has(0, 12) ? file.text(0, 4, "mark") : std::string();
  if (mark != "RIFF" && mark != "RIFX") return 0;
  std::uint64_t at = 12;
  while (file.has(at, 8)) {
    const std::string id = file.text(at, 4, "a chunk");
    const auto little = file.little<std::uint32_t>(at + 4, "a chunk's size");
    const std::uint32_t size = mark == "RIFX" ? __builtin_bswap32(little) : little;
    const std::uint64_t left = file.size() - at - 8;
    if (id == "data") {
      if (mark == "RIFF" && (size == 0 || size >= 0xfffffff0u)) return at + 4;
      if (size <= left) return 0;
      throw bad(path, fmt::format("is cut short: {} bytes of samples, the header promises {}", left,
                                  size));
    }
    if (size > left) break;
    at += 8 + std::uint64_t{size} + (size & 1);
  }
  throw bad(path, "a WAV file without samples");
}

// The file as libsndfile sees it: as it is, but for the length of its samples where that is absent.
struct View {
  std::span<const std::byte> bytes;
  std::uint64_t length_at = 0;
  sf_count_t at = 0;

  static View& of(void* user) { return *static_cast<View*>(user); }
  static sf_count_t size(void* user) { return static_cast<sf_count_t>(of(user).bytes.size()); }
  static sf_count_t tell(void* user) { return of(user).at; }
  static sf_count_t seek(sf_count_t offset, int whence, void* user) {
    const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? of(user).at : size(user);
    return of(user).at = std::clamp<sf_count_t>(from + offset, 0, size(user));
  }
  static sf_count_t read(void* out, sf_count_t count, void* user) {
    View& v = of(user);
    count = std::clamp<sf_count_t>(count, 0, size(user) - v.at);
    const auto first = static_cast<std::uint64_t>(v.at);
    std::memcpy(out, v.bytes.data() + first, static_cast<std::size_t>(count));
    if (v.length_at > 0) {
      const auto length = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(v.bytes.size() - v.length_at - 4, std::uint64_t{0xffffffef}));
      for (std::uint64_t i = 0; i < 4; ++i)
        if (v.length_at + i >= first && v.length_at + i < first + static_cast<std::uint64_t>(count))
          static_cast<std::byte*>(out)[v.length_at + i - first] =
              static_cast<std::byte>(length >> (8 * i));
    }
    v.at += count;
    return count;
  }
  static sf_count_t write(const void*, sf_count_t, void*) { return 0; }
};

}

int sniff(std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  const std::string_view kind = text.size() >= 12 ? text.substr(8, 4) : std::string_view();
  if ((text.starts_with("RIFF"sv) || text.starts_with("RIFX"sv) || text.starts_with("RF64"sv)) &&
      kind == "WAVE")
    return 95;
  if (text.starts_with("FORM"sv) && (kind == "AIFF" || kind == "AIFC")) return 95;
  if (text.starts_with("fLaC"sv) || text.starts_with("caff\0\1"sv)) return 95;
  return text.starts_with("riff\x2e\x91\xcf\x11"sv) ? 95 : 0;
}

Recording load(const fs::path& path, const Context& context) {
  Recording r;
  r.origin.path = path.string();
  const auto map = MappedFile::open(path);
  View view{.bytes = map->bytes(),
            .length_at = check_wave(Bytes(map->bytes(), path.string()), path)};
  if (view.length_at > 0)
    r.origin.warnings.push_back("the length of its samples was never written (the recorder was cut "
                                "off): all that is there was read");
  SF_VIRTUAL_IO calls{View::size, View::seek, View::read, View::write, View::tell};
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, Close> file(sf_open_virtual(&calls, SFM_READ, &info, &view));
  if (file == nullptr) throw bad(path, clean_text(sf_strerror(nullptr)));
  const sf_count_t frames = info.frames;
  if (info.channels < 1 || info.channels > 1024 || frames < 1)
    throw bad(path, fmt::format("{} samples of {} channels", frames, info.channels));
  const Kind kind = kind_of(info.format);
  const std::uint64_t width = size_of(kind.type) * static_cast<std::uint64_t>(info.channels);
  const std::uint64_t bytes =
      checked_bytes({static_cast<std::uint64_t>(frames), width}, std::uint64_t{1} << 50,
                    fmt::format("'{}'", path.string()));
  const StoredSamples stored = converted_samples(path, "audio", bytes, [&](const PutSamples& put) {
    const std::uint64_t piece = std::max<std::uint64_t>(1, (4u << 20) / width);
    std::vector<std::byte> values(piece * width);
    for (std::uint64_t at = 0; at < static_cast<std::uint64_t>(frames);) {
      const auto wanted =
          static_cast<sf_count_t>(std::min(piece, static_cast<std::uint64_t>(frames) - at));
      const sf_count_t got = read_frames(file.get(), kind.type, values.data(), wanted);
      if (got < wanted)
        throw bad(path, fmt::format("is cut short or damaged: {} of {} samples could be read",
                                    at + static_cast<std::uint64_t>(std::max<sf_count_t>(0, got)),
                                    frames));
      put(at * width, std::span(values).first(static_cast<std::uint64_t>(got) * width));
      at += static_cast<std::uint64_t>(got);
      context.step(static_cast<double>(at) / static_cast<double>(frames), "reading samples");
    }
  });
  r.length = static_cast<std::uint64_t>(frames);
  for (int c = 0; c < info.channels; ++c) {
    Channel channel{.name = fmt::format("channel {}", c + 1), .source = "position"};
    channel.type = kind.type;
    channel.scale = kind.scale;
    channel.samples = stored.data;
    channel.first = static_cast<std::size_t>(c) * size_of(kind.type);
    channel.stride = width;
    r.channels.push_back(std::move(channel));
  }
  r.rate = known_rate(info.samplerate, RateSource::Stated, "the file's header");
  SF_FORMAT_INFO container{};
  container.format = info.format & SF_FORMAT_TYPEMASK;
  sf_command(nullptr, SFC_GET_FORMAT_INFO, &container, sizeof container);
  if (container.name != nullptr)
    r.origin.facts.push_back({"container", clean_text(container.name), "libsndfile"});
  r.origin.facts.push_back({"scaling", std::string(kind.scaling), "libsndfile"});
  return r;
}

}
