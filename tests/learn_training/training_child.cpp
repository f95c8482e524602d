// Trains in a folder and prints the hash of the last weights: the kill test starts it, kills it and
// starts it again.
#include "modules/learn/builders.h"
#include "tests/learn_training/dots.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  using namespace sensorium;
  if (argc != 3) return 2;
  ResidualUnetOptions network;
  network.widths = "4,8";
  TrainingOptions options;
  options.steps = std::atoi(argv[2]);
  options.batch_size = 4;
  options.checkpoint_every = 3;
  options.validate_every = 7;
  options.threads = 1;
  const Dots training(24, 0), validation(4, 1000);
  const TrainingResult result =
      train(build_residual_unet(network, 1), training, validation, options, argv[1], {});
  std::printf("%s\n", result.weights_sha256.c_str());
  return 0;
}
