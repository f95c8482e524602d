// sensorium-gui [FILE] [--sample ID] [--case DIR] [--theme dark|light] [--script FILE.json]
#include "app/gui/main_window.h"
#include "app/gui/script_driver.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/view/theme.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QFileInfo>
#include <QSettings>
#include <QTimer>

#include <cstdio>

namespace {

using namespace sensorium;

QString worker_program(const QCommandLineParser& parser) {
  if (parser.isSet("worker")) return parser.value("worker");
  if (qEnvironmentVariableIsSet("SENSORIUM_WORKER"))
    return qEnvironmentVariable("SENSORIUM_WORKER");
  return QCoreApplication::applicationDirPath() + "/sensorium";
}

void declare(QCommandLineParser& parser) {
  parser.setApplicationDescription(
      "Open a recording, run a pipeline, review its findings, report them.");
  parser.addHelpOption();
  parser.addVersionOption();
  parser.addPositionalArgument("FILE", "A recording, a folder of one, a result folder, or an exam.",
                               "[FILE]");
  parser.addOption({"sample", "Open the bundled sample ID, or the first, analysed.", "ID"});
  parser.addOption({"case", "Open a result folder.", "DIR"});
  parser.addOption({"theme", "dark or light.", "NAME"});
  parser.addOption(
      {"script", "Drive the window by a JSON file and exit (app/gui/script_driver.h).", "FILE"});
  parser.addOption({"cases", "Keep cases below this folder.", "DIR"});
  parser.addOption(
      {"worker", "The program that computes (default: sensorium beside this one).", "PROGRAM"});
}

// An option without its value: --sample means the first sample.
QStringList with_default_sample(QStringList arguments) {
  const qsizetype at = arguments.indexOf("--sample");
  if (at >= 0 && (at + 1 == arguments.size() || arguments[at + 1].startsWith("-")))
    arguments[at] = "--sample=";
  return arguments;
}

void open_first(MainWindow& window, const QCommandLineParser& parser) {
  if (parser.isSet("sample")) {
    if (!window.open_sample(parser.value("sample")))
      std::fputs("there is no such sample\n", stderr);
  } else if (parser.isSet("case")) {
    window.session().open_case(parser.value("case"));
  } else if (!parser.positionalArguments().isEmpty()) {
    const QString path = QFileInfo(parser.positionalArguments().first()).absoluteFilePath();
    if (QFileInfo::exists(path + "/exam.json"))
      window.open_exam(path);
    else if (QFileInfo::exists(path + "/recipe.json"))
      window.session().open_case(path);
    else
      window.session().open_file(path);
  }
}

}

int main(int argc, char** argv) {
  QApplication application(argc, argv);
  QApplication::setOrganizationName("sensorium");
  QApplication::setApplicationName("sensorium");
  QApplication::setApplicationVersion("0.1.0");
  QCommandLineParser parser;
  declare(parser);
  parser.process(with_default_sample(application.arguments()));
  const QString theme =
      parser.isSet("theme") ? parser.value("theme") : QSettings().value("theme", "dark").toString();
  apply_theme(application, theme == "light" ? Theme::Light : Theme::Dark);
  MainWindow window(worker_program(parser), {"worker"},
                    CaseStore(parser.value("cases").toStdString()));
  window.show();
  QTimer::singleShot(0, &window, [&] { open_first(window, parser); });
  int status = 0;
  if (parser.isSet("script")) {
    try {
      auto* driver = new ScriptDriver(
          window, nlohmann::json::parse(read_text(parser.value("script").toStdString())));
      QObject::connect(driver, &ScriptDriver::finished, &application, [&](const QString& failure) {
        if (!failure.isEmpty()) std::fprintf(stderr, "error: %s\n", qPrintable(failure));
        application.exit(failure.isEmpty() ? 0 : 1);
      });
      driver->start();
    } catch (const std::exception& e) {
      std::fprintf(stderr, "error: %s\n", e.what());
      return 2;
    }
  }
  status = application.exec();
  return status;
}
