// run_model MODEL.onnx INPUT.pb... : runs it and writes OUTPUT values as float32 to standard
// output, for the judges. Options before the model: --plain (no graph passes), --bf16, --fp16,
// --device cuda:N, --threads N,
// --repeat N (prints instead: the fastest run and the least processor time of a run, the time to
// load, all in seconds; by how many MB the process grew at its largest since before loading).
#include "modules/core/error.h"
#include "modules/learn/model.h"
#include "modules/learn/onnx_file.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>

namespace {

// "VmRSS" or "VmHWM" of this process, MB.
double memory_mb(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) / 1024;
  return 0;
}

}

int main(int argc, char** argv) {
  using namespace sensorium;
  ModelOptions options;
  int repeat = 0, at = 1;
  for (; at < argc && argv[at][0] == '-'; ++at) {
    const std::string option = argv[at];
    if (option == "--plain") options.optimise = false;
    if (option == "--bf16") options.precision = Precision::BFloat16;
    if (option == "--fp16") options.precision = Precision::Float16;
    if (option == "--device") options.device = argv[++at];
    if (option == "--threads") options.threads = std::stoi(argv[++at]);
    if (option == "--repeat") repeat = std::stoi(argv[++at]);
  }
  try {
    const double before = memory_mb("VmRSS");
    const auto begin = std::chrono::steady_clock::now();
    Model model = Model::load(argv[at], options);
    const double load =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::map<std::string, HostTensor> typed;
    for (const ValueInfo& input : model.graph().inputs)
      typed[input.name] = parse_tensor_file(argv[++at]);
    if (options.precision == Precision::BFloat16 && model.precision() == Precision::Float32)
      std::fprintf(stderr, "this processor has no bfloat16: float32\n");
    if (repeat > 0) {
      model.run_typed(typed);
      double best = 1e9, least = 1e9; // wall clock, processor time of all threads
      for (int i = 0; i < repeat; ++i) {
        const std::clock_t cpu = std::clock();
        const auto start = std::chrono::steady_clock::now();
        model.run_typed(typed);
        best = std::min(
            best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        least = std::min(least, static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
      }
      std::printf("%.6f %.6f %.6f %.1f\n", best, least, load, memory_mb("VmHWM") - before);
      return 0;
    }
    for (const auto& [name, value] : model.run_typed(typed))
      std::fwrite(value.bytes.data(), 1, value.bytes.size(), stdout);
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n%s\n", e.what(), e.hint().c_str());
    return e.exit_status();
  }
}
