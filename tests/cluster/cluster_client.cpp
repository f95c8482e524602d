// One client that submits one run and dies where it is told, for the fault tests.
//   cluster_client FOLDER SSH_CONFIG ROOT PROGRAM TOKEN FAULT SEED
// FAULT: none; "step N": at the N-th step of submission; "before N", "during N", "after N": at the
// N-th call of the transport; "flaky": calls fail at random, before or after they had their effect.
#include "modules/cluster/ssh.h"
#include "modules/cluster/submission.h"
#include "modules/core/error.h"

#include <csignal>
#include <cstdio>
#include <random>
#include <thread>
#include <unistd.h>

namespace sensorium {
namespace {

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

class Faulty : public Transport {
public:
  Faulty(Transport& inner, std::string fault, int call, unsigned seed)
      : inner_(inner), fault_(std::move(fault)), call_(call), engine_(seed) {}
  Reply run(std::string_view script, const std::vector<std::string>& words) override {
    return around<Reply>([&] { return inner_.run(script, words); },
                         Reply{.reached = false, .status = 255, .err = "made to fail"});
  }
  void send(const std::filesystem::path& folder, const std::string& remote,
            const std::function<bool(std::uint64_t)>& progress) override {
    around<int>([&] { return inner_.send(folder, remote, progress), 0; }, 0);
  }
  void receive(const std::string& remote, const std::filesystem::path& folder,
               const std::function<bool(std::uint64_t)>& progress) override {
    inner_.receive(remote, folder, progress);
  }

private:
  template<class Result, class Call> Result around(const Call& call, Result failed) {
    const bool mine = ++count_ == call_;
    if (mine && fault_ == "before") die();
    if (mine && fault_ == "during")
      std::thread([delay = engine_() % 60000] {
        ::usleep(static_cast<useconds_t>(delay));
        die();
      }).detach();
    if (fault_ == "flaky" && engine_() % 5 == 0) return failed;
    Result result = call();
    if (mine && fault_ == "during") die();
    if (mine && fault_ == "after") die();
    if (fault_ == "flaky" && engine_() % 5 == 0) return failed;
    return result;
  }
  Transport& inner_;
  std::string fault_;
  int call_, count_ = 0;
  std::mt19937 engine_;
};

int submit_one(char** argv) {
  const std::filesystem::path folder = argv[1];
  const std::string fault = argv[6];
  const auto space = fault.find(' ');
  const std::string kind = fault.substr(0, space);
  const int number = space == std::string::npos ? 0 : std::atoi(fault.c_str() + space + 1);
  Ssh ssh({.host = "loop", .config = argv[2]});
  Faulty transport(ssh, kind, number, static_cast<unsigned>(std::atoi(argv[7])));
  RunStore store(folder);
  ClusterRun run{.token = argv[5],
                 .name = "a run",
                 .verb = "run",
                 .tasks = {nlohmann::json{{"a", 1}}},
                 .program = argv[4]};
  run.resources.minutes = 5;
  Context context;
  int steps = 0;
  context.progress = [&](double, std::string_view) {
    if (kind == "step" && ++steps == number) die();
    return true;
  };
  Submission submission{
      .site = {.name = "loop", .host = "loop", .config = argv[2], .root = argv[3]},
      .run = run,
      .uploads = {make_upload({{argv[4], "program"}})}};
  const auto scheduler = scheduler_of(submission.site);
  const ClusterRun done =
      submit(submission, store, transport, *scheduler, context, kind == "flaky" ? 0.5 : 300);
  std::printf("%s\n", done.job_id.c_str());
  return 0;
}

}
}

int main(int argc, char** argv) {
  if (argc != 8) return 2;
  try {
    return sensorium::submit_one(argv);
  } catch (const sensorium::Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return e.exit_status();
  }
}
