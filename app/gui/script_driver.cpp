#include "app/gui/script_driver.h"

#include "app/gui/batch_runner.h"
#include "app/gui/class_panel.h"
#include "app/gui/clip_page.h"
#include "app/gui/compare_page.h"
#include "app/gui/consensus_page.h"
#include "app/gui/cube_page.h"
#include "app/gui/exam_page.h"
#include "app/gui/main_window.h"
#include "app/gui/references_dialog.h"
#include "app/gui/review_area.h"
#include "app/gui/signal_page.h"
#include "app/gui/spectra_panel.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/view/command_palette.h"
#include "modules/view/findings_panel.h"
#include "modules/view/notice_bar.h"
#include "modules/view/parameter_form.h"
#include "modules/view/signal_plot.h"
#include "modules/view/theme.h"

#include <fmt/format.h>

#include <QApplication>
#include <QComboBox>
#include <QDialog>
#include <QMouseEvent>
#include <QPainter>
#include <QTableWidget>
#include <QTimer>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <unistd.h>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr int wait_limit_ms = 600000;

QPointF point_of(const json& array) {
  return {array.at(0).get<double>(), array.at(1).get<double>()};
}
QString text_of(const json& step, const char* key) {
  return QString::fromStdString(step.at(key).get<std::string>());
}

void send_mouse(QWidget* to, QEvent::Type type, const QPointF& at, Qt::MouseButtons held) {
  const Qt::MouseButton button = type == QEvent::MouseMove ? Qt::NoButton : Qt::LeftButton;
  QMouseEvent event(type, at, to->mapToGlobal(at), button, held, Qt::NoModifier);
  QApplication::sendEvent(to, &event);
}

}

ScriptDriver::ScriptDriver(MainWindow& window, json steps)
    : QObject(&window), window_(window), steps_(std::move(steps)) {
  if (!steps_.is_array())
    throw Error(ErrorCode::BadInput, "a script is a JSON list of steps",
                "see app/gui/script_driver.h");
  for (const json& step : steps_)
    if (!step.is_object() || !step.contains("do") || !step["do"].is_string())
      throw Error(ErrorCode::BadInput, "a step of the script has no \"do\": " + step.dump(),
                  "see app/gui/script_driver.h");
}

void ScriptDriver::start() {
  QTimer::singleShot(0, this, [this] { next(); });
}

void ScriptDriver::next() {
  if (at_ >= steps_.size()) {
    emit finished({});
    return;
  }
  const json& step = steps_[at_];
  const std::string word = step["do"].get<std::string>();
  if (word == "wait") {
    if (!waiting_.isValid()) waiting_.start();
    const bool quiet = !window_.session().busy() && !window_.session().worker().busy() &&
                       !window_.batch().running() && !window_.exam().busy();
    const bool ended = quiet && waiting_.elapsed() > 60;
    if (!ended && waiting_.elapsed() > wait_limit_ms) return emit finished("waited ten minutes");
    if (!ended) return QTimer::singleShot(20, this, [this] { next(); });
    waiting_.invalidate();
    ++at_;
    return next();
  }
  if (word == "wait_picture" || word == "wait_page") {
    if (!waiting_.isValid()) waiting_.start();
    const auto* page = qobject_cast<SignalPage*>(window_.page());
    const bool ended =
        page && (word == "wait_picture" ? !page->time_plot()->series().empty() : !page->busy());
    if (!ended && waiting_.elapsed() > wait_limit_ms) return emit finished("waited ten minutes");
    if (!ended) return QTimer::singleShot(5, this, [this] { next(); });
    std::printf("%s after %lld ms\n", word.c_str() + 5, static_cast<long long>(opened_.elapsed()));
    std::fflush(stdout);
    waiting_.invalidate();
    ++at_;
    return next();
  }
  if (cluster_waits(word)) {
    if (!waiting_.isValid()) waiting_.start();
    if (waiting_.elapsed() > wait_limit_ms) return emit finished("waited ten minutes");
    return QTimer::singleShot(100, this, [this] { next(); });
  }
  waiting_.invalidate();
  ++at_;
  QString failure;
  try {
    failure = perform(step);
  } catch (const std::exception& e) {
    failure = e.what();
  }
  if (!failure.isEmpty())
    return emit finished(
        QString("step %1 (%2): %3").arg(at_).arg(QString::fromStdString(word), failure));
  QTimer::singleShot(word == "pause" ? step.value("ms", 200) : 0, this, [this] { next(); });
}

QString ScriptDriver::perform(const json& step) {
  const std::string word = step["do"].get<std::string>();
  CaseSession& session = window_.session();
  if (word == "open") opened_.start();
  if (word == "open")
    session.open_file(text_of(step, "path"));
  else if (word == "case")
    session.open_case(text_of(step, "folder"));
  else if (word == "sample")
    return window_.open_sample(QString::fromStdString(step.value("id", ""))) ? ""
                                                                             : "no such sample";
  else if (word == "run")
    session.run();
  else if (word == "report")
    session.write_report(text_of(step, "file"), step.value("deidentified", false));
  else if (word == "theme")
    window_.set_theme(text_of(step, "name") == "light" ? Theme::Light : Theme::Dark);
  else if (word == "slice")
    window_.review_area().slice_view()->set_slice(step.at("z").get<int>());
  else if (word == "resize")
    window_.resize(step.at("width").get<int>(), step.at("height").get<int>());
  else if (word == "parameter")
    return window_.parameter_form().set_value(step.at("name").get<std::string>(), step.at("value"))
               ? ""
               : "no such parameter";
  else if (perform_reading(step) || perform_cluster(step) || perform_exam(step) ||
           perform_page(step))
    return {};
  else if (word == "stroke")
    return pointer(step, nullptr);
  else if (word == "measure_line")
    return pointer(step, "measure");
  else if (word == "palette_close")
    window_.palette_dialog().hide();
  else if (word == "click_notice")
    window_.notice().press();
  else if (word == "screenshot")
    return screenshot(step);
  else if (word == "bench")
    return bench(step);
  else if (word == "bench_recount")
    return bench_recount(step);
  else if (word == "say_shown") {
    QApplication::processEvents();
    const ReviewLog* log = session.review().log();
    std::printf("shown %zu\n", log ? log->events().size() : std::size_t{0});
    std::fflush(stdout);
  } else if (word == "pause")
    return {};
  else {
    QAction* action = window_.actions().find(QString::fromStdString(word));
    if (!action) return "there is no such step or action";
    if (!action->isEnabled()) return "this is not possible now";
    action->trigger();
  }
  return {};
}

// What the kernel says of a process, in MiB: "VmRSS", "VmHWM" ...
static double memory_of(qint64 process, const std::string& what) {
  std::ifstream in("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(what + ":")) return std::stod(line.substr(what.size() + 1)) / 1024;
  return 0;
}

// Views of a long recording are moved as a hand on the wheel does: how long each answer took, and
// how much of it this thread worked.
static std::string pan_times(SignalPage& page) {
  const auto [from, to] = page.time_plot()->x_view();
  const double width = (to - from) / 50;
  const auto worked_ms = [] {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e3 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e6;
  };
  std::vector<double> wall, worked;
  for (int k = 0; k < 100; ++k) {
    QElapsedTimer timer;
    timer.start();
    const double before = worked_ms(), at = from + (to - from - width) * k / 100;
    page.time_plot()->set_x_view(at, at + width);
    QApplication::processEvents();
    wall.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
    worked.push_back(worked_ms() - before);
  }
  page.time_plot()->set_x_view(from, to);
  std::sort(wall.begin(), wall.end());
  std::sort(worked.begin(), worked.end());
  return fmt::format("100 moves: median {:.1f}, 95 % {:.1f}, slowest {:.1f} ms; processor: median "
                     "{:.1f}, 95 % {:.1f}, slowest {:.1f} ms",
                     wall[50], wall[95], wall[99], worked[50], worked[95], worked[99]);
}

bool ScriptDriver::perform_signal(const json& step, SignalPage& page) {
  const std::string word = step["do"].get<std::string>();
  if (word == "span")
    page.choose_span(step.at("from").get<std::uint64_t>(), step.at("to").get<std::uint64_t>());
  else if (word == "compare_recording")
    page.compare_with(text_of(step, "path"));
  else if (word == "shown_as")
    page.shown_as()->setCurrentIndex(step.at("index").get<int>());
  else if (word == "rate")
    page.use_rate(step.at("hertz").get<double>());
  else if (word == "nameplate")
    page.use_nameplate(read_nameplate(step.at("path").get<std::string>()));
  else if (word == "pan")
    std::printf("%s\n", pan_times(page).c_str());
  else if (word == "say_memory") {
    const qint64 worker = window_.session().worker().process_id();
    for (const auto& [name, id] : {std::pair<const char*, qint64>{"window", ::getpid()},
                                   std::pair<const char*, qint64>{"worker", worker}})
      std::printf("%s: resident %.0f MiB, most %.0f MiB, own %.0f MiB\n", name,
                  memory_of(id, "VmRSS"), memory_of(id, "VmHWM"), memory_of(id, "RssAnon"));
  } else
    return false;
  std::fflush(stdout);
  return true;
}

// Steps about readers, comparison, batch; false when it is none of them.
bool ScriptDriver::perform_reading(const json& step) {
  const std::string word = step["do"].get<std::string>();
  CaseSession& session = window_.session();
  if (word == "reader" && step.contains("name"))
    session.set_reader(text_of(step, "name"));
  else if (word == "blinded" && step.contains("readers")) {
    QStringList names;
    for (const json& name : step["readers"]) names << QString::fromStdString(name);
    session.start_blinded_read(names);
  } else if (word == "sign_case")
    session.sign();
  else if (word == "sign_reading")
    session.sign_layer();
  else if (word == "compare" && step.contains("a")) {
    window_.compare(text_of(step, "a"), text_of(step, "b"));
    window_.compare_page().set_overlaid(step.value("overlaid", false));
  } else if (word == "lesion")
    window_.compare_page().lesions()->setCurrentCell(step.at("row").get<int>(), 0);
  else if (word == "follow_up" && step.contains("folder"))
    window_.follow_up(text_of(step, "folder"));
  else if (word == "batch" && step.contains("files")) {
    QStringList files;
    for (const json& file : step["files"]) files << QString::fromStdString(file);
    window_.start_batch(files);
  } else if (word == "import")
    session.import_mask(text_of(step, "file"));
  else if (word == "fovea" && step.contains("x"))
    session.set_fovea({step["x"].get<double>(), step["z"].get<double>()});
  else if (word == "consensus_make")
    window_.consensus_page().make();
  else if (word == "save_picture" && step.contains("file"))
    window_.save_picture(text_of(step, "file"));
  else if (word == "back")
    window_.show_case();
  else if (word == "say_notice") {
    std::printf("notice %s\n", qPrintable(window_.notice().message()));
    std::fflush(stdout);
  } else
    return false;
  return true;
}

// Steps on the page of a cube or a clip; false when it is none of them, or another page is shown.
bool ScriptDriver::perform_page(const json& step) {
  const std::string word = step["do"].get<std::string>();
  if (auto* clip = qobject_cast<ClipPage*>(window_.page())) {
    if (word == "frame")
      clip->slice_view()->set_slice(step.at("z").get<int>());
    else if (word == "verdict")
      clip->give_verdict(text_of(step, "label"));
    else if (word == "map")
      clip->activation_box()->setCurrentIndex(step.at("index").get<int>());
    else
      return false;
    return true;
  }
  if (auto* signal = qobject_cast<SignalPage*>(window_.page()))
    return perform_signal(step, *signal);
  auto* cube = qobject_cast<CubePage*>(window_.page());
  if (!cube) return false;
  if (word == "show" && step.contains("places"))
    cube->set_three(step["places"].get<std::array<double, 3>>());
  else if (word == "show")
    cube->choose_show(text_of(step, "what"));
  else if (word == "band")
    cube->set_band(step.at("band").get<int>() - 1);
  else if (word == "keep") {
    const auto p = step.at("place").get<std::array<int, 4>>();
    cube->spectra()->keep(QRect(p[0], p[1], p[2], p[3]));
  } else if (word == "point")
    send_mouse(cube->view(), QEvent::MouseMove, cube->view()->to_widget(point_of(step.at("at"))),
               Qt::NoButton);
  else if (word == "choose_class")
    cube->classes()->choose(step.at("class").get<int>());
  else if (word == "zoom")
    cube->view()->zoom(step.at("factor").get<double>());
  else if (word == "make_picture")
    cube->make_picture();
  else if (word == "sort_pixels")
    cube->sort_pixels(text_of(step, "method"), step.value("library", false));
  else if (word == "library")
    cube->open_library(text_of(step, "file"));
  else if (word == "references") {
    if (auto* dialog = cube->findChild<ReferencesDialog*>()) {
      dialog->set_white(QString::fromStdString(step.value("white", "")));
      dialog->set_dark(QString::fromStdString(step.value("dark", "")));
    }
  } else if (word == "close_dialog") {
    for (QDialog* dialog : window_.findChildren<QDialog*>()) dialog->close();
  } else if (word == "say_cube") {
    std::ifstream memory("/proc/self/statm");
    double all = 0, resident = 0;
    memory >> all >> resident;
    std::printf("cube read %.0f ms, resident %.0f MiB%s\n", cube->view()->last_read_ms(),
                resident * 4096 / 1048576, cube->view()->busy() ? ", still reading" : "");
    std::fflush(stdout);
  } else
    return false;
  return true;
}

QString ScriptDriver::pointer(const json& step, const char* tool) {
  const std::string mark = step.contains("mark") ? step["mark"].dump() : std::string();
  if (QAction* kind = window_.actions().find(QString::fromStdString("clip_mark_" + mark)))
    kind->setChecked(true);
  else if (tool)
    window_.actions().find(tool)->trigger();
  SliceView* slices = window_.data_page()->slice_view();
  auto* cube = qobject_cast<CubePage*>(window_.data_page());
  if (!slices && !cube) return "this page has nothing to draw on";
  QWidget* view = slices ? static_cast<QWidget*>(slices) : cube->view();
  const auto place = [&](const char* key) {
    const QPointF at = point_of(step.at(key));
    return slices ? slices->to_widget(at) : cube->view()->to_widget(at);
  };
  const QPointF from = place("from"), to = place("to");
  send_mouse(view, QEvent::MouseButtonPress, from, Qt::LeftButton);
  for (int i = 1; i <= 8; ++i)
    send_mouse(view, QEvent::MouseMove, from + (to - from) * i / 8.0, Qt::LeftButton);
  send_mouse(view, QEvent::MouseButtonRelease, to, Qt::NoButton);
  return {};
}

QString ScriptDriver::screenshot(const json& step) {
  QApplication::processEvents();
  QPixmap picture = window_.grab();
  QPainter painter(&picture);
  for (QDialog* dialog : window_.findChildren<QDialog*>())
    if (dialog->isVisible())
      painter.drawPixmap(window_.mapFromGlobal(dialog->mapToGlobal(QPoint())), dialog->grab());
  painter.end();
  return picture.save(text_of(step, "file")) ? "" : "the picture could not be written";
}

// Processor time of this thread: what a step costs, whoever else uses the machine.
static double thread_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

struct Times {
  std::vector<double> wall, processor;
  void sort() {
    std::sort(wall.begin(), wall.end());
    std::sort(processor.begin(), processor.end());
  }
};

// From the pointer's move to the painted frame, for a stroke across the picture. Sorted.
static Times brush_times(SliceView& view) {
  view.set_tool(SliceTool::Brush);
  view.set_brush_radius(4);
  Times times;
  const QPointF start = view.to_widget({20, view.stack().height / 3.0}),
                step(view.width() / 260.0, 0.4);
  send_mouse(&view, QEvent::MouseButtonPress, start, Qt::LeftButton);
  view.repaint();
  for (int i = 1; i <= 200; ++i) {
    QElapsedTimer timer;
    timer.start();
    const double before = thread_ms();
    send_mouse(&view, QEvent::MouseMove, start + step * i, Qt::LeftButton);
    view.repaint();
    times.processor.push_back(thread_ms() - before);
    times.wall.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
  }
  send_mouse(&view, QEvent::MouseButtonRelease, start + step * 200, Qt::NoButton);
  times.sort();
  return times;
}

// The 2-D view at 1280 x 900: own work of a step to the next B-scan, and the whole from the call to
// the painted frame.
QString ScriptDriver::bench(const json& step) {
  SliceView* view = window_.review_area().slice_view();
  if (view->stack().empty()) return "nothing is open";
  SliceView alone;
  alone.resize(1280, 900);
  alone.set_stack(view->stack());
  alone.set_items(window_.session().review().items());
  alone.set_surfaces(window_.session().surfaces());
  alone.show();
  QApplication::processEvents();
  std::vector<double> own, bare;
  Times whole;
  alone.set_overlay_shown(false);
  for (int i = 0; i < 50; ++i) {
    alone.repaint();
    bare.push_back(alone.last_paint_ms());
  }
  alone.set_overlay_shown(true);
  std::sort(bare.begin(), bare.end());
  for (int i = 0; i < 200; ++i) {
    QElapsedTimer timer;
    timer.start();
    const double before = thread_ms();
    alone.set_slice(i % std::max(1, alone.stack().depth));
    const double prepared = static_cast<double>(timer.nsecsElapsed()) / 1e6;
    alone.repaint();
    whole.processor.push_back(thread_ms() - before);
    whole.wall.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
    own.push_back(prepared + alone.last_paint_ms());
  }
  std::sort(own.begin(), own.end());
  whole.sort();
  const Times brush = brush_times(alone);
  const json result{{"frames", 200},
                    {"volume", {alone.stack().depth, alone.stack().height, alone.stack().width}},
                    {"brush_own_p50_ms", brush.wall[100]},
                    {"brush_own_p95_ms", brush.wall[190]},
                    {"brush_processor_p95_ms", brush.processor[190]},
                    {"size", {1280, 900}},
                    {"picture_p50_ms", bare[25]},
                    {"own_p50_ms", own[100]},
                    {"own_p95_ms", own[190]},
                    {"whole_p50_ms", whole.wall[100]},
                    {"whole_p95_ms", whole.wall[190]},
                    {"whole_processor_p50_ms", whole.processor[100]},
                    {"whole_processor_p95_ms", whole.processor[190]},
                    {"recount_ms", window_.session().last_recount_ms()}};
  write_atomically(step.at("file").get<std::string>(), result.dump(1) + "\n");
  return {};
}

// A slider's whole way: from its new value to the painted window, worker included. Sorted times of
// random thresholds.
QString ScriptDriver::bench_recount(const json& step) {
  CaseSession& session = window_.session();
  if (session.stage() != CaseSession::Stage::Analysed) return "nothing is analysed";
  const int steps = step.value("steps", 60);
  std::vector<double> counted;
  Times whole;
  std::uint32_t random = 12345;
  for (int i = 0; i < steps; ++i) {
    random = random * 1664525u + 1013904223u;
    const double value = 0.2 + 0.6 * static_cast<double>(random >> 8) / (1 << 24);
    QElapsedTimer timer;
    timer.start();
    const double before = thread_ms();
    if (!window_.parameter_form().set_value("threshold", value)) return "no threshold here";
    while (session.busy()) QApplication::processEvents(QEventLoop::WaitForMoreEvents);
    QApplication::processEvents(); // paints what has changed
    whole.processor.push_back(thread_ms() - before);
    whole.wall.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
    counted.push_back(session.last_recount_ms());
  }
  whole.sort();
  std::sort(counted.begin(), counted.end());
  const auto at = [&](const std::vector<double>& times, double part) {
    return times.empty() ? 0.0 : times[static_cast<std::size_t>(part * (times.size() - 1))];
  };
  const json result{{"steps", steps},
                    {"findings", session.findings().items.size()},
                    {"whole_p50_ms", at(whole.wall, 0.5)},
                    {"whole_p95_ms", at(whole.wall, 0.95)},
                    {"window_processor_p50_ms", at(whole.processor, 0.5)},
                    {"window_processor_p95_ms", at(whole.processor, 0.95)},
                    {"to_items_p50_ms", at(counted, 0.5)},
                    {"to_items_p95_ms", at(counted, 0.95)}};
  write_atomically(step.at("file").get<std::string>(), result.dump(1) + "\n");
  return {};
}

}
