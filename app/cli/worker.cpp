// The worker: the window's other process. docs/WORKER.md is its contract.
#include "app/cli/commands.h"
#include "app/cli/engine.h"
#include "app/cli/exam_case.h"
#include "app/cli/frame_server.h"
#include "app/cli/reviewed_case.h"
#include "modules/core/dataset_store.h"
#include "modules/core/devices.h"
#include "modules/core/error.h"
#include "modules/core/findings_pack.h"
#include "modules/core/findings_text.h"
#include "modules/core/json_text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <deque>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

// Standard output belongs to the protocol alone: whatever a library prints goes to standard error.
class Channel {
public:
  Channel() : out_(::fdopen(::dup(STDOUT_FILENO), "w")) {
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
    // Room for a whole answer: it is written at once, however late the window reads. May fail.
    (void)::fcntl(::fileno(out_), F_SETPIPE_SZ, 1 << 20);
  }
  void send(const json& event) {
    send_text(event.dump(-1, ' ', false, json::error_handler_t::replace));
  }
  void send_text(std::string line) {
    line += '\n';
    const std::lock_guard lock(mutex_);
    std::fwrite(line.data(), 1, line.size(), out_);
    std::fflush(out_);
  }

private:
  std::FILE* out_;
  std::mutex mutex_;
};

// Files for the window to map; one folder a process, cleared when the process or its successor
// ends.
class Exchange {
public:
  Exchange() : folder_(cache_folder() / "exchange" / std::to_string(::getpid())) {
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(folder_.parent_path(), code)) {
      const long other = std::atol(entry.path().filename().c_str());
      if (other > 0 && ::kill(static_cast<pid_t>(other), 0) != 0)
        fs::remove_all(entry.path(), code);
    }
    make_folder(folder_);
    fs::permissions(folder_, fs::perms::owner_all);
  }
  ~Exchange() {
    std::error_code code;
    fs::remove_all(folder_, code);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  fs::path counted() const { return folder_ / "counted.dat"; } // of the last recount
  fs::path next() { return folder_ / fmt::format("{}.dat", ++count_); }

private:
  fs::path folder_;
  int count_ = 0;
};

class Worker {
public:
  explicit Worker(Session& session) : session_(session), thread_([this] { work(); }) {}
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      stop_current_ = true;
    }
    ready_.notify_all();
    thread_.join();
    finish_saving();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void take(const std::string& line) {
    json request;
    try {
      request = parse_json(line, "the request", "see docs/WORKER.md");
      const std::string op = request.at("op").get<std::string>();
      (void)request.at("id");
      if (op == "ping") return answer(request, json::object());
      if (op == "cancel") return cancel(request);
    } catch (const Error& e) {
      return refuse(json::object(), Error(ErrorCode::Usage, e.what(), e.hint()));
    } catch (const json::exception& e) {
      return refuse(request.is_object() ? request : json::object(),
                    Error(ErrorCode::Usage, fmt::format("a request is damaged: {}", json_fault(e)),
                          "see docs/WORKER.md"));
    }
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(request));
    }
    ready_.notify_one();
  }

private:
  void answer(const json& request, json result) {
    result["id"] = request.at("id");
    result["event"] = "result";
    channel_.send(result);
  }

  void refuse(const json& request, const Error& error) {
    channel_.send({{"id", request.value("id", json())},
                   {"event", "error"},
                   {"code", name_of(error.code())},
                   {"message", error.what()},
                   {"hint", error.hint()}});
  }

  void cancel(const json& request) {
    {
      const std::lock_guard lock(mutex_);
      if (request.value("target", json()) == current_)
        stop_current_ = true;
      else
        cancelled_.insert(request.value("target", json()).dump());
    }
    answer(request, json::object());
  }

  Context context(const json& id) {
    Context context = session_.console.context();
    context.device = "cpu";
    auto last = std::chrono::steady_clock::time_point();
    context.progress = [this, id, last, previous = std::string()](double fraction,
                                                                  std::string_view what) mutable {
      const auto now = std::chrono::steady_clock::now();
      if (what != previous || now - last > std::chrono::milliseconds(50)) {
        channel_.send({{"id", id},
                       {"event", "progress"},
                       {"fraction", fraction},
                       {"text", std::string(what)}});
        last = now;
        previous = what;
      }
      return !stop_current_;
    };
    context.log = [this, id](LogLevel level, std::string_view text) {
      channel_.send({{"id", id},
                     {"event", "log"},
                     {"level", level == LogLevel::Warning ? "warning" : "info"},
                     {"text", std::string(text)}});
    };
    return context;
  }

  // Within a handler: what was thrown, as the answer.
  void refuse_thrown(const json& request) {
    try {
      throw;
    } catch (const Error& e) {
      refuse(request, e);
    } catch (const std::bad_alloc&) {
      refuse(request, Error(ErrorCode::Resources, "out of memory",
                            "close other programs, or use a smaller input"));
    } catch (const json::exception& e) {
      refuse(request,
             Error(ErrorCode::Usage, fmt::format("a request is damaged: {}", json_fault(e)),
                   "see docs/WORKER.md"));
    } catch (const std::exception& e) {
      refuse(request, Error(ErrorCode::Internal, e.what(),
                            "this is a fault of the program: please report it"));
    }
  }

  void work() {
    for (;;) {
      json request;
      {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [this] { return ended_ || !queue_.empty(); });
        if (ended_) return;
        request = std::move(queue_.front());
        queue_.pop_front();
        current_ = request.at("id");
        stop_current_ = cancelled_.erase(current_.dump()) > 0;
      }
      try {
        if (stop_current_) throw Error(ErrorCode::Cancelled, "stopped on request");
        serve(request);
      } catch (...) {
        refuse_thrown(request);
      }
      const std::lock_guard lock(mutex_);
      current_ = json();
    }
  }

  // A recount waits for no file: the one before may still be written.
  void serve(const json& request) {
    const std::string op = request.at("op").get<std::string>();
    if (op == "conclude") return conclude(request);
    finish_saving();
    if (op == "save") return save(request);
    answer(request, perform(op, request, context(request.at("id"))));
  }

  // Packed where that is asked for and the disk has room; else as text, put into the answer as it
  // is.
  void conclude(const json& request) {
    conclude_case(current_case(), request.at("parameters"));
    if (request.value("packed", false) && pack_counted())
      return answer(request, {{"findings_file", exchange_.counted().string()}});
    channel_.send_text(fmt::format(R"({{"event":"result","findings":{},"id":{}}})",
                                   to_json_text(case_->findings), request.at("id").dump()));
  }

  bool pack_counted() {
    std::ofstream out(exchange_.counted(), std::ios::binary | std::ios::trunc);
    const std::string bytes = pack_findings(case_->findings);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    return out.good();
  }

  void save(const json& request) {
    CaseRun& run = current_case();
    if (request.contains("parameters") && request.at("parameters") != run.recipe.parameters)
      conclude_case(run, request.at("parameters"));
    saver_ = std::thread(
        [this, request, folder = run.folder.string(), rest = save_recount(session_.registry, run)] {
          try {
            rest();
            answer(request, {{"folder", folder}});
          } catch (...) {
            refuse_thrown(request);
          }
        });
  }

  void finish_saving() {
    if (saver_.joinable()) saver_.join();
  }

  json perform(const std::string& op, const json& request, const Context& context_of_request) {
    if (op == "hello") return hello();
    if (op == "open") return open(request, context_of_request);
    if (op == "run") return run(request, context_of_request);
    if (op == "restore") {
      case_ = restore_case(session_.registry, request.at("folder").get<std::string>(),
                           context_of_request, request.value("recording", std::string()));
      return case_result();
    }
    if (op == "export") return export_map(request);
    if (op == "report") {
      const fs::path file = request.at("file").get<std::string>();
      report_case(session_.registry, current_case(), file, request);
      return {{"file", file.string()}};
    }
    if (op == "import") return import_layer_file(request, context_of_request);
    if (op == "exam_check") {
      check_patients(session_.registry, request.at("folder").get<std::string>());
      return json::object();
    }
    if (op == "exam") {
      const fs::path file = request.at("file").get<std::string>();
      const ExamExport choice{request.value("reader", ""), request.value("deidentify", false)};
      return {{"statement", write_exam(session_.registry, request.at("folder").get<std::string>(),
                                       file, choice)},
              {"file", file.string()}};
    }
    throw Error(ErrorCode::Usage, fmt::format("there is no request '{}'", op),
                "see docs/WORKER.md");
  }

  json hello() {
    json list = json::array(), extensions = json::array(), pipelines = json::array(),
         formats = json::array();
    for (const Device& d : devices())
      list.push_back({{"id", d.id},
                      {"name", d.name},
                      {"memory_bytes", d.memory_bytes},
                      {"cores", d.cores},
                      {"features", d.features}});
    for (const ExtensionStatus& s : session_.registry.extensions())
      extensions.push_back(
          {{"id", s.id}, {"version", s.version}, {"title", s.title}, {"failure", s.failure}});
    for (const PipelineInfo& info : session_.registry.pipelines())
      pipelines.push_back(to_json(info));
    return {
        {"version", 1}, {"devices", list}, {"extensions", extensions}, {"pipelines", pipelines}};
  }

  json open(const json& request, const Context& context_of_request) {
    const Dataset dataset =
        session_.registry.open(request.at("path").get<std::string>(), context_of_request);
    const fs::path store = request.contains("store")
                               ? fs::path(request.at("store").get<std::string>())
                               : exchange_.next();
    store_dataset(dataset, store);
    return {{"dataset", describe(dataset, true)}, {"store", store.string()}};
  }

  json run(const json& request, const Context& context_of_request) {
    const Recipe recipe = recipe_from_json(request.at("recipe"), "the request");
    case_.reset();
    CaseRun made = run_recipe(session_.registry, recipe, request.at("output").get<std::string>(),
                              context_of_request.part(0, 0.9));
    context_of_request.step(0.93, "writing the result");
    save_case(session_.registry, made);
    case_ = std::move(made);
    return case_result();
  }

  json case_result() {
    const CaseRun& run = current_case();
    json artifacts = json::array();
    for (const Artifact& artifact : run.analysis->artifacts) {
      const fs::path store = exchange_.next();
      store_dataset(artifact.volume, store);
      artifacts.push_back(
          {{"name", artifact.name}, {"caption", artifact.caption}, {"store", store.string()}});
    }
    return {{"findings", to_json(run.findings)},
            {"folder", run.folder.string()},
            {"command", run.provenance.value("command", "")},
            {"provenance", run.provenance},
            {"artifacts", artifacts},
            {"surfaces_store", store_surfaces()},
            {"notes", run.analysis->notes},
            {"model", run.provenance.value("model", json::object())}};
  }

  // Layer lines travel on a volume of height 1.
  json store_surfaces() {
    const CaseRun& run = current_case();
    const auto* volume = std::get_if<Volume>(run.dataset.get());
    if (volume == nullptr || run.analysis->surfaces.empty()) return {};
    Volume carrier;
    carrier.width = volume->width;
    carrier.height = 1;
    carrier.depth = volume->depth;
    carrier.pixels = Buffer::of(std::vector<std::uint8_t>(static_cast<std::size_t>(carrier.width) *
                                                          static_cast<std::size_t>(carrier.depth)));
    carrier.surfaces = run.analysis->surfaces;
    const fs::path store = exchange_.next();
    store_dataset(carrier, store);
    return store.string();
  }

  json export_map(const json& request) {
    const fs::path file = request.at("file").get<std::string>();
    const ExportChoice choice = export_choice_of(request);
    const std::string statement = reviewed_case(current_case(), choice).statement;
    export_case(session_.registry, current_case(), request.value("artifact", "mask"),
                request.at("format").get<std::string>(), choice, file);
    return {{"file", file.string()}, {"statement", statement}};
  }

  // The window holds the log, so it appends the event; here the file is read and laid on the case.
  json import_layer_file(const json& request, const Context& context_of_request) {
    const CaseRun& run = current_case();
    const LayerFile found = read_layer_file(
        session_.registry, run, request.at("file").get<std::string>(), request, context_of_request);
    const CaseLog log = read_case_log(run.folder);
    json labels = json::object();
    for (const auto& [value, label] : found.layer.labels) labels[std::to_string(value)] = label;
    return {{"data", import_layer_data(found.layer, found.source, found.sha256, log.events,
                                       request.at("reader").get<std::string>())},
            {"findings", found.layer.findings.size()},
            {"labels", labels},
            {"notes", found.layer.notes}};
  }

  CaseRun& current_case() {
    if (!case_)
      throw Error(ErrorCode::Conflict, "no analysis is open in the worker",
                  "run or restore a case first");
    return *case_;
  }

  Session& session_;
  Channel channel_;
  Exchange exchange_;
  std::optional<CaseRun> case_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<json> queue_;
  std::set<std::string> cancelled_;
  json current_;
  std::atomic<bool> stop_current_{false};
  bool ended_ = false;
  std::thread saver_; // of the last save; ends before anything but a recount begins
  std::thread thread_;
};

int serve(Session& session) {
  std::signal(SIGINT, SIG_IGN); // the window stops tasks by request, itself by closing the pipe
  Worker worker(session);
  for (std::string line; std::getline(std::cin, line);)
    if (!line.empty()) worker.take(line);
  return 0;
}

}

void add_worker(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "worker", "Serve requests on standard input (the window's other process; docs/WORKER.md)");
  auto store = std::make_shared<std::string>();
  command->add_option("--frames", *store, "Serve the frames of this stored clip instead");
  command->callback([&session, store] {
    session.chosen = [&session, store] {
      return store->empty() ? serve(session) : serve_frames(session, *store);
    };
  });
}

}
