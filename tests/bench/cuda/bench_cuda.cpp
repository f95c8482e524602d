// bench_cuda [cuda:N]: the enhancement of a 97 x 496 x 512 volume and the projection of a 512 x
// 1000 x 200 int16 cube in memory, on the processor and on the GPU, copies included; and by how
// much the two differ.
#include "hyperspectral/project_device.h"
#include "modules/core/random.h"
#include "pipelines/oct_hrf/enhance_device.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <thread>

using namespace sensorium;

namespace {

struct Times {
  double fastest = 1e30, first = 0;
};

Times timed(const std::function<void()>& work) {
  Times out;
  for (int i = 0; i < 6; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const double s =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (i == 0)
      out.first = s;
    else
      out.fastest = std::min(out.fastest, s);
  }
  return out;
}

void row(const char* step, const Times& cpu, int threads, const Times& gpu, double difference) {
  std::printf("| %s | %.4f (%d threads) | %.4f | %.4f | %.1e |\n", step, cpu.fastest, threads,
              gpu.fastest, gpu.first, difference);
  std::fflush(stdout);
}

template<class A> double difference(const A& a, const A& b) {
  double most = 0, greatest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    greatest = std::max(greatest, std::abs(static_cast<double>(a[i])));
  }
  return most / greatest;
}

void enhancement(Accelerator& gpu, int threads) {
  constexpr int width = 512, height = 496, depth = 97;
  std::vector<float> volume(static_cast<std::size_t>(width) * height * depth), a, b;
  Random random(1);
  for (float& v : volume) v = static_cast<float>(random.uniform());
  const Times cpu = timed([&] { a = oct_hrf::enhance_volume(volume, width, height, {}, threads); });
  const Times own =
      timed([&] { b = oct_hrf::enhance_volume_on(gpu, volume, width, height, {}, threads); });
  row("enhancement", cpu, threads, own, difference(a, b));
}

void projection(Accelerator& gpu, int threads, Interleave order, const char* name) {
  Cube cube{.lines = 512, .samples = 1000, .bands = 200, .type = SampleType::Int16};
  cube.interleave = order;
  set_dense_strides(cube);
  std::vector<std::byte> bytes(cube.pixels() * 200 * 2);
  Random random(2);
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    const std::uint64_t bits = random.bits() & 0x3fff3fff3fff3fff;
    std::memcpy(bytes.data() + i, &bits, 8);
  }
  cube.data = Buffer(std::move(bytes));
  hyper::Projection p;
  for (int band = 10; band < 90; ++band) { // about what CIE takes of 400 to 1000 nm
    p.bands.push_back(band);
    p.weights.push_back({random.uniform(), random.uniform(), random.uniform()});
  }
  hyper::Raster a(512, 1000), b(512, 1000);
  const Context context{.threads = threads};
  const Times cpu = timed([&] { hyper::project(cube, p, context, a); });
  const Times own = timed([&] { hyper::project_on(gpu, cube, p, context, b); });
  row(name, cpu, threads, own, difference(a.rows(0, 512), b.rows(0, 512)));
}

}

int main(int argc, char** argv) {
  const FoundAccelerator found = accelerator_for(argc > 1 ? argv[1] : "cuda:0");
  if (!found.accelerator) {
    std::fprintf(stderr, "no GPU to measure: %s\n", found.why_not.c_str());
    return 3;
  }
  const int threads = static_cast<int>(std::thread::hardware_concurrency());
  std::printf(
      "%s\n\n| step | processor s | GPU s | GPU, first s | difference of the greatest value "
      "|\n|---|---|---|---|---|\n",
      found.accelerator->name().c_str());
  enhancement(*found.accelerator, threads);
  projection(*found.accelerator, threads, Interleave::Bsq, "projection, BSQ");
  projection(*found.accelerator, threads, Interleave::Bil, "projection, BIL");
  projection(*found.accelerator, threads, Interleave::Bip, "projection, BIP");
}
