// Drives the window from a JSON list, as a person would: for tests and for the pictures in
// docs/screenshots.
//
// [{"do": "open", "path": F}, {"do": "sample", "id": S}, {"do": "case", "folder": D}, {"do":
// "run"}, {"do": "wait"},
//  {"do": "next"}, {"do": "accept"}, {"do": "parameter", "name": "threshold", "value": 0.4},
//  {"do": "slice", "z": 3}, {"do": "stroke", "from": [x, y], "to": [x, y]}, {"do": "measure_line",
//  "from": .., "to": ..},
//  {"do": "report", "file": F}, {"do": "theme", "name": "light"}, {"do": "pause", "ms": 200},
//  {"do": "screenshot", "file": F}, {"do": "resize", "width": W, "height": H}, {"do":
//  "click_notice"},
//  {"do": "reader", "name": N}, {"do": "blinded", "readers": [N, N]}, {"do": "sign_case"}, {"do":
//  "sign_reading"}, {"do": "compare", "a": N, "b": N, "overlaid": true}, {"do": "follow_up",
//  "folder": D}, {"do": "batch", "files": [F]}, {"do": "import", "file": F}, {"do": "fovea", "x":
//  X, "z": Z}, {"do": "consensus_make"}, {"do": "save_picture", "file": F}, {"do": "back"}, {"do":
//  "lesion", "row": 0},
//  {"do": "say_notice"}, {"do": "say_shown"}, {"do": "bench", "file": F}, {"do":
//  "bench_recount", "file": F, "steps": 60}, {"do": "quit"}]
//  {"do": "show", "what": "three", "places": [640, 550, 460]}, {"do": "band", "band": 20}, {"do":
//  "keep", "place": [x, y, w, h]}, {"do": "point", "at": [x, y]}, {"do": "zoom", "factor": 2},
//  {"do": "make_picture"}, {"do": "sort_pixels", "method": "kmeans"}, {"do": "library", "file": F},
//  {"do": "references", "white": F, "dark": F} (into the open dialog), {"do": "close_dialog"},
//  {"do": "say_cube"}, {"do": "frame", "z": 12}, {"do": "verdict", "label": L},
//  {"do": "map", "index": 1} (0: none); a "stroke" with "mark": 4 draws that kind of mark
// On the page of a recording: {"do": "span", "from": 0, "to": 1000}, {"do": "compare_recording",
//  "path": F}, {"do": "shown_as", "index": 1}, {"do": "rate", "hertz": 1000}, {"do": "nameplate",
//  "path": F}, {"do": "pan"} (prints the times of a hundred moves), {"do": "say_memory"},
//  {"do": "wait_picture"} and {"do": "wait_page"} (print how long after "open").
// On the page of runs: {"do": "train_on_cluster"}, {"do": "sweep_on_cluster"} (open the dialog),
// then
//  {"do": "training", "pipeline": P, "name": N, "file": F, "site": S, "parameters": {..}, "vary":
//  [N], "tab": 0} (each may be absent), {"do": "send_training"} (waits until it may be sent),
//  {"do": "wait_runs"} (until none is open), {"do": "select_runs", "rows": [0, 1]}, {"do":
//  "runs_tab", "index": 1}, {"do": "open_study", "file": F} (without a file: of the chosen sweep),
//  {"do": "choose_trial", "row": 2}, {"do": "study_tab", "index": 1}
// Exams: {"do": "exam_new", "paths": [P]}, {"do": "exam_open", "folder": D}, {"do": "exam_zone",
//  "clip": C, "zone": Z}, {"do": "exam_score", "zone": Z, "score": "3"}, {"do": "exam_scheme",
//  "id": "12"}, {"do": "exam_sign"}, {"do": "exam_write", "file": F}, {"do": "exam_clip", "clip":
//  C, "frame": 3}, {"do": "exam_focus", "clip": C}, {"do": "say_exam"} (prints "exam EVENTS
//  TOTAL").
// "report" takes "deidentified": true. "say_notice" prints the message shown. "say_shown" prints
// "shown N" to standard output: the number of log events that the screen shows. Any other word is
// the id of an action ("next", "undo", "layers" ...). "wait" ends when nothing runs.
#pragma once

#include <nlohmann/json.hpp>

#include <QElapsedTimer>
#include <QObject>

namespace sensorium {

class MainWindow;
class SignalPage;

class ScriptDriver : public QObject {
  Q_OBJECT
public:
  // Throws Error BadInput when a step is not an object with "do".
  ScriptDriver(MainWindow& window, nlohmann::json steps);
  void start();

signals:
  void finished(const QString& failure); // empty: every step was done

private:
  void next();
  QString perform(const nlohmann::json& step); // returns why it failed, or empty
  bool perform_reading(const nlohmann::json& step);
  bool perform_page(const nlohmann::json& step);
  bool perform_cluster(const nlohmann::json& step);
  bool cluster_waits(const std::string& word);
  bool perform_exam(const nlohmann::json& step);
  bool perform_signal(const nlohmann::json& step, SignalPage& page);
  QString pointer(const nlohmann::json& step, const char* tool);
  QString screenshot(const nlohmann::json& step);
  QString bench(const nlohmann::json& step);
  QString bench_recount(const nlohmann::json& step);
  MainWindow& window_;
  nlohmann::json steps_;
  std::size_t at_ = 0;
  QElapsedTimer waiting_, opened_;
};

}
