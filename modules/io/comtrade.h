// COMTRADE, IEEE C37.111-1991, -1999 and -2013 (IEC 60255-24): .cfg with .dat, or one .cff.
//
// Analogue channels are stored * a + b in their unit; status channels have the unit "state". Values
// that the standard marks as missing are no numbers. Text is UTF-8, or Latin-1 where it is not.
#pragma once

#include "modules/core/context.h"
#include "modules/core/dataset.h"

#include <filesystem>

namespace sensorium {

// What the configuration says. Parsed from the text of a .cfg or of a .cff's first part.
struct ComtradeConfig {
  struct Analogue {
    std::string name, phase, unit;
    double a = 1, b = 0;
    double skew_us = 0;
  };
  struct Rate {
    double hertz = 0;
    std::uint64_t last = 0; // number of the last sample with it
  };
  std::string station, device;
  int year = 1991;
  std::vector<Analogue> analogue;
  std::vector<std::string> status;
  double line_hz = 0;
  std::vector<Rate> rates;            // empty: the time stamps give the times
  std::string start, trigger, format; // format: "ASCII", "BINARY", "BINARY32", "FLOAT32"
  double time_factor = 1;             // of the time stamps, which are microseconds
};
// Throws Error BadInput naming the line.
ComtradeConfig parse_comtrade_config(std::string_view text, const std::string& name);

int sniff_comtrade(const std::filesystem::path& path, std::span<const std::byte> head);
// A .cfg, a .cff, or a .dat beside its .cfg. with_samples false: the configuration alone, also
// where the .dat is not there (a warning says so). Throws Error NotFound naming the missing half.
Recording load_comtrade(const std::filesystem::path& path, bool with_samples,
                        const Context& context);
// The other half of a pair, for the hash.
std::vector<std::string> comtrade_companions(const std::filesystem::path& path);

}
