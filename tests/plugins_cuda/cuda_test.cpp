// What the GPU is given and gives back, judged by the code on the processor: through a stand-in for
// NVIDIA's libraries that runs the kernels' own source, and on a real GPU where there is one.
#include "hyperspectral/project_device.h"
#include "modules/core/error.h"
#include "modules/core/random.h"
#include "pipelines/oct_hrf/enhance_device.h"
#include "plugins/cuda/cuda_accelerator.h"
#include "tests/plugins_cuda/fake_nvidia.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <functional>
#include <limits>
#include <map>

namespace sensorium {
namespace {

const std::string fake = SENSORIUM_BINARY_DIR "/lib/libfake_nvidia.so";
const cuda::Libraries fake_libraries{.driver = {fake}, .fft = {fake}};
const std::byte no_kernels[1] = {};

template<class T> T asked(const char* name) {
  void* library = ::dlopen(fake.c_str(), RTLD_NOW);
  EXPECT_NE(library, nullptr) << ::dlerror();
  return reinterpret_cast<T (*)()>(::dlsym(library, name))();
}
#define ASKED(function) asked<decltype(function())>(#function)

std::shared_ptr<Accelerator> pretended() {
  return cuda::make_accelerator(0, no_kernels, fake_libraries);
}

Error error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "no error";
  return Error(ErrorCode::Internal, "");
}

class Fake : public ::testing::Test {
protected:
  void SetUp() override { forget(); }
  void TearDown() override {
    EXPECT_STREQ(ASKED(fake_misuse), "");
    forget();
  }
  static void forget() {
    for (const char* name : {"FAKE_GPUS", "FAKE_GPU_MEMORY", "FAKE_GPU_FAULT"}) ::unsetenv(name);
  }
  static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
};

std::vector<float> speckled(int width, int height, int pictures) {
  Random random(5);
  std::vector<float> out;
  for (int p = 0; p < pictures; ++p)
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        const double layer = y > height / 3 && y < height / 2 ? 0.6 : 0.1;
        const double focus = std::hypot(x - width / 2.0, y - height / 2.5) < 3 ? 0.3 : 0;
        out.push_back(static_cast<float>((layer + focus) * (0.6 + 0.4 * random.uniform())));
      }
  return out;
}

double greatest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double most = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - b[i]);
    if (!(d <= most)) most = d; // NaN too
  }
  return most;
}

void expect_enhancement(Accelerator& gpu) {
  struct Case {
    int width, height, pictures, block;
  };
  for (const auto& [width, height, pictures, block] :
       {Case{64, 48, 3, 8}, Case{61, 50, 2, 8}, Case{33, 70, 1, 4}, Case{8, 8, 1, 8},
        Case{40, 17, 2, 16}, Case{9, 31, 1, 2}}) {
    SCOPED_TRACE(std::to_string(width) + " x " + std::to_string(height));
    const std::vector<float> in = speckled(width, height, pictures);
    for (const double strength : {3.0, 0.5}) {
      const oct_hrf::EnhanceOptions options{.block = block, .strength = strength};
      const auto want = oct_hrf::enhance_volume(in, width, height, options);
      const auto got = oct_hrf::enhance_volume_on(gpu, in, width, height, options, 2);
      EXPECT_LT(greatest_difference(got, want), 1e-5);
      EXPECT_GT(greatest_difference(got, in), block > 2 ? 1e-2 : 0) << "nothing was enhanced";
    }
  }
}

Cube random_cube(SampleType type, Interleave order, bool big_endian) {
  Cube cube{.lines = 5, .samples = 13, .bands = 11, .type = type};
  cube.interleave = order;
  cube.big_endian = big_endian;
  if (order == Interleave::Other)
    cube.stride = {1, 5, 65}; // columns first
  else
    set_dense_strides(cube);
  Random random(static_cast<std::uint64_t>(type) * 7 + static_cast<std::uint64_t>(order));
  const std::size_t part = is_complex(type) ? size_of(type) / 2 : size_of(type),
                    count = cube.pixels() * 11 * (size_of(type) / part);
  std::vector<std::byte> bytes(count * part);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t bits = random.bits();
    if (type == SampleType::Float32 || type == SampleType::Complex64)
      bits = std::bit_cast<std::uint32_t>(static_cast<float>(1000 * random.normal()));
    if (type == SampleType::Float64 || type == SampleType::Complex128)
      bits = std::bit_cast<std::uint64_t>(1000 * random.normal());
    for (std::size_t k = 0; k < part; ++k)
      bytes[i * part + (big_endian ? part - 1 - k : k)] = static_cast<std::byte>(bits >> (8 * k));
  }
  cube.data = Buffer(std::move(bytes));
  cube.origin.path = "random";
  return cube;
}

void expect_sums(Accelerator& gpu, const Cube& cube, const std::vector<int>& bands,
                 std::shared_ptr<const hyper::Calibration> calibration = {}) {
  hyper::Projection p{.bands = bands, .weights = {}, .offset = {0.5, -3, 0}};
  p.calibration = std::move(calibration);
  Random random(3);
  for (std::size_t k = 0; k < bands.size(); ++k)
    p.weights.push_back({random.normal(), random.normal(), random.uniform()});
  hyper::Raster want(cube.lines, cube.samples), got(cube.lines, cube.samples);
  const Context context{.threads = 2};
  hyper::project(cube, p, context, want);
  hyper::project_on(gpu, cube, p, context, got);
  double greatest = 0;
  for (const float v : want.rows(0, cube.lines))
    if (std::isfinite(v)) greatest = std::max(greatest, std::abs(static_cast<double>(v)));
  const auto a = want.rows(0, cube.lines), b = got.rows(0, cube.lines);
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(std::isnan(a[i]), std::isnan(b[i])) << i;
    // Rounded to a float, after sums of doubles in another order.
    if (std::isnan(a[i])) continue;
    ASSERT_NEAR(a[i], b[i], 2e-7 * greatest) << i;
  }
}

void expect_projection(Accelerator& gpu) {
  using enum SampleType;
  for (const SampleType type : {UInt8, Int8, Int16, UInt16, Int32, UInt32, Int64, UInt64, Float32,
                                Float64, Complex64, Complex128})
    for (const Interleave order :
         {Interleave::Bsq, Interleave::Bil, Interleave::Bip, Interleave::Other})
      for (const bool big : {false, true}) {
        SCOPED_TRACE(std::string(name_of(type)) + " " + std::string(name_of(order)) +
                     (big ? " big" : ""));
        const Cube cube = random_cube(type, order, big);
        expect_sums(gpu, cube, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
        expect_sums(gpu, cube, {7, 2, 4});
      }
}

void expect_what_is_no_measurement(Accelerator& gpu) {
  for (const Interleave order : {Interleave::Bsq, Interleave::Bil, Interleave::Bip}) {
    Cube cube = random_cube(SampleType::UInt8, order, false);
    cube.ignore_value = static_cast<double>(cube.data.bytes()[40]);
    expect_sums(gpu, cube, {1, 2, 3, 9});
    auto calibration = std::make_shared<hyper::Calibration>();
    calibration->samples = cube.samples;
    calibration->bands = cube.bands;
    Random random(8);
    for (int e = 0; e < cube.samples * cube.bands; ++e) {
      calibration->offset.push_back(static_cast<float>(10 * random.uniform()));
      calibration->gain.push_back(e == 40 ? std::numeric_limits<float>::quiet_NaN()
                                          : static_cast<float>(random.uniform()));
    }
    expect_sums(gpu, cube, {1, 2, 3, 9}, calibration);
    cube.ignore_value.reset();
    expect_sums(gpu, cube, {10, 0, 7}, calibration);
  }
  Cube floats = random_cube(SampleType::Float32, Interleave::Bil, false);
  std::vector<std::byte> bytes(floats.data.bytes().begin(), floats.data.bytes().end());
  const float nothing = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(bytes.data() + 4 * 30, &nothing, 4);
  floats.data = Buffer(std::move(bytes));
  expect_sums(gpu, floats, {0, 2, 5});
  floats.ignore_value = std::numeric_limits<double>::quiet_NaN();
  expect_sums(gpu, floats, {0, 2, 5});
}

TEST_F(Fake, EnhancementIsThatOfTheProcessor) { expect_enhancement(*pretended()); }
TEST_F(Fake, ProjectionIsThatOfTheProcessorForEveryTypeAndOrder) {
  expect_projection(*pretended());
}
TEST_F(Fake, WhatIsNoMeasurementIsBlank) { expect_what_is_no_measurement(*pretended()); }

// A picture of 64 x 48 takes 17 * 13 blocks of (2 * 64 + 4 * 40 + 1) floats and some: 0.28 MB.
TEST_F(Fake, PicturesThatDoNotFitAtOnceGoInTurns) {
  const std::vector<float> in = speckled(64, 48, 7);
  const auto gpu = pretended();
  const std::size_t before = ASKED(fake_launches);
  const auto whole = oct_hrf::enhance_volume_on(*gpu, in, 64, 48, {}, 1);
  EXPECT_EQ(ASKED(fake_launches), before + 4);
  set("FAKE_GPU_MEMORY", "1800000"); // half of it: three pictures
  EXPECT_EQ(oct_hrf::enhance_volume_on(*gpu, in, 64, 48, {}, 1), whole);
  EXPECT_EQ(ASKED(fake_launches), before + 4 + 4 * 3);
  set("FAKE_GPU_MEMORY", "100000");
  const Error small = error_of([&] { oct_hrf::enhance_volume_on(*gpu, in, 64, 48, {}, 1); });
  EXPECT_EQ(small.code(), ErrorCode::Resources);
  EXPECT_NE(std::string(small.what()).find("64 x 48"), std::string::npos) << small.what();
}

TEST_F(Fake, NothingIsKeptThatWasTaken) {
  const std::size_t before = ASKED(fake_bytes_held);
  {
    const auto gpu = pretended();
    oct_hrf::enhance_volume_on(*gpu, speckled(64, 48, 2), 64, 48, {}, 1);
    expect_sums(*gpu, random_cube(SampleType::Int16, Interleave::Bil, false), {0, 1, 2});
    set("FAKE_GPU_FAULT", "cuLaunchKernel");
    error_of([&] { oct_hrf::enhance_volume_on(*gpu, speckled(64, 48, 2), 64, 48, {}, 1); });
  }
  EXPECT_EQ(ASKED(fake_bytes_held), before);
  EXPECT_GT(ASKED(fake_most_bytes_held), before);
}

TEST_F(Fake, AFaultIsSaidAndTheProcessorTakesOver) {
  const std::vector<float> in = speckled(64, 48, 2);
  const auto want = oct_hrf::enhance_volume(in, 64, 48);
  const FoundAccelerator gpu{pretended(), {}};
  for (const auto& [fault, words] :
       std::map<std::string, std::string>{{"cuMemAlloc", "out of memory"},
                                          {"cuLaunchKernel", "pretended fault (CUDA error 700)"},
                                          {"cufftPlanMany", "cuFFT (error 2)"}}) {
    const auto fresh = fault == "cufftPlanMany" ? FoundAccelerator{pretended(), {}} : gpu;
    set("FAKE_GPU_FAULT", fault);
    std::vector<float> out;
    std::string warned;
    Context context{.log = [&](LogLevel, std::string_view text) { warned = text; },
                    .device = "cuda:0"};
    const std::string said = compute_on(
        fresh, context, "enhancement",
        [&](Accelerator& a) { out = oct_hrf::enhance_volume_on(a, in, 64, 48, {}, 1); },
        [&] { out = oct_hrf::enhance_volume(in, 64, 48); });
    EXPECT_EQ(out, want);
    EXPECT_EQ(said, warned);
    EXPECT_TRUE(said.starts_with(
        "The enhancement was computed on the processor, not on cuda:0: cuda:0 (Pretended GPU)"))
        << said;
    EXPECT_NE(said.find(words), std::string::npos) << said;
  }
}

TEST_F(Fake, WhereItWasComputedIsNamed) {
  EXPECT_EQ(pretended()->name(), "cuda:0 (Pretended GPU)");
  const std::string said = compute_on(
      {pretended(), {}}, {.device = "cuda:0"}, "projection", [](Accelerator&) {},
      [] { FAIL() << "the processor was asked"; });
  EXPECT_EQ(said, "The projection was computed on cuda:0 (Pretended GPU).");
}

TEST_F(Fake, AMachineWithoutDriverOrGpuIsToldInOneLine) {
  const auto why = [](int number, const cuda::Libraries& libraries) {
    const Error e = error_of([&] { cuda::make_accelerator(number, no_kernels, libraries); });
    EXPECT_EQ(e.code(), ErrorCode::Unsupported);
    const std::string text = e.what();
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text;
  };
  EXPECT_EQ(why(0, {.driver = {"libno-such-driver.so.1"}}),
            "NVIDIA's driver does not load: libno-such-driver.so.1: cannot open shared object "
            "file: No such file or directory");
  EXPECT_NE(why(0, {.driver = {"libc.so.6"}}).find("has no cuInit"), std::string::npos);
  EXPECT_NE(why(1, fake_libraries).find("finds 1 GPUs, none of the number 1"), std::string::npos);
  set("FAKE_GPUS", "0");
  EXPECT_NE(why(0, fake_libraries).find("finds 0 GPUs"), std::string::npos);
  set("FAKE_GPUS", "1");
  set("FAKE_GPU_FAULT", "cuModuleLoadData");
  EXPECT_NE(why(0, fake_libraries).find("older than the kernels"), std::string::npos);
  forget();
  const auto gpu = cuda::make_accelerator(0, no_kernels, {.driver = {fake}, .fft = {"libno.so"}});
  const std::vector<float> in = speckled(64, 48, 1);
  EXPECT_NE(
      std::string(error_of([&] { oct_hrf::enhance_volume_on(*gpu, in, 64, 48, {}, 1); }).what())
          .find("cuFFT does not load: libno.so"),
      std::string::npos);
}

TEST_F(Fake, SizesThatContradictEachOtherAreRefused) {
  const auto gpu = pretended();
  const std::vector<float> window(8), thresholds(40), in(64 * 48);
  std::vector<float> out(in.size());
  BlockShrinkage right{
      .width = 64, .height = 48, .block = 8, .window = window, .thresholds = thresholds};
  gpu->shrink_blocks(right, in, out);
  for (const auto& change : std::vector<std::function<void(BlockShrinkage&)>>{
           [](auto& w) { w.block = 7; }, [](auto& w) { w.block = 50; },
           [](auto& w) { w.width = 0; }, [](auto& w) { w.window = w.window.subspan(1); },
           [](auto& w) { w.thresholds = {}; }}) {
    BlockShrinkage wrong = right;
    change(wrong);
    EXPECT_EQ(error_of([&] { gpu->shrink_blocks(wrong, in, out); }).code(), ErrorCode::Internal);
  }
  const std::vector<std::byte> stored(4 * 6 * 2);
  const std::vector<int> places{0, 1, 2};
  const std::vector<double> weights(9);
  std::vector<double> sums(3 * 8);
  const StoredSums fits{.type = SampleType::Int16,
                        .stored = stored,
                        .lines = 2,
                        .samples = 4,
                        .values = 3,
                        .line_step = 12,
                        .sample_step = 3,
                        .places = places,
                        .weights = weights};
  gpu->weighted_sums(fits, sums);
  const std::vector<int> beyond{0, 1, 3}, before{-1, 0, 1};
  for (const auto& change : std::vector<std::function<void(StoredSums&)>>{
           [](auto& w) { w.lines = 3; }, [](auto& w) { w.line_step = 13; },
           [&](auto& w) { w.places = beyond; }, [&](auto& w) { w.places = before; },
           [](auto& w) { w.type = SampleType::Complex64; },
           [](auto& w) { w.weights = w.weights.subspan(1); }}) {
    StoredSums wrong = fits;
    change(wrong);
    EXPECT_EQ(error_of([&] { gpu->weighted_sums(wrong, sums); }).code(), ErrorCode::Internal);
  }
}

class RealGpu : public ::testing::Test {
protected:
  void SetUp() override {
    found_ = accelerator_for("cuda:0");
    if (!found_.accelerator) GTEST_SKIP() << "skipped: " << found_.why_not;
  }
  FoundAccelerator found_;
};

TEST_F(RealGpu, EnhancementIsThatOfTheProcessor) { expect_enhancement(*found_.accelerator); }
TEST_F(RealGpu, ProjectionIsThatOfTheProcessorForEveryTypeAndOrder) {
  expect_projection(*found_.accelerator);
}
TEST_F(RealGpu, WhatIsNoMeasurementIsBlank) { expect_what_is_no_measurement(*found_.accelerator); }

}
}
