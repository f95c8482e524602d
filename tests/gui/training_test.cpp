// Trainings and sweeps as a person sends them from the window: a form or a file, a search space,
// the queue of this computer; then their curves over each other and the study of a sweep.
#include "app/gui/curves_panel.h"
#include "app/gui/resources_form.h"
#include "app/gui/send_panel.h"
#include "app/gui/space_editor.h"
#include "app/gui/study_page.h"
#include "app/gui/training_dialog.h"
#include "modules/view/parameter_form.h"
#include "modules/view/study_plots.h"
#include "tests/gui/cluster_window.h"
#include "tests/io/support.h"

#include <QAction>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QSpinBox>
#include <QTabWidget>
#include <QToolButton>

using namespace sensorium;
using nlohmann::json;

namespace {

const json tiny = {
    {"seeds", 1},           {"sample_scans", 1},      {"patches", 1},     {"validation_seeds", 1},
    {"side", 32},           {"widths", "2,4"},        {"batch_size", 2},  {"steps", 20},
    {"validate_every", 10}, {"checkpoint_every", 10}, {"warmup_steps", 2}};

class Trainings : public Clusters {
protected:
  void SetUp() override {
    Clusters::SetUp();
    window_->actions().find("clusters")->trigger();
  }
  TrainingDialog* open(const QString& text) {
    button(page(), text)->click();
    auto* dialog = page().findChild<TrainingDialog*>();
    if (!dialog || !becomes([&] { return dialog->ready(); })) return nullptr;
    dialog->pipelines()->setCurrentIndex(dialog->pipelines()->findData("oct_hrf"));
    for (const auto& [name, value] : tiny.items())
      EXPECT_TRUE(dialog->form()->set_value(name, value)) << name;
    return dialog;
  }
  bool can_be_sent(TrainingDialog& dialog) {
    return becomes([&] { return dialog.panel()->send_button()->isEnabled(); });
  }
  QString state_of(const QString& name) {
    for (int row = 0; row < page().table()->rowCount(); ++row)
      if (page().table()->item(row, 0)->text() == name) return page().table()->item(row, 2)->text();
    return {};
  }
  bool ends_well(const QString& name) {
    return becomes([&] {
      if (!page().busy() && state_of(name) != "done") page().refresh();
      QTest::qWait(300);
      return state_of(name) == "done";
    });
  }
  std::filesystem::path folder() const { return path("data/sensorium/cluster").toStdString(); }
  QString file(const QString& name, const json& content) const {
    write_atomically(path(name).toStdString(), content.dump());
    return path(name);
  }
};

TEST_F(Trainings, AreSentWatchedAndCompared) {
  for (const int seed : {1, 2}) {
    auto* dialog = open("Train");
    ASSERT_NE(dialog, nullptr);
    EXPECT_FALSE(dialog->is_sweep());
    dialog->form()->set_value("seed", seed);
    dialog->panel()->resources().set_name(QString("seed %1").arg(seed));
    ASSERT_TRUE(can_be_sent(*dialog)) << dialog->message().toStdString();
    EXPECT_TRUE(dialog->message().contains("the parameters alone")) << "phantoms: no recording";
    dialog->panel()->send_button()->click();
    ASSERT_TRUE(becomes([&] { return page().findChild<TrainingDialog*>() == nullptr; }));
  }
  ASSERT_TRUE(ends_well("seed 1"));
  ASSERT_TRUE(ends_well("seed 2"));
  EXPECT_EQ(cell(1), "training");
  auto* table = page().table();
  ASSERT_EQ(table->rowCount(), 2);
  table->clearSelection();
  table->setCurrentCell(0, 0);
  table->selectRow(0);
  CurvesPanel& curves = *page().curves();
  ASSERT_TRUE(becomes([&] { return curves.plot()->series().size() == 2; }));
  EXPECT_EQ(curves.tags()->currentText(), "loss");
  EXPECT_TRUE(curves.legend().contains("training") && curves.legend().contains("validation"));
  EXPECT_EQ(curves.plot()->series()[0].x.size(), 20u) << "a value each step";
  EXPECT_EQ(curves.plot()->series()[1].x, (std::vector<double>{10, 20}));
  EXPECT_TRUE(table->item(0, 0)->icon().isNull());

  QTest::keyClick(table, Qt::Key_Down, Qt::ShiftModifier); // both, by the keyboard
  ASSERT_TRUE(becomes([&] { return curves.legend().contains("seed 1"); }));
  EXPECT_TRUE(curves.legend().contains("seed 2"));
  EXPECT_EQ(curves.tags()->currentText(), "loss: validation");
  ASSERT_EQ(curves.plot()->series().size(), 2u);
  EXPECT_NE(curves.plot()->series()[0].color, curves.plot()->series()[1].color);
  EXPECT_NE(curves.plot()->series()[0].y, curves.plot()->series()[1].y);
  EXPECT_FALSE(table->item(0, 0)->icon().isNull()) << "the row has its line's colour";
  EXPECT_FALSE(table->item(1, 0)->icon().isNull());
  ASSERT_TRUE(becomes([&] { return page().log_text().contains("done (status 0)"); }));
  const QString before = page().log_text();
  page().refresh();
  QTest::qWait(50);
  ASSERT_TRUE(becomes([&] { return !page().busy(); }));
  EXPECT_EQ(page().log_text(), before) << "what was read is not read again";

  table->setCurrentCell(0, 0);
  button(page(), "Bring the result")->click();
  ASSERT_TRUE(becomes([&] { return page().message().contains("hashes are right: "); }))
      << page().message().toStdString();
  const QString brought = page().message().section(": ", 1);
  EXPECT_TRUE(QFile::exists(brought + "/out/run/best.onnx")) << brought.toStdString();
  EXPECT_EQ(window_->page(), &page()) << "a training is no case";
}

TEST_F(Trainings, ASweepIsSentAndItsStudyIsSeen) {
  auto* dialog = open("Sweep");
  ASSERT_NE(dialog, nullptr);
  EXPECT_TRUE(dialog->is_sweep());
  ASSERT_TRUE(becomes([&] { return dialog->message().contains("Choose a parameter to vary"); }))
      << dialog->message().toStdString();
  SpaceEditor& space = *dialog->space();
  button(space, "Vary it")->click(); // the learning rate is offered first
  ASSERT_EQ(space.varied(), std::vector<std::string>{"learning_rate"});
  for (const auto* field : dialog->form()->findChildren<QWidget*>())
    if (field->accessibleName() == "Learning rate") {
      EXPECT_FALSE(field->isEnabled());
    }
  for (auto* spin : space.findChildren<QSpinBox*>())
    if (spin->accessibleName() == "Points of Learning rate") spin->setValue(2);
  for (auto* spin : space.findChildren<QSpinBox*>())
    if (spin->specialValueText() == "the plan's") spin->setValue(5);
  EXPECT_EQ(space.varied(), (std::vector<std::string>{"learning_rate", "seed"}));
  dialog->panel()->resources().set_name("rates");
  ASSERT_TRUE(can_be_sent(*dialog)) << dialog->message().toStdString();
  EXPECT_TRUE(dialog->message().startsWith("10 trainings.")) << dialog->message().toStdString();
  dialog->panel()->send_button()->click();
  ASSERT_TRUE(becomes([&] { return page().table()->rowCount() == 1; }));
  EXPECT_EQ(cell(1), "sweep");
  ASSERT_TRUE(ends_well("rates"));

  button(page(), "Study")->click();
  StudyPage& study = page().study();
  ASSERT_EQ(window_->page(), &study);
  ASSERT_TRUE(becomes([&] { return study.trials()->rowCount() == 10; }))
      << study.message().toStdString();
  EXPECT_TRUE(study.message().contains("10 complete; best ")) << study.message().toStdString();
  EXPECT_EQ(study.parallel()->lines(), 10u);
  EXPECT_EQ(study.importances()->bars(), 2u) << "rate and seed";
  EXPECT_EQ(study.curves()->series().size(), 10u);
  ASSERT_EQ(study.variants()->rowCount(), 2);
  EXPECT_EQ(study.variants()->item(0, 3)->text(), "best");
  EXPECT_EQ(study.variants()->item(0, 1)->text(), "5");
  const QString verdict = study.variants()->item(1, 3)->text();
  EXPECT_TRUE(verdict == "no difference" || verdict == "worse") << verdict.toStdString();
  EXPECT_EQ(study.note().contains("cannot be told from the best"), verdict == "no difference");

  // A trial is chosen in the table, then by the arrow keys in the plot.
  study.trials()->setCurrentCell(3, 0);
  const int chosen = study.trials()->item(3, 0)->text().toInt();
  EXPECT_EQ(study.parallel()->chosen(), chosen);
  EXPECT_EQ(study.curves()->series()[0].name, QString("trial %1").arg(chosen));
  QTest::keyClick(study.parallel(), Qt::Key_Right);
  EXPECT_EQ(study.trials()->currentRow(), 4);
  // And by the pointer, where the best trial's line ends.
  const double best = study.trials()->item(0, 2)->text().toDouble();
  study.parallel()->set_chosen(std::nullopt);
  QTest::mouseClick(study.parallel()->canvas(), Qt::LeftButton, {},
                    study.parallel()->point(2, best).toPoint() - QPoint(2, 0));
  EXPECT_TRUE(study.parallel()->chosen().has_value());

  ASSERT_TRUE(study.save(path("kept.db")));
  study.open_file(path("kept.db"));
  ASSERT_TRUE(becomes([&] { return !study.busy(); }));
  EXPECT_EQ(study.trials()->rowCount(), 10) << study.message().toStdString();
  EXPECT_EQ(study.variants()->rowCount(), 2);
  study.open_file(path("gone.db"));
  ASSERT_TRUE(becomes([&] { return study.message().contains("gone.db"); }));
  button(study, "Back to the runs")->click();
  EXPECT_EQ(window_->page(), &page());
}

TEST_F(Trainings, APlanOrASweepIsTakenFromAFile) {
  auto* dialog = open("Train");
  ASSERT_NE(dialog, nullptr);
  json parameters = tiny;
  parameters["learning_rate"] = 0.00025;
  file("plan.json", {{"pipeline", "oct_hrf"}, {"verb", "train"}, {"parameters", parameters}});
  ASSERT_TRUE(dialog->take_file(path("plan.json"))) << dialog->message().toStdString();
  EXPECT_EQ(dialog->plan().at("parameters").at("learning_rate"), 0.00025);
  EXPECT_EQ(dialog->plan().at("parameters").at("batch_size"), 2);

  ASSERT_TRUE(dialog->take_file(
      file("sweep.json", {{"plan", "plan.json"},
                          {"space",
                           {{"learning_rate", {{"low", 1e-4}, {"high", 1e-2}, {"log", true}}},
                            {"loss", {"bce", "dice"}},
                            {"augment", {false, true}},
                            {"widths", {"2,4", "4,8"}}}},
                          {"sampler", "tpe"},
                          {"trials", 7},
                          {"at_once", 3},
                          {"halving", {{"first_step", 10}, {"reduction", 2}}}})))
      << dialog->message().toStdString();
  EXPECT_TRUE(dialog->is_sweep());
  QString problem;
  const json sweep = dialog->space()->sweep(problem);
  EXPECT_TRUE(problem.isEmpty()) << problem.toStdString();
  EXPECT_EQ(sweep.at("space").at("learning_rate"),
            (json{{"low", 1e-4}, {"high", 1e-2}, {"log", true}}));
  EXPECT_EQ(sweep.at("space").at("loss"), (json{"bce", "dice"}));
  EXPECT_EQ(sweep.at("space").at("augment"), (json{false, true}));
  EXPECT_EQ(sweep.at("space").at("widths"), (json{"2,4", "4,8"}));
  EXPECT_EQ(sweep.at("trials"), 7);
  EXPECT_EQ(sweep.at("at_once"), 3);
  EXPECT_EQ(sweep.at("halving").at("reduction"), 2);
  ASSERT_TRUE(can_be_sent(*dialog)) << dialog->message().toStdString();
  EXPECT_TRUE(dialog->message().startsWith("7 trainings."));

  const auto refused = [&](const QString& name, const json& content, const QString& word) {
    EXPECT_FALSE(dialog->take_file(file(name, content)));
    EXPECT_TRUE(dialog->message().contains(word)) << dialog->message().toStdString();
  };
  refused("a.json", {{"pipeline", "oct_hrf"}, {"parameters", {{"learning_rat", 1}}}},
          "learning_rat");
  refused("b.json", {{"pipeline", "oct_hrf"}, {"verb", "evaluate"}}, "b.json");
  refused("c.json", {{"pipeline", "nothing"}}, "c.json");
  refused("d.json", {{"plan", "gone.json"}, {"space", json::object()}}, "gone.json");
  refused("e.json", {{"plan", "plan.json"}, {"space", {{"loss", {{"low", 1}}}}}}, "loss");
  refused("f.json", json::array(), "f.json");
}

// Without a connection: what the site's record says, and what is refused before anything is sent.
TEST_F(Trainings, StayWithinTheSiteAndKeepPatientsHere) {
  const auto partition = [](const char* name, const char* time, int nodes, int cpus, bool main) {
    return json{{"name", name},   {"time_limit", time}, {"gres", main ? "gpu:a100:4" : ""},
                {"nodes", nodes}, {"cpus", cpus},       {"memory_mib", main ? 65536 : 1024},
                {"up", main},     {"preferred", main}};
  };
  json site = {
      {"name", "hpc"},
      {"kind", "slurm"},
      {"host", "nowhere.invalid"},
      {"config", ""},
      {"login_shell", false},
      {"root", "/r"},
      {"program", ""},
      {"partition", ""},
      {"account", ""},
      {"qos", ""},
      {"modules", json::array()},
      {"slots", 1},
      {"slurm_version", "slurm 24"},
      {"partitions",
       {partition("main", "2-00:00:00", 3, 16, true), partition("closed", "10", 1, 1, false)}},
      {"accounts", json::array({"project"})},
      {"qos_names", json::array()}};
  const auto store = [&] {
    std::filesystem::create_directories(folder());
    write_atomically(folder() / "sites.json", json{{"sites", json::array({site})}}.dump());
  };
  store();
  auto* dialog = open("Train");
  ASSERT_NE(dialog, nullptr);
  ResourcesForm& form = dialog->panel()->resources();
  const auto sites = form.findChildren<QComboBox*>();
  QComboBox* const list = sites.front();
  ASSERT_TRUE(becomes([&] { return list->findText("hpc") >= 0; }));
  list->setCurrentText("hpc");
  EXPECT_EQ(form.limits(),
            "main: 3 computers of up to 16 processors, 64 GiB, 4 GPUs, at most 2 days.");
  for (auto* spin : form.findChildren<QSpinBox*>()) {
    if (spin->suffix() == " min") {
      EXPECT_EQ(spin->maximum(), 2880);
    }
    if (spin->specialValueText() == "none") {
      EXPECT_EQ(spin->maximum(), 4);
    }
    if (spin->suffix() == " GiB") {
      EXPECT_EQ(spin->maximum(), 64);
    }
  }
  for (const auto* box : sites) EXPECT_LT(box->findText("closed"), 0);
  ASSERT_TRUE(becomes([&] { return dialog->message().contains("is not installed on 'hpc'"); }))
      << dialog->message().toStdString();
  EXPECT_FALSE(dialog->panel()->send_button()->isEnabled());

  site["program"] = "/opt/sensorium";
  store();
  dialog->close();
  ASSERT_TRUE(becomes([&] { return page().findChild<TrainingDialog*>() == nullptr; }));
  dialog = open("Train");
  ASSERT_NE(dialog, nullptr);
  auto* again = dialog->panel()->resources().findChildren<QComboBox*>().front();
  ASSERT_TRUE(becomes([&] { return again->findText("hpc") >= 0; }));
  again->setCurrentText("hpc");
  // A data set with a scan that names its patient.
  std::filesystem::create_directories(path("set/images").toStdString());
  test::Draft scan(2048 + 20 + 2 * (256 + 24 + 24));
  scan.text(0, "HSF-OCT-103").put<std::int32_t>(12, 3).put<std::int32_t>(16, 2);
  scan.put<std::int32_t>(20, 2).put(24, 0.0125).put(32, 0.25).put(40, 0.0039);
  scan.put<std::int32_t>(48, 4).put<std::int32_t>(52, 5).put(56, 0.5).put(64, 0.25);
  scan.put<std::int32_t>(100, 256 + 24).text(140, "Miller-7");
  for (const std::size_t at : {std::size_t{2068}, std::size_t{2068 + 304}}) {
    scan.text(at, "HSF-BS-103").put<std::int32_t>(at + 12, 256 + 24);
    scan.put(at + 16, 0.5).put(at + 32, 1.5).put<std::int32_t>(at + 48, 2);
    scan.put<std::int32_t>(at + 52, 256).put(at + 56, 20.0f);
  }
  const auto bytes = scan.bytes();
  write_atomically(path("set/images/1.vol").toStdString(),
                   std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  write_atomically(path("set/notes.txt").toStdString(), "no recording");
  dialog->form()->set_value("dataset", path("set").toStdString());
  ASSERT_TRUE(becomes([&] { return dialog->message().contains("names a patient"); }))
      << dialog->message().toStdString();
  EXPECT_TRUE(dialog->message().contains("1.vol"));
  EXPECT_FALSE(dialog->message().contains("Miller")) << "no patient's text in a message";
  EXPECT_FALSE(dialog->panel()->send_button()->isEnabled());
  // One that is cut off may name a patient too.
  std::filesystem::resize_file(path("set/images/1.vol").toStdString(), 2100);
  dialog->form()->set_value("steps", 30);
  ASSERT_TRUE(becomes([&] { return dialog->message().contains("may name a patient"); }))
      << dialog->message().toStdString();
}

}
