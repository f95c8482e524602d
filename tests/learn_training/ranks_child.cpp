// ranks_child FOLDER PLAN: one rank, set by SENSORIUM_RANK and its like. PLAN is JSON: options of
// the training, and
// - "set": a set on disk that the samples are read from;
// - "norm": of the network; "poisoned": {"rank": R, "sample": S} puts a NaN there;
// - "follow": true prints a line before each step and waits for a byte on standard input;
// - "sums": true trains nothing, and adds up numbers of every type and many sizes.
// Prints the hash of the last weights, or "right".
#include "modules/core/error.h"
#include "modules/learn/builders.h"
#include "modules/learn/rank_check.h"
#include "tests/learn_training/sharded_dots.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstring>

namespace {
using namespace sensorium;
using nlohmann::json;

template<class T> HostTensor filled(DType type, std::int64_t count, double factor) {
  HostTensor t{type, {count}, std::vector<std::byte>(static_cast<std::size_t>(count) * sizeof(T))};
  for (std::int64_t i = 0; i < count; ++i)
    t.as<T>()[static_cast<std::size_t>(i)] = static_cast<T>(factor * static_cast<double>(i % 7));
  return t;
}
// Whole numbers up to 16 are exact in half precision: sign, 5 bits of exponent, 10 of fraction.
HostTensor halves(std::int64_t count, int factor) {
  HostTensor t{
      DType::Float16, {count}, std::vector<std::byte>(static_cast<std::size_t>(count) * 2)};
  for (std::int64_t i = 0; i < count; ++i) {
    const int value = factor * static_cast<int>(i % 2);
    int exponent = 0;
    while (value >> (exponent + 1) != 0) ++exponent;
    t.as<std::uint16_t>()[static_cast<std::size_t>(i)] = static_cast<std::uint16_t>(
        value == 0 ? 0 : ((exponent + 15) << 10) | ((value << (10 - exponent)) & 0x3ff));
  }
  return t;
}
std::vector<HostTensor> numbers(std::int64_t count, int factor) {
  return {filled<float>(DType::Float32, count, factor),
          filled<double>(DType::Float64, count, factor),
          halves(count, factor),
          filled<std::uint8_t>(DType::UInt8, count, factor),
          filled<std::int8_t>(DType::Int8, count, factor),
          filled<std::int32_t>(DType::Int32, count, factor),
          filled<std::int64_t>(DType::Int64, count, factor)};
}

int add_up(const RankSetup& setup) {
  std::vector<HostTensor> mine, wanted;
  int total = 0;
  for (int r = 1; r <= setup.ranks; ++r) total += r;
  for (const std::int64_t count : {1, 2, 3, 5, 63, 64, 65, 1000, 4096, 100003})
    for (int part = 0; part < 7; ++part) {
      mine.push_back(numbers(count, setup.rank + 1)[static_cast<std::size_t>(part)]);
      wanted.push_back(numbers(count, total)[static_cast<std::size_t>(part)]);
    }
  const auto sums = sums_over_ranks(setup, mine);
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (sums[i].bytes != wanted[i].bytes) {
      std::fprintf(stderr, "type %d, %ld numbers: wrong sum\n", static_cast<int>(sums[i].type),
                   static_cast<long>(wanted[i].shape[0]));
      return 1;
    }
  std::puts("right");
  return 0;
}

}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  try {
    const json plan = json::parse(argv[2]);
    const RankSetup setup = rank_setup();
    if (plan.value("sums", false)) return add_up(setup);
    const auto options = parameters_from<TrainingOptions>(plan.value("options", json::object()));
    ResidualUnetOptions network;
    network.widths = "4,8";
    network.norm = plan.value("norm", "instance");
    Context context;
    context.progress = [&](double, std::string_view) {
      if (!plan.value("follow", false)) return true;
      std::puts("step");
      std::fflush(stdout);
      return std::getchar() == 'g';
    };
    Dots training(24, 0);
    const Dots validation(5, 1000);
    if (const json bad = plan.value("poisoned", json());
        bad.is_object() && bad.at("rank") == setup.rank)
      training.poisoned = bad.at("sample");
    std::unique_ptr<SampleSource> read, read_validation;
    if (const json set = plan.value("set", json()); set.is_string()) {
      read = sharded_dots(set.get<std::string>(), "training");
      read_validation = sharded_dots(set.get<std::string>(), "validation");
    }
    const SampleSource& samples = read ? *read : static_cast<const SampleSource&>(training);
    const SampleSource& held_out =
        read ? *read_validation : static_cast<const SampleSource&>(validation);
    const TrainingResult result =
        train(build_residual_unet(network, 1), samples, held_out, options, argv[1], context);
    std::printf("%s\n", result.weights_sha256.c_str());
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return e.exit_status();
  }
  return 0;
}
