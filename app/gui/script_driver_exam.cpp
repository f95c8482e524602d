// Steps about exams.
#include "app/gui/exam_page.h"
#include "app/gui/main_window.h"
#include "app/gui/script_driver.h"

#include <cstdio>

namespace sensorium {
using nlohmann::json;

bool ScriptDriver::perform_exam(const json& step) {
  const std::string word = step["do"].get<std::string>();
  ExamSession& exam = window_.exam();
  const auto text = [&](const char* key) {
    return QString::fromStdString(step.at(key).get<std::string>());
  };
  if (word == "exam_new") {
    QStringList paths;
    for (const json& path : step.value("paths", json::array()))
      paths << QString::fromStdString(path.get<std::string>());
    window_.new_exam(paths);
  } else if (word == "exam_open")
    window_.open_exam(text("folder"));
  else if (word == "exam_zone")
    exam.assign(text("clip"), text("zone"));
  else if (word == "exam_score")
    exam.score_zone(text("zone"), text("score"));
  else if (word == "exam_scheme")
    exam.choose_scheme(text("id"));
  else if (word == "exam_sign")
    exam.sign();
  else if (word == "exam_write")
    window_.write_exam(text("file"), step.value("deidentified", false));
  else if (word == "exam_clip")
    emit window_.exam_page().clip_opened(text("clip"), step.value("frame", 0) - 1);
  else if (word == "exam_focus") {
    if (ClipCard* card = window_.exam_page().card(text("clip"))) card->setFocus();
  } else if (word == "say_exam") {
    std::printf("exam %zu %d\n", exam.events(), exam.board().total);
    std::fflush(stdout);
  } else
    return false;
  return true;
}

}
