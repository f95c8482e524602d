// Marks that a reader draws on a lung ultrasound clip, each a kind of its own. The colour says the
// kind in the window, in key frames and in reports; the line style still says the state.
#pragma once

#include <array>
#include <string_view>

namespace sensorium {

struct MarkKind {
  const char* label;
  const char* short_name; // beside the mark, so that colour is never the only sign
  const char* color;      // Okabe and Ito, lifted for black surroundings
};
inline constexpr std::array<MarkKind, 5> mark_kinds{{{"A-line", "A-line", "#56b4e9"},
                                                     {"B-line origin", "B origin", "#f0e442"},
                                                     {"pleural irregularity", "pleura", "#cc79a7"},
                                                     {"consolidation", "consolidation", "#f0713c"},
                                                     {"effusion", "effusion", "#1fc795"}}};

// Null: a label without a look of its own.
constexpr const MarkKind* mark_kind(std::string_view label) {
  for (const MarkKind& kind : mark_kinds)
    if (label == kind.label) return &kind;
  return nullptr;
}

}
