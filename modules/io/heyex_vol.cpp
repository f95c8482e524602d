#include "modules/io/heyex_vol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>

namespace sensorium {
namespace {

constexpr std::string_view heyex_magic = "HSF-OCT-", bscan_magic = "HSF-BS-", eyepy_magic = "ep-v";
constexpr std::string_view kretz_magic = "KRETZFILE";
constexpr std::uint64_t file_header_size = 2048, smallest_bscan_header = 88, most_layer_lines = 64;
constexpr float absent_above = 1e30f;

struct FileHeader {
  std::string version;
  bool by_eyepy = false;
  std::uint64_t width = 0, scans = 0, height = 0, slo_width = 0, slo_height = 0, bscan_header = 0;
  double scale_x = 0, distance = 0, scale_z = 0, slo_scale_x = 0, slo_scale_y = 0, focus = 0;
  std::int32_t slo_field = 0, pattern = 0;
  std::string position;
  std::uint64_t exam_time = 0;

  std::uint64_t slo_bytes() const { return slo_width * slo_height; }
  std::uint64_t samples() const { return width * height; }
  std::uint64_t scan_bytes() const { return bscan_header + samples() * sizeof(float); }
  std::uint64_t scan_at(std::uint64_t z) const {
    return file_header_size + slo_bytes() + z * scan_bytes();
  }
};

struct ScanHeader {
  std::array<double, 4> line{}; // start x, y, end x, y in mm
  std::uint64_t lines = 0, lines_at = 0;
  float quality = 0;
};

bool begins_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

std::uint64_t size_field(const Bytes& file, std::uint64_t at, const char* name, bool may_be_zero) {
  const auto value = file.little<std::int32_t>(at, name);
  if (value < 0 || (value == 0 && !may_be_zero))
    throw file.bad(fmt::format("is no valid HEYEX file: {} says {}", name, value));
  return static_cast<std::uint64_t>(value);
}

void check_magic(const Bytes& file) {
  if (begins_with(file.all(), heyex_magic) || begins_with(file.all(), eyepy_magic)) return;
  const bool kretz = begins_with(file.all(), kretz_magic);
  throw file.unsupported(
      kretz ? "is a GE Kretz ultrasound volume, not a HEYEX export (both are called .vol)"
            : "is no HEYEX raw export: it does not begin with HSF-OCT-",
      kretz ? "export it as DICOM from the ultrasound device"
            : "several programs call their files .vol; export it from HEYEX as 'Raw data'");
}

FileHeader read_header(const Bytes& file) {
  check_magic(file);
  file.part(0, file_header_size, "the file header");
  FileHeader h;
  h.version = file.text(0, 12, "Version");
  h.by_eyepy = begins_with(file.all(), eyepy_magic);
  h.width = size_field(file, 12, "SizeX", false);
  h.scans = size_field(file, 16, "NumBScans", false);
  h.height = size_field(file, 20, "SizeZ", false);
  h.scale_x = file.little<double>(24, "ScaleX");
  h.distance = file.little<double>(32, "Distance");
  h.scale_z = file.little<double>(40, "ScaleZ");
  h.slo_width = size_field(file, 48, "SizeXSlo", true);
  h.slo_height = size_field(file, 52, "SizeYSlo", true);
  h.slo_scale_x = file.little<double>(56, "ScaleXSlo");
  h.slo_scale_y = file.little<double>(64, "ScaleYSlo");
  h.slo_field = file.little<std::int32_t>(72, "FieldSizeSlo");
  h.focus = file.little<double>(76, "ScanFocus");
  h.position = file.text(84, 4, "ScanPosition");
  h.exam_time = file.little<std::uint64_t>(88, "ExamTime");
  h.pattern = file.little<std::int32_t>(96, "ScanPattern");
  h.bscan_header = size_field(file, 100, "BScanHdrSize", true);
  return h;
}

// The size that the header asks for. Throws Error BadInput beyond the limit, before any product can
// wrap.
std::uint64_t wanted_size(const FileHeader& h, const Bytes& file) {
  const std::uint64_t limit = allocation_limit();
  const std::string what = fmt::format("'{}'", file.name());
  checked_bytes({h.width, h.height, h.scans, sizeof(float)}, limit, what);
  checked_bytes({h.slo_width, h.slo_height}, limit, what);
  checked_bytes({h.bscan_header, h.scans}, limit, what);
  return h.scan_at(h.scans);
}

// The package eyepy writes a wrong BScanHdrSize into the file header and the right one into each
// B-scan's.
void settle_layout(FileHeader& h, const Bytes& file, std::vector<std::string>& warnings) {
  std::uint64_t wanted = wanted_size(h, file);
  const std::uint64_t first = file_header_size + h.slo_bytes();
  if (wanted > file.size() && h.by_eyepy && file.has(first, smallest_bscan_header)) {
    FileHeader other = h;
    other.bscan_header = size_field(file, first + 12, "BScanHdrSize of the first B-scan", true);
    if (wanted_size(other, file) == file.size()) {
      warnings.push_back(fmt::format(
          "The file header gives a B-scan header size of {}, the B-scans one of {}, which fits.",
          h.bscan_header, other.bscan_header));
      h = other;
      wanted = file.size();
    }
  }
  if (h.bscan_header < smallest_bscan_header)
    throw file.bad(fmt::format("is no valid HEYEX file: BScanHdrSize says {}", h.bscan_header));
  if (wanted > file.size())
    throw file.bad(fmt::format("is cut short: {} B-scans of {} x {} need {} bytes, the file has {}",
                               h.scans, h.width, h.height, wanted, file.size()));
}

ScanHeader read_scan_header(const Bytes& file, const FileHeader& h, std::uint64_t z) {
  const std::uint64_t at = h.scan_at(z);
  const std::string what = fmt::format("the header of B-scan {}", z + 1);
  if (!begins_with(file.part(at, h.bscan_header, what), h.by_eyepy ? eyepy_magic : bscan_magic))
    throw file.bad(fmt::format("contradicts itself: {} is not where the file header says", what));
  ScanHeader s;
  for (std::size_t i = 0; i < 4; ++i) s.line[i] = file.little<double>(at + 16 + 8 * i, what);
  s.lines = size_field(file, at + 48, "NumSeg", true);
  s.lines_at = size_field(file, at + 52, "OffSeg", true);
  s.quality = file.little<float>(at + 56, what);
  const std::uint64_t room = s.lines_at <= h.bscan_header ? h.bscan_header - s.lines_at : 0;
  if (s.lines > most_layer_lines || s.lines > room / (h.width * sizeof(float)))
    throw file.bad(fmt::format(
        "contradicts itself: {} claims {} layer lines at {}, more than its {} bytes hold", what,
        s.lines, s.lines_at, h.bscan_header));
  return s;
}

std::optional<std::chrono::sys_seconds> from_filetime(std::uint64_t ticks) {
  using namespace std::chrono;
  const auto since_1601 = seconds(static_cast<std::int64_t>(ticks / 10'000'000));
  const sys_seconds time = sys_days(year(1601) / January / 1) + since_1601;
  if (time < sys_days(year(1980) / January / 1) || time > sys_days(year(2200) / January / 1))
    return {};
  return time;
}

std::string date_text(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string time_text(std::chrono::sys_seconds time) {
  using namespace std::chrono;
  const sys_days day = floor<days>(time);
  const hh_mm_ss<seconds> clock(time - day);
  return fmt::format("{}T{:02}:{:02}:{:02}Z", date_text(day), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

// Days since 1899-12-30 (OLE date); empty when it is none.
std::string ole_date(double value) {
  using namespace std::chrono;
  if (!(value >= 1) || value > 200000) return {};
  return date_text(sys_days(year(1899) / December / 30) + days(static_cast<int>(value)));
}

std::string pattern_name(std::int32_t pattern) {
  constexpr std::array names{"unknown", "single line", "circle", "volume", "fast volume", "radial"};
  if (pattern >= 0 && pattern < static_cast<std::int32_t>(names.size()))
    return names[static_cast<std::size_t>(pattern)];
  return fmt::format("number {}", pattern);
}

void describe_origin(const FileHeader& h, const Bytes& file, Volume& v) {
  auto& facts = v.origin.facts;
  facts.push_back({"Format version", h.version, "Version"});
  facts.push_back({"Scan pattern", pattern_name(h.pattern), "ScanPattern"});
  if (const auto time = from_filetime(h.exam_time))
    facts.push_back({"Exam time", time_text(*time), "ExamTime"});
  if (std::isfinite(h.focus))
    facts.push_back({"Scan focus", fmt::format("{:.2f} dpt", h.focus), "ScanFocus"});
  if (h.slo_field > 0)
    facts.push_back({"SLO field", fmt::format("{} deg", h.slo_field), "FieldSizeSlo"});
  v.origin.patient.id = file.text(140, 21, "PatientID");
  v.origin.patient.birth_date = ole_date(file.little<double>(164, "DOB"));
  v.laterality = h.position == "OD"   ? Laterality::Right
                 : h.position == "OS" ? Laterality::Left
                                      : Laterality::Unknown;
}

void set_spacing(const FileHeader& h, Volume& v) {
  v.spacing[0] = vendor_spacing_mm(h.scale_x, "ScaleX");
  v.spacing[1] = vendor_spacing_mm(h.scale_z, "ScaleZ");
  v.spacing[2] = h.pattern == 5 ? unknown_spacing("radial B-scans have no constant distance")
                                : vendor_spacing_mm(h.distance, "Distance");
}

void read_localizer(const FileHeader& h, const Bytes& file, Volume& v) {
  if (h.slo_bytes() == 0) return;
  Image slo;
  slo.width = static_cast<int>(h.slo_width);
  slo.height = static_cast<int>(h.slo_height);
  const auto bytes = file.part(file_header_size, h.slo_bytes(), "the SLO image");
  slo.pixels = Buffer(std::vector<std::byte>(bytes.begin(), bytes.end()));
  slo.spacing = {vendor_spacing_mm(h.slo_scale_x, "ScaleXSlo"),
                 vendor_spacing_mm(h.slo_scale_y, "ScaleYSlo")};
  v.localizer = std::move(slo);
}

void set_scan_lines(const FileHeader& h, const std::vector<ScanHeader>& scans, Volume& v) {
  if (!v.localizer || !v.localizer->spacing[0].known() || !v.localizer->spacing[1].known()) return;
  if (h.pattern == 2) {
    v.origin.facts.push_back(
        {"Circle scan",
         fmt::format("start {:.3f}, {:.3f} mm; centre {:.3f}, {:.3f} mm", scans[0].line[0],
                     scans[0].line[1], scans[0].line[2], scans[0].line[3]),
         "StartX, StartY, EndX, EndY"});
    return;
  }
  for (const ScanHeader& s : scans) {
    v.scan_lines.push_back({s.line[0] / h.slo_scale_x, s.line[1] / h.slo_scale_y,
                            s.line[2] / h.slo_scale_x, s.line[3] / h.slo_scale_y});
    if (std::all_of(s.line.begin(), s.line.end(), [](double mm) { return std::abs(mm) < 1000; }))
      continue;
    v.scan_lines.clear();
    v.origin.warnings.push_back(
        "The places of the B-scans on the localiser are not usable numbers and were left out.");
    return;
  }
}

void set_quality(const std::vector<ScanHeader>& scans, Volume& v) {
  float low = std::numeric_limits<float>::max(), high = std::numeric_limits<float>::lowest();
  for (const ScanHeader& s : scans) {
    if (!std::isfinite(s.quality) || s.quality < 0 || s.quality > 1000) return;
    low = std::min(low, s.quality);
    high = std::max(high, s.quality);
  }
  v.origin.facts.push_back(
      {"Image quality",
       low == high ? fmt::format("{:.1f} dB", low) : fmt::format("{:.1f} to {:.1f} dB", low, high),
       "Quality"});
}

void read_layer_lines(const FileHeader& h, const Bytes& file, const std::vector<ScanHeader>& scans,
                      Volume& v) {
  std::uint64_t most = 0, outside = 0;
  for (const ScanHeader& s : scans) most = std::max(most, s.lines);
  std::string absent;
  for (std::uint64_t line = 0; line < most; ++line) {
    Surface surface{heyex_layer_name(static_cast<int>(line)), {}, "vendor", {}};
    surface.depth.assign(h.width * h.scans, std::numeric_limits<float>::quiet_NaN());
    bool present = false;
    for (std::uint64_t z = 0; z < h.scans; ++z) {
      if (line >= scans[z].lines) continue;
      const std::uint64_t at = h.scan_at(z) + scans[z].lines_at + line * h.width * sizeof(float);
      const auto raw = file.part(at, h.width * sizeof(float), surface.name);
      float* const row = surface.depth.data() + z * h.width;
      std::memcpy(row, raw.data(), raw.size());
      for (std::uint64_t x = 0; x < h.width; ++x) {
        if (row[x] >= 0 && row[x] < static_cast<float>(h.height)) {
          present = true;
        } else {
          outside += std::isfinite(row[x]) && std::abs(row[x]) < absent_above ? 1 : 0;
          row[x] = std::numeric_limits<float>::quiet_NaN();
        }
      }
    }
    if (present)
      v.surfaces.push_back(std::move(surface));
    else
      absent += (absent.empty() ? "" : ", ") + surface.name;
  }
  if (!absent.empty()) v.origin.facts.push_back({"Layer lines without values", absent, "NumSeg"});
  if (outside > 0)
    v.origin.warnings.push_back(
        fmt::format("{} layer line values lie outside the image and were left out.", outside));
}

struct SampleCount {
  std::uint64_t outside = 0, negative = 0, above = 0;
};

void convert_scan(std::span<const std::byte> raw, float scale, bool root, float* out,
                  SampleCount& count) {
  std::memcpy(out, raw.data(), raw.size());
  for (std::size_t i = 0; i < raw.size() / sizeof(float); ++i) {
    const float x = out[i];
    if (!(x < absent_above)) {
      ++count.outside;
      out[i] = 0;
    } else if (x < 0) {
      ++count.negative;
      out[i] = 0;
    } else {
      count.above += x * scale > 1 ? 1 : 0;
      const float y = std::min(x * scale, 1.0f);
      out[i] = root ? std::sqrt(std::sqrt(y)) : y;
    }
  }
}

bool holds_grey_levels(const FileHeader& h, const Bytes& file) {
  if (!h.by_eyepy) return false;
  for (std::uint64_t z = 0; z < h.scans; ++z)
    for (std::uint64_t i = 0; i < h.samples(); ++i) {
      const auto x =
          file.little<float>(h.scan_at(z) + h.bscan_header + i * sizeof(float), "samples");
      if (x > 1 && x < absent_above) return true;
    }
  return false;
}

void read_samples(const FileHeader& h, const Bytes& file, const Context& context, Volume& v) {
  const bool grey = holds_grey_levels(h, file);
  std::vector<float> out(h.samples() * h.scans);
  SampleCount count;
  for (std::uint64_t z = 0; z < h.scans; ++z) {
    context.step(static_cast<double>(z) / static_cast<double>(h.scans), "reading B-scans");
    const auto raw = file.part(h.scan_at(z) + h.bscan_header, h.samples() * sizeof(float),
                               fmt::format("B-scan {}", z + 1));
    convert_scan(raw, grey ? 1 / 255.0f : 1.0f, !grey, out.data() + z * h.samples(), count);
  }
  v.pixels = Buffer::of(std::move(out));
  v.origin.facts.push_back(
      {"Intensity",
       grey ? "stored grey level / 255 (written by eyepy, not a raw reflectivity)"
            : "fourth root of the stored reflectivity, as HEYEX displays it",
       "B-scan samples"});
  if (count.outside > 0)
    v.origin.facts.push_back({"Samples outside the registered area",
                              fmt::format("{}, set to 0", count.outside), "B-scan samples"});
  if (count.negative + count.above > 0)
    v.origin.warnings.push_back(fmt::format("{} samples below 0 and {} above 1 were clipped.",
                                            count.negative, count.above));
}

}

std::string heyex_layer_name(int position) {
  constexpr std::array names{"ILM", "BM",  "RNFL", "GCL", "IPL", "INL", "OPL", "ONL", "ELM",
                             "IOS", "OPT", "CHO",  "VIT", "ANT", "PR1", "PR2", "RPE"};
  if (position >= 0 && position < static_cast<int>(names.size()))
    return names[static_cast<std::size_t>(position)];
  return fmt::format("layer {}", position);
}

int sniff_heyex_vol(std::span<const std::byte> head) {
  if (begins_with(head, heyex_magic)) return 100;
  if (begins_with(head, eyepy_magic)) return 60;
  return begins_with(head, kretz_magic) ? 1 : 0; // to say what it is, when nobody reads it
}

Volume parse_heyex_vol(std::span<const std::byte> bytes, const std::string& name, Samples samples,
                       const Context& context) {
  const Bytes file(bytes, name);
  Volume v;
  v.origin.path = name;
  v.origin.format = "heyex_vol";
  FileHeader h = read_header(file);
  settle_layout(h, file, v.origin.warnings);
  v.width = static_cast<int>(h.width);
  v.height = static_cast<int>(h.height);
  v.depth = static_cast<int>(h.scans);
  v.type = PixelType::Float32;
  v.modality = "OCT";
  describe_origin(h, file, v);
  set_spacing(h, v);
  read_localizer(h, file, v);
  std::vector<ScanHeader> scans;
  scans.reserve(static_cast<std::size_t>(h.scans));
  for (std::uint64_t z = 0; z < h.scans; ++z) scans.push_back(read_scan_header(file, h, z));
  set_scan_lines(h, scans, v);
  set_quality(scans, v);
  read_layer_lines(h, file, scans, v);
  if (samples == Samples::Load) read_samples(h, file, context, v);
  return v;
}

}
