// What one span of a recording shows, for a view: spectrum, fault bands, Park's locus; and the
// whole recording at a glance: spectrogram, negative sequence over time. Work and memory are
// bounded however long the recording is.
#pragma once

#include "modules/core/context.h"
#include "modules/core/dataset.h"
#include "modules/signal/machine.h"
#include "modules/signal/three_phase.h"

namespace sensorium {

struct SpanRequest {
  std::uint64_t from = 0, to = 0;                   // samples, [from, to)
  std::vector<std::size_t> channels;                // of the spectra; at most 16 are taken
  std::optional<std::array<std::size_t, 3>> phases; // the three currents, where there are three
  // Hz. 1 where the rate is unknown: frequencies are then in periods per sample, and nothing is
  // said about slip and fault bands.
  double rate = 1;
  bool rate_known = false;
  std::string window = "hann";
  Nameplate nameplate;
};

struct SpanAnalysis {
  std::uint64_t from = 0, to = 0;
  std::vector<FrequencySpectrum>
      spectra;             // amplitude of each channel, as amplitude_spectrum() scales it
  FrequencySpectrum joint; // root of the phases' mean power; empty without phases
  // The span was longer than longest_piece: the spectra are the root of the mean power of that many
  // pieces, evenly spread.
  std::size_t pieces = 1;
  double fundamental = 0; // Hz; 0: there is no alternating signal
  double reference = 0;   // amplitude of the fundamental in the joint (else the first) spectrum
  Slip slip;
  std::vector<BandLevel> bands;
  ParkVector park; // at most most_locus_points consecutive samples from the span's middle
  std::vector<double> rms;
  double ratio = 0, ratio_angle = 0; // |I2/I1| and degrees over (one piece of) the span
  double distortion = 0;             // THD, mean of the phases (else the first channel)
  // Of the first piece: rms and crest factor, without the mean, mean of the phases (else of the
  // first channel); how far the phases' rms are apart (NEMA MG 1).
  double level = 0, crest = 0, unbalance = 0;
};

inline constexpr std::uint64_t longest_piece = 1u << 18;
inline constexpr std::size_t most_pieces = 16, most_locus_points = 4096;

// Missing samples are bridged. Fewer than 16 samples: everything is empty. Throws Error Cancelled,
// Usage (a window or channel that is not there).
SpanAnalysis analyse_span(const Recording& recording, const SpanRequest& request,
                          const Context& context = {});

// |I2/I1| at the fundamental in windows of six periods, at most `points` of them, evenly spread.
struct RatioCourse {
  std::vector<std::uint64_t> middle; // sample in the middle of each window
  std::vector<double> ratio;
};
RatioCourse ratio_course(const Recording& recording, const std::array<std::size_t, 3>& phases,
                         double rate, double fundamental, std::size_t points = 600,
                         const Context& context = {});

// `columns` spectra of `segment` samples (Hann), evenly spread over [from, to); of neighbours that
// overlap nothing is left out, of those far apart the samples between are not read.
struct SpectrogramView {
  std::size_t columns = 0, rows = 0; // rows: frequencies 0 .. rate / 2
  std::vector<float> decibels;       // [column][row], relative to the greatest value: 0 and below
  std::uint64_t from = 0, to = 0;
  double highest = 0; // Hz of the last row
};
SpectrogramView spectrogram_view(const Recording& recording, std::size_t channel,
                                 std::uint64_t from, std::uint64_t to, double rate,
                                 std::size_t columns, std::size_t segment,
                                 const Context& context = {});

}
