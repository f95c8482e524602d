// Other looks at one span of a recording than its amplitude spectrum: averaged, zoomed, of the
// envelope, of Park's modulus, spectral kurtosis, over orders. Work and memory are bounded.
#pragma once

#include "modules/signal/span_analysis.h"

namespace sensorium {

enum class SpanView { Averaged, Zoom, Envelope, Park, Kurtosis, Orders };

struct SpanViewRequest {
  SpanRequest span; // channels: the line that is wanted; none: the mean power of the three phases
  SpanView view = SpanView::Averaged;
  double low = 0, high = 0; // Hz, of Zoom and Envelope; 0, 0: about the fundamental
  double fundamental = 0;   // as analyse_span() found it; 0: none
  Slip slip;
};

struct SpanViewMark {
  double at = 0; // on the x axis
  std::string label;
};

struct SpanViewResult {
  SpanView view = SpanView::Averaged;
  double first = 0, step = 0; // x of value 0, and from one value to the next
  std::vector<double> values; // empty: text says why
  bool decibels = true;       // else spectral kurtosis
  double low = 0, high = 0;   // the band that was used, where the view has one
  bool orders = false;        // x is in orders, of the shaft where of_shaft, else of the supply
  bool of_shaft = false;
  std::vector<SpanViewMark> marks; // where faults show, as far as the speed is known
  std::string text;                // how it was made, one sentence
};

inline constexpr std::uint64_t most_viewed = 1u << 20;

// At most most_viewed samples, from the span's middle. Missing samples are bridged.
//   Averaged  Welch, an eighth of the span a segment, half overlapped; dB relative to fundamental
//   Zoom      4096 values between low and high (chirp-z), dB relative to the fundamental
//   Envelope  amplitude spectrum of |x + i H{x}| after a band-pass, dB relative to its mean
//   Park      that of Park's modulus (extended Park), dB relative to its mean
//   Kurtosis  spectral kurtosis
//   Orders    order spectrum, dB relative to the fundamental
// Throws Error Cancelled, Usage (a band that is none, a channel that is not there).
SpanViewResult view_span(const Recording& recording, const SpanViewRequest& request,
                         const Context& context = {});

}
