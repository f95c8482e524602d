// Times of spectra on one thread, best of seven, as JSON; for against_scipy.py.
#include "modules/signal/spectrum.h"

#include <chrono>
#include <cstdio>
#include <fstream>

using namespace sensorium;

namespace {

template<class Work> double best(const Work& work) {
  double least = 1e9;
  for (int i = 0; i < 7; ++i) {
    const auto from = std::chrono::steady_clock::now();
    work();
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count());
  }
  return least;
}

}

int main(int, char** words) {
  std::ifstream in(words[1], std::ios::binary | std::ios::ate);
  std::vector<double> x(static_cast<std::size_t>(in.tellg()) / 8);
  in.seekg(0);
  in.read(reinterpret_cast<char*>(x.data()), static_cast<std::streamsize>(x.size() * 8));
  const double rate = 10000;
  std::printf("{\"amplitude_spectrum\": %.6f, ", best([&] { amplitude_spectrum(x, rate, "hann"); }));
  std::printf("\"welch_4096\": %.6f, ", best([&] { welch(x, rate, {.segment = 4096}); }));
  std::printf("\"spectrogram_1024\": %.6f, ", best([&] { spectrogram(x, rate, {.segment = 1024, .overlap = 0.75}); }));
  std::printf("\"zoom_fft_4096\": %.6f, ", best([&] { zoom_fft(std::span(x).first(std::size_t{1} << 18), rate, 40, 60, 4096); }));
  std::printf("\"hilbert\": %.6f}\n", best([&] { analytic_signal(x); }));
}
