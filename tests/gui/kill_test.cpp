// kill -9 on the window at random moments of a review: every event that the screen had shown is in
// the log afterwards. SENSORIUM_KILLS sets how often (default 5; the long test 200).
#include "modules/review/exam_folder.h"
#include "modules/review/review_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QThread>

#include <random>

using namespace sensorium;

namespace {

QByteArray script(const QString& recording) {
  using nlohmann::json;
  json steps = json::array(
      {{{"do", "wait"}}, {{"do", "open"}, {"path", recording.toStdString()}}, {{"do", "wait"}}});
  for (const char* word : {"run", "wait", "next"}) steps.push_back({{"do", word}});
  const char* words[] = {"accept", "reject", "undo", "accept", "label_2", "next", "undo", "redo"};
  for (int i = 0; i < 2000; ++i) {
    steps.push_back({{"do", words[i % 8]}});
    steps.push_back({{"do", "say_shown"}});
  }
  return QByteArray::fromStdString(steps.dump());
}

// Starts the window, kills it after some shown events, and returns how many it had shown.
std::size_t shown_before_kill(const QString& folder, int events, int extra_us,
                              const QByteArray& word = "shown ") {
  QProcess window;
  window.setProcessChannelMode(QProcess::SeparateChannels);
  window.start(WINDOW, {"--worker", FAKE_WORKER, "--cases", folder + "/cases", "--script",
                        folder + "/steps.json"});
  std::size_t shown = 0;
  int lines = 0;
  // However slow the machine is: the window says what it shows, and the test's own limit is
  // ctest's.
  while (window.state() != QProcess::NotRunning && lines < events) {
    window.waitForReadyRead(1000);
    while (window.canReadLine()) {
      const QByteArray line = window.readLine();
      if (!line.startsWith(word)) continue;
      shown = line.mid(word.size()).trimmed().split(' ').first().toULongLong();
      ++lines;
    }
  }
  QThread::usleep(static_cast<unsigned long>(extra_us));
  window.kill();
  window.waitForFinished(-1);
  while (window.canReadLine())
    if (const QByteArray line = window.readLine(); line.startsWith(word))
      shown = line.mid(word.size()).trimmed().split(' ').first().toULongLong();
  return shown;
}

TEST(Kill, every_shown_event_survives) {
  const int kills = qEnvironmentVariableIntValue("SENSORIUM_KILLS") > 0
                        ? qEnvironmentVariableIntValue("SENSORIUM_KILLS")
                        : 5;
  std::mt19937 random(20260131);
  int intact = 0;
  for (int i = 0; i < kills; ++i) {
    QTemporaryDir folder;
    ASSERT_TRUE(folder.isValid());
    QFile recording(folder.filePath("scan.fake"));
    ASSERT_TRUE(recording.open(QIODevice::WriteOnly));
    recording.write("a recording");
    recording.close();
    QFile steps(folder.filePath("steps.json"));
    ASSERT_TRUE(steps.open(QIODevice::WriteOnly));
    steps.write(script(recording.fileName()));
    steps.close();
    const std::size_t shown = shown_before_kill(folder.path(), 1 + static_cast<int>(random() % 40),
                                                static_cast<int>(random() % 20000));
    ASSERT_GT(shown, 0u) << "the window ended before it showed anything";
    const QStringList cases =
        QDir(folder.filePath("cases")).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    ASSERT_EQ(cases.size(), 1);
    const auto log = ReviewLog::open(
        (folder.filePath("cases") + "/" + cases[0] + "/review.sqlite").toStdString(),
        ReviewLog::Mode::ReadWrite);
    EXPECT_FALSE(log->read_only()) << "a dead window holds no lock";
    EXPECT_GE(log->events().size(), shown);
    EXPECT_TRUE(log->verify().intact) << log->verify().text;
    intact += log->events().size() >= shown && log->verify().intact;
  }
  std::printf("%d of %d kills left every shown event in the log\n", intact, kills);
  EXPECT_EQ(intact, kills);
}

QByteArray mark_script(const QString& clip) {
  using nlohmann::json;
  json steps = json::array({{{"do", "wait"}},
                            {{"do", "open"}, {"path", clip.toStdString()}},
                            {{"do", "wait"}},
                            {{"do", "run"}},
                            {{"do", "wait"}}});
  for (int i = 0; i < 2000; ++i) {
    const int x = 4 + i * 7 % 60, y = 4 + i * 11 % 50;
    steps.push_back({{"do", "stroke"}, {"mark", 1 + i % 5}, {"from", {x, y}}, {"to", {x + 6, y}}});
    if (i % 4 == 3) steps.push_back({{"do", "undo"}});
    steps.push_back({{"do", "say_shown"}});
  }
  return QByteArray::fromStdString(steps.dump());
}

// Marks of every kind: what was on the screen is in the log, under the label it was drawn with.
TEST(Kill, marks_on_a_clip_survive) {
  std::mt19937 random(20260301);
  const QStringList kinds{"A-line", "B-line origin", "pleural irregularity", "consolidation",
                          "effusion"};
  for (int i = 0; i < 3; ++i) {
    QTemporaryDir folder;
    ASSERT_TRUE(folder.isValid());
    QFile clip(folder.filePath("lung.clip"));
    ASSERT_TRUE(clip.open(QIODevice::WriteOnly));
    clip.write("a clip");
    clip.close();
    QFile steps(folder.filePath("steps.json"));
    ASSERT_TRUE(steps.open(QIODevice::WriteOnly));
    steps.write(mark_script(clip.fileName()));
    steps.close();
    const std::size_t shown = shown_before_kill(folder.path(), 6 + static_cast<int>(random() % 30),
                                                static_cast<int>(random() % 20000));
    ASSERT_GE(shown, 6u);
    const QStringList cases =
        QDir(folder.filePath("cases")).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    ASSERT_EQ(cases.size(), 1);
    const auto log = ReviewLog::open(
        (folder.filePath("cases") + "/" + cases[0] + "/review.sqlite").toStdString(),
        ReviewLog::Mode::ReadOnly);
    EXPECT_GE(log->events().size(), shown);
    EXPECT_TRUE(log->verify().intact) << log->verify().text;
    QStringList seen;
    for (const Event& event : log->events()) {
      if (event.kind == "undo") continue;
      const auto label = QString::fromStdString(event.data.value("label", ""));
      EXPECT_TRUE(kinds.contains(label)) << event.kind << " " << label.toStdString();
      if (!seen.contains(label)) seen << label;
    }
    EXPECT_EQ(seen.size(), 5);
  }
}

QByteArray region_script(const QString& cube) {
  using nlohmann::json;
  json steps = json::array({{{"do", "wait"}},
                            {{"do", "open"}, {"path", cube.toStdString()}},
                            {{"do", "wait"}},
                            {{"do", "sort_pixels"}, {"method", "kmeans"}},
                            {{"do", "wait"}}});
  const char* words[] = {"accept", "label_2", "reject", "undo"};
  for (int i = 0; i < 2000; ++i) {
    steps.push_back({{"do", "next"}});
    steps.push_back({{"do", i % 2 ? "erase" : "brush"}});
    steps.push_back({{"do", "stroke"}, {"from", {6 + i % 9, 3}}, {"to", {10 + i % 9, 5 + i % 7}}});
    steps.push_back({{"do", words[i % 4]}});
    steps.push_back({{"do", "say_shown"}});
  }
  return QByteArray::fromStdString(steps.dump());
}

// Regions of a class map: decisions and strokes of brush and eraser.
TEST(Kill, regions_of_a_class_map_survive) {
  std::mt19937 random(20260401);
  for (int i = 0; i < 3; ++i) {
    QTemporaryDir folder;
    ASSERT_TRUE(folder.isValid());
    QFile cube(folder.filePath("leaf.cube"));
    ASSERT_TRUE(cube.open(QIODevice::WriteOnly));
    cube.write("a cube");
    cube.close();
    QFile steps(folder.filePath("steps.json"));
    ASSERT_TRUE(steps.open(QIODevice::WriteOnly));
    steps.write(region_script(cube.fileName()));
    steps.close();
    const std::size_t shown = shown_before_kill(folder.path(), 4 + static_cast<int>(random() % 30),
                                                static_cast<int>(random() % 20000));
    ASSERT_GE(shown, 4u);
    const QStringList cases =
        QDir(folder.filePath("cases")).entryList({"*-cube_analysis"}, QDir::Dirs);
    ASSERT_EQ(cases.size(), 1);
    const auto log = ReviewLog::open(
        (folder.filePath("cases") + "/" + cases[0] + "/review.sqlite").toStdString(),
        ReviewLog::Mode::ReadOnly);
    EXPECT_GE(log->events().size(), shown);
    EXPECT_TRUE(log->verify().intact) << log->verify().text;
    QStringList kinds;
    for (const Event& event : log->events())
      if (const auto kind = QString::fromStdString(event.kind); !kinds.contains(kind))
        kinds << kind;
    EXPECT_TRUE(kinds.contains("paint") && kinds.contains("accept"))
        << kinds.join(" ").toStdString();
  }
}

QByteArray exam_script(const QStringList& clips) {
  using nlohmann::json;
  json paths = json::array();
  for (const QString& clip : clips) paths.push_back(clip.toStdString());
  json steps = json::array({{{"do", "wait"}}, {{"do", "exam_new"}, {"paths", paths}}});
  const char* zones[] = {"R1", "L4", "R6", "L2"};
  for (int i = 0; i < 2000; ++i) {
    steps.push_back(
        {{"do", "exam_zone"}, {"clip", i % 2 ? "clip-1" : "clip-2"}, {"zone", zones[i % 4]}});
    steps.push_back(
        {{"do", "exam_score"}, {"zone", zones[i % 3]}, {"score", std::to_string(i % 4)}});
    if (i % 5 == 4) steps.push_back({{"do", "undo"}});
    steps.push_back({{"do", "say_exam"}});
  }
  return QByteArray::fromStdString(steps.dump());
}

// While clips are being analysed: what the board had shown is in the log, and adds up to the same.
TEST(Kill, an_exam_survives) {
  using namespace sensorium;
  std::mt19937 random(20260201);
  for (int i = 0; i < 3; ++i) {
    QTemporaryDir folder;
    ASSERT_TRUE(folder.isValid());
    QStringList clips{folder.filePath("a.clip"), folder.filePath("b.clip")};
    for (const QString& name : clips) {
      QFile clip(name);
      ASSERT_TRUE(clip.open(QIODevice::WriteOnly));
      clip.write(name.toUtf8());
    }
    QFile steps(folder.filePath("steps.json"));
    ASSERT_TRUE(steps.open(QIODevice::WriteOnly));
    steps.write(exam_script(clips));
    steps.close();
    const std::size_t shown = shown_before_kill(folder.path(), 1 + static_cast<int>(random() % 60),
                                                static_cast<int>(random() % 20000), "exam ");
    ASSERT_GT(shown, 0u);
    const QString exams = folder.filePath("cases/exams");
    const QStringList made = QDir(exams).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    ASSERT_EQ(made.size(), 1);
    const StoredExam exam = read_exam((exams + "/" + made[0]).toStdString(), "");
    EXPECT_GE(exam.events.size(), shown);
    EXPECT_TRUE(exam.verification.intact) << exam.verification.text;
    EXPECT_TRUE(exam.state.problems.empty());
    EXPECT_EQ(exam.board.clips.size(), 2u);
  }
}

}

int main(int argc, char** argv) {
  QTemporaryDir home;
  qputenv("XDG_CONFIG_HOME", home.path().toUtf8());
  qputenv("XDG_DATA_HOME", home.path().toUtf8());
  QCoreApplication application(argc, argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
