// training_child FOLDER STEPS [follow|die N]: trains in a folder and prints the hash of the last
// weights. The tests start it, end it and start it again, on a machine of any speed:
// - follow: before each step and at the end it prints a line and waits for a byte on standard
// input.
// With SENSORIUM_TEST_SET the samples are read from that set on disk.
// - die N: SIGKILL in the N-th call of write, fsync, rename or unlink; a write is half done then.
#include "modules/core/error.h"
#include "modules/learn/builders.h"
#include "tests/learn_training/sharded_dots.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

std::atomic<long> calls_left{-1};

bool is_last_call() { return calls_left > 0 && --calls_left == 0; }
void die() { ::kill(::getpid(), SIGKILL); }
void die_in_last_call() {
  if (is_last_call()) die();
}
template<class F> F next_of(F, const char* name) {
  return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

}

// They stand before the C library's own.
extern "C" {
ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = next_of(&write, "write");
  if (is_last_call()) {
    real(fd, data, size / 2);
    die();
  }
  return real(fd, data, size);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto real = next_of(&writev, "writev");
  die_in_last_call();
  return real(fd, parts, count);
}
int fsync(int fd) {
  static const auto real = next_of(&fsync, "fsync");
  die_in_last_call();
  return real(fd);
}
int rename(const char* from, const char* to) noexcept {
  static const auto real = next_of(&rename, "rename");
  die_in_last_call();
  return real(from, to);
}
int unlink(const char* path) noexcept {
  static const auto real = next_of(&unlink, "unlink");
  die_in_last_call();
  return real(path);
}
}

int main(int argc, char** argv) {
  using namespace sensorium;
  if (argc < 3) return 2;
  const std::string mode = argc > 3 ? argv[3] : "";
  ResidualUnetOptions network;
  network.widths = "4,8";
  TrainingOptions options;
  options.steps = std::atoi(argv[2]);
  options.batch_size = 4;
  options.checkpoint_every = 3;
  options.validate_every = 7;
  options.threads = 1;
  Context context;
  const auto say_and_wait = [&](const char* word) {
    if (mode != "follow") return true;
    std::puts(word);
    std::fflush(stdout);
    std::getchar();
    return true;
  };
  context.progress = [&](double, std::string_view) { return say_and_wait("step"); };
  try {
    std::unique_ptr<SampleSource> training = std::make_unique<Dots>(24, 0),
                                  validation = std::make_unique<Dots>(4, 1000);
    if (const char* set = std::getenv("SENSORIUM_TEST_SET")) {
      training = sharded_dots(set, "training");
      validation = sharded_dots(set, "validation");
    }
    if (mode == "die" && argc > 4) calls_left = std::atol(argv[4]);
    const TrainingResult result =
        train(build_residual_unet(network, 1), *training, *validation, options, argv[1], context);
    calls_left = -1;
    say_and_wait("end");
    std::printf("%s\n", result.weights_sha256.c_str());
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return e.exit_status();
  }
  return 0;
}
