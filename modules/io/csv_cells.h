// Cells of a text table. Private to modules/io.
#pragma once

#include "modules/io/csv_recording.h"

namespace sensorium {

std::string_view trimmed(std::string_view text);
// No control bytes but tab and line ends in the first bytes.
bool looks_like_text(std::string_view head);
// Quotes are taken off; repeated spaces part once. Text that quotes hide is kept whole.
void split_cells(std::string_view line, char delimiter, std::vector<std::string_view>& cells);
// A number; NaN for an empty cell or "NaN", "NA", "null"; seconds for a clock time or an ISO date
// with one; nothing for anything else.
std::optional<double> cell_value(std::string_view cell, char decimal);

struct TimeColumn {
  std::size_t column = 0;
  std::string note; // for the user, where the column was taken without a name
};
// The column named time or t, one of clock times, or, without names, a first column that rises by
// equal steps.
std::optional<TimeColumn> time_column(const TableLayout& layout, const Buffer& values,
                                      std::uint64_t rows);

}
