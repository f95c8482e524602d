#include "app/gui/cluster_page.h"

#include "app/gui/row_table.h"
#include "modules/core/file.h"
#include "modules/view/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileInfo>
#include <QFormLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPushButton>
#include <QSpinBox>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QVBoxLayout>

namespace sensorium {
using nlohmann::json;
namespace {

QSpinBox* number(int low, int high, int value, const QString& suffix, const QString& zero = {}) {
  auto* box = new QSpinBox;
  box->setRange(low, high);
  box->setValue(value);
  box->setSuffix(suffix);
  box->setSpecialValueText(zero);
  return box;
}

}

SendDialog::SendDialog(const QString& program, const QString& name, const json& recipe,
                       QWidget* parent)
    : QDialog(parent), call_(new CommandCall(program, this)),
      folder_(std::make_shared<QTemporaryDir>()), site_(new QComboBox), name_(new QLineEdit(name)),
      minutes_(number(1, 100000, 60, " min")), cpus_(number(1, 1024, 2, "")),
      gpus_(number(0, 64, 0, "", "none")), memory_(number(0, 4096, 0, " GiB", "as the site gives")),
      patient_(new QCheckBox("Send recordings that name a patient")),
      files_(row_table({"File", "Size"}, "Files that are sent")), message_(new QLabel),
      send_(nullptr) {
  setWindowTitle("Send to a cluster");
  resize(620, 560);
  recipe_file_ = folder_->filePath("recipe.json");
  write_atomically(recipe_file_.toStdString(), recipe.dump(2));
  auto* form = new QFormLayout;
  form->setSpacing(grid);
  form->addRow("Site", site_);
  form->addRow("Name of the run", name_);
  form->addRow("Time limit", minutes_);
  form->addRow("Processors", cpus_);
  form->addRow("GPUs", gpus_);
  form->addRow("Memory", memory_);
  auto* heading = new QLabel("What leaves this computer");
  heading->setObjectName("heading");
  files_->setSelectionMode(QAbstractItemView::NoSelection);
  files_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
  message_->setWordWrap(true);
  message_->setAccessibleName("What keeps it from being sent");
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel);
  send_ = buttons->addButton("Send", QDialogButtonBox::AcceptRole);
  send_->setEnabled(false);
  send_->setDefault(true);
  send_->setProperty("next", true);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(2 * grid, 2 * grid, 2 * grid, 2 * grid);
  all->setSpacing(grid);
  all->addLayout(form);
  all->addSpacing(grid);
  all->addWidget(heading);
  all->addWidget(files_, 1);
  all->addWidget(patient_);
  all->addWidget(message_);
  all->addWidget(buttons);

  delay_.setSingleShot(true);
  delay_.setInterval(300);
  connect(&delay_, &QTimer::timeout, this, &SendDialog::preview);
  const auto later = [this] {
    send_->setEnabled(false);
    delay_.start();
  };
  connect(site_, &QComboBox::currentIndexChanged, this, later);
  connect(patient_, &QCheckBox::toggled, this, later);
  for (QSpinBox* box : {minutes_, cpus_, gpus_, memory_})
    connect(box, &QSpinBox::valueChanged, this, later);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  disconnect(buttons, &QDialogButtonBox::accepted, nullptr, nullptr);
  connect(send_, &QPushButton::clicked, this, &SendDialog::send);
  say("Asking for the sites", false);
  call_->start({"site", "list"}, [this](bool ok, const json& reply) { take_sites(ok, reply); });
}

QString SendDialog::site() const { return site_->currentText(); }
QString SendDialog::message() const { return message_->text(); }

void SendDialog::say(const QString& text, bool bad) {
  message_->setText(text);
  message_->setObjectName(bad ? "" : "muted");
}

void SendDialog::take_sites(bool ok, const json& reply) {
  if (!ok) return say("The list of sites cannot be read.", true);
  for (const json& site : reply.value("sites", json::array()))
    site_->addItem(QString::fromStdString(site.value("name", "")));
  if (site_->count() == 0)
    say("No cluster is set up. In a terminal: sensorium site add NAME --host USER@MACHINE", true);
}

QStringList SendDialog::words(bool dry) const {
  QStringList out{"submit",
                  "run",
                  recipe_file_,
                  "--site",
                  site(),
                  "--name",
                  name_->text(),
                  "--minutes",
                  QString::number(minutes_->value()),
                  "--cpus",
                  QString::number(cpus_->value())};
  if (gpus_->value() > 0) out << "--gpus" << QString::number(gpus_->value());
  if (memory_->value() > 0) out << "--memory" << QString::number(1024 * memory_->value());
  if (patient_->isChecked()) out << "--with-patient-data";
  if (dry) out << "--dry-run";
  return out;
}

void SendDialog::preview() {
  if (site().isEmpty()) return;
  say("Looking at what would be sent", false);
  call_->start(words(true), [this, asked = ++asked_](bool ok, const json& reply) {
    if (asked != asked_) return;
    files_->setRowCount(0);
    if (!ok) {
      const json error = reply.value("error", json::object());
      return say(QString::fromStdString(error.value("message", "it cannot be sent") + "\n" +
                                        error.value("hint", "")),
                 true);
    }
    qint64 bytes = 0;
    for (const json& file : reply.value("sends", json::array())) {
      const QString path = QString::fromStdString(file.value("file", ""));
      const qint64 size = file.value("bytes", qint64{0});
      bytes += size;
      const int row =
          add_row(*files_, {QFileInfo(path).fileName(), QLocale().formattedDataSize(size)}, path);
      files_->item(row, 0)->setToolTip(path); // two files may have one name
    }
    const QString start = QString::fromStdString(reply.value("expected_start", ""));
    say(QString("%1 in all, and the parameters; nothing else.%2")
            .arg(QLocale().formattedDataSize(bytes),
                 start.isEmpty() ? "" : " Expected to start: " + start),
        false);
    send_->setEnabled(true);
  });
}

void SendDialog::send() {
  send_->setEnabled(false);
  say("Sending", false);
  call_->start(words(false), [this](bool ok, const json& reply) {
    if (ok) {
      sent_ = true;
      return accept();
    }
    const json error = reply.value("error", json::object());
    say(QString::fromStdString(error.value("message", "it could not be sent") + "\n" +
                               error.value("hint", "")),
        true);
    send_->setEnabled(true);
  });
}

}
