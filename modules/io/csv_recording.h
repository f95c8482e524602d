// Tables of numbers as text: recordings with a column a channel and a row a sample.
//
// Delimiter (comma, semicolon, tab, bar, spaces) and decimal sign (point, comma) are those with
// which most of the first rows are numbers. Lines before the first row of numbers may hold names,
// units and a stated rate ("Sample rate: 10 kHz", "dt = 0.1 ms"). A column named time (or t, with
// a unit), or one of clock times, gives the rate; without its unit the rate stays unknown.
#pragma once

#include "modules/core/context.h"
#include "modules/core/dataset.h"

#include <filesystem>

namespace sensorium {

int sniff_csv_recording(std::span<const std::byte> head);

// Text is read in pieces; tables above 64 MB go to a cached file and are mapped. Throws Error
// BadInput naming the line: a row of another length, a cell that is no number.
Recording load_csv_recording(const std::filesystem::path& path, const Context& context);

// For the parser's tests: delimiter, decimal sign, names and units found in the first lines.
struct TableLayout {
  char delimiter = ',', decimal = '.';
  std::size_t columns = 0;
  std::uint64_t first_row = 0; // line, from 0, of the first numbers
  std::vector<std::string> names, units;
  std::optional<double> stated_hertz;
  std::string stated_in;  // the words that state it
  bool ambiguous = false; // commas may be decimal signs or delimiters
};
std::optional<TableLayout> table_layout(std::string_view head, bool whole);

}
