// run_model MODEL.onnx INPUT.pb... : runs it and writes OUTPUT values as float32 to standard
// output, for the judges. Options before the model: --plain (no graph passes), --bf16, --threads N,
// --repeat N (prints the fastest time instead).
#include "modules/core/error.h"
#include "modules/learn/model.h"
#include "modules/learn/onnx_file.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  using namespace sensorium;
  ModelOptions options;
  int repeat = 0, at = 1;
  for (; at < argc && argv[at][0] == '-'; ++at) {
    const std::string option = argv[at];
    if (option == "--plain") options.optimise = false;
    if (option == "--bf16") options.precision = Precision::BFloat16;
    if (option == "--threads") options.threads = std::stoi(argv[++at]);
    if (option == "--repeat") repeat = std::stoi(argv[++at]);
  }
  try {
    Model model = Model::load(argv[at], options);
    std::map<std::string, HostTensor> typed;
    for (const ValueInfo& input : model.graph().inputs)
      typed[input.name] = parse_tensor_file(argv[++at]);
    if (repeat > 0) {
      model.run_typed(typed);
      double best = 1e9;
      for (int i = 0; i < repeat; ++i) {
        const auto start = std::chrono::steady_clock::now();
        model.run_typed(typed);
        best = std::min(
            best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
      }
      std::printf("%.6f\n", best);
      return 0;
    }
    for (const auto& [name, value] : model.run_typed(typed))
      std::fwrite(value.bytes.data(), 1, value.bytes.size(), stdout);
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n%s\n", e.what(), e.hint().c_str());
    return e.exit_status();
  }
}
