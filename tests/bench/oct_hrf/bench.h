// The measurements of the OCT foci pipeline. Each prints one Markdown table; docs/BENCHMARKS.md
// holds what it printed.
#pragma once

#include "modules/core/dataset.h"

#include <chrono>
#include <string>
#include <vector>

namespace sensorium::bench {

using Arguments = std::vector<std::string>;

Volume open_volume(const std::string& path);
// Finite samples; what is not becomes 0.
std::vector<float> finite_samples(const Volume& volume);

// Seconds of the fastest of n runs.
template<class Work> double fastest(int n, const Work& work) {
  double best = 1e300;
  for (int i = 0; i < n; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  return best;
}

void enhancement(const Arguments& folder);     // OCT-denoising-package: noisy and averaged pairs
void enhancement_speed(const Arguments& none); // 97 x 496 x 512
void surfaces(const Arguments& files);         // files with vendor lines
void draw_surfaces(const Arguments& in_out);   // picture with the lines found
void recount(const Arguments& none);
void figures(const Arguments& folder); // PNG files for the manual
void phantom_surfaces(
    const Arguments& seed_picture);            // lines on phantoms; draws one seed on request
void phantom_distance(const Arguments& files); // grey levels and texture, real against phantom
void recognise_cut(const Arguments& arguments);
void recognise(const Arguments& files);
void second_look(const Arguments& first_count); // cues of candidates in phantoms, as CSV
// SEED COUNT SCANS UM...: cues of candidates and of their neighbours in phantoms of version 2
void continuation(const Arguments& first_count_scans_distances);
void detectability(const Arguments& first_count_version); // lesions: d' and whether found, as CSV

}
