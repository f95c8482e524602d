#include "app/gui/send_panel.h"

#include "app/gui/json_fields.h"
#include "app/gui/resources_form.h"
#include "app/gui/row_table.h"
#include "modules/view/theme.h"

#include <QCheckBox>
#include <QDateTime>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QStyle>
#include <QTableWidget>
#include <QVBoxLayout>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr int most_rows = 1000;

// Slurm writes the site's own time, without a zone.
QString start_words(const QString& start) {
  const QDateTime time = QDateTime::fromString(start, Qt::ISODate);
  return time.isValid() ? QLocale().toString(time, "d MMM, HH:mm") : start;
}

}

SendPanel::SendPanel(const QString& program, bool several, What what, QWidget* parent)
    : QWidget(parent), program_(program), what_(std::move(what)),
      resources_(new ResourcesForm(several)),
      patient_(new QCheckBox("Send recordings that name a patient")),
      files_(row_table({"File", "Size", ""}, "Files that are sent", 24)),
      heading_(new QLabel("What leaves this computer")), message_(new QLabel),
      send_(new QPushButton("Send")), call_(new CommandCall(program, this)) {
  heading_->setObjectName("heading");
  files_->setSelectionMode(QAbstractItemView::NoSelection);
  files_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
  files_->horizontalHeader()->setSectionResizeMode(2, QHeaderView::ResizeToContents);
  files_->setMinimumHeight(80);
  patient_->setToolTip("Off: a recording or data set that names a patient is refused. "
                       "'sensorium convert --deidentify' makes one that does not.");
  message_->setWordWrap(true);
  message_->setAccessibleName("What is sent, or what keeps it from being sent");
  message_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  send_->setEnabled(false);
  send_->setDefault(true);
  send_->setProperty("next", true);
  auto* cancel = new QPushButton("Cancel");
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(grid);
  buttons->addStretch(1);
  buttons->addWidget(cancel);
  buttons->addWidget(send_);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(grid);
  all->addWidget(resources_);
  all->addSpacing(grid);
  all->addWidget(heading_);
  all->addWidget(files_, 1);
  all->addStretch(0); // takes the room of a list that is not shown
  all->addWidget(patient_);
  all->addWidget(message_);
  all->addLayout(buttons);

  delay_.setSingleShot(true);
  delay_.setInterval(300);
  connect(&delay_, &QTimer::timeout, this, &SendPanel::preview);
  connect(resources_, &ResourcesForm::changed, this, &SendPanel::preview_later);
  connect(patient_, &QCheckBox::toggled, this, &SendPanel::preview_later);
  connect(cancel, &QPushButton::clicked, this, &SendPanel::cancelled);
  connect(send_, &QPushButton::clicked, this, &SendPanel::send);
  say("Asking for the sites", false);
  call_->start({"site", "list"}, [this](bool ok, const json& reply) { take_sites(ok, reply); });
}

QString SendPanel::message() const { return message_->text(); }

void SendPanel::say(const QString& text, bool bad) {
  message_->setText(text);
  message_->setObjectName(bad ? "warning" : "muted");
  message_->style()->unpolish(message_);
  message_->style()->polish(message_);
}

void SendPanel::take_sites(bool ok, const json& reply) {
  if (!ok) return say("The list of sites cannot be read.", true);
  has_sites_ = true;
  resources_->set_sites(reply.value("sites", json::array()));
}

void SendPanel::preview_later() {
  send_->setEnabled(false);
  if (!has_sites_) return;
  looking_.reset();
  delay_.start();
}

QStringList SendPanel::words(QString& problem) {
  problem = resources_->problem();
  if (!problem.isEmpty()) return {};
  QStringList out = what_(problem);
  if (out.isEmpty()) return {};
  out = QStringList{"submit"} + out + resources_->words();
  if (patient_->isChecked()) out << "--with-patient-data";
  return out;
}

void SendPanel::preview() {
  QString problem;
  const QStringList command = words(problem);
  files_->setRowCount(0);
  files_->hide();
  heading_->setText(resources_->is_local() ? "What is copied into the queue"
                                           : "What leaves this computer");
  patient_->setVisible(!resources_->is_local()); // of a local queue nothing leaves
  if (command.isEmpty()) return say(problem, true);
  say("Looking at what would be sent", false);
  looking_ = std::make_unique<CommandCall>(program_);
  looking_->start(command + QStringList{"--dry-run"}, [this](bool ok, const json& reply) {
    if (ok) return show_preview(reply);
    say(error_text(reply, "It cannot be sent."), true);
  });
}

void SendPanel::show_preview(const json& reply) {
  qint64 bytes = 0;
  int count = 0;
  for (const json& file : reply.value("sends", json::array())) {
    const QString path = text_field(file, "file");
    const qint64 size = file.value("bytes", qint64{0});
    bytes += size;
    if (++count > most_rows) continue;
    const int row = add_row(*files_,
                            {QFileInfo(path).fileName(), QLocale().formattedDataSize(size),
                             file.value("names_patient", false) ? "names a patient" : ""},
                            path);
    files_->item(row, 0)->setToolTip(path); // two files may have one name
    files_->item(row, 2)->setForeground(theme_colors().warning);
  }
  if (count > most_rows)
    add_row(*files_, {QString("and %1 more").arg(count - most_rows), "", ""}, {});
  files_->setVisible(count > 0);
  const int elements = reply.value("elements", 0);
  const qint64 program = reply.value("program_bytes", qint64{0});
  QStringList text;
  if (elements > 0) text << QString("%1 trainings.").arg(elements);
  text << (count == 0 ? QString("No recordings: the parameters alone.")
                      : QString("%1 in all, and the parameters; nothing else.")
                            .arg(QLocale().formattedDataSize(bytes)));
  if (program > 0)
    text << QString("The program (%1), when it is not there yet.")
                .arg(QLocale().formattedDataSize(program));
  const QString start = text_field(reply, "expected_start");
  if (!start.isEmpty())
    text << "Expected to start: " + start_words(start) + " (the site's time).";
  else if (resources_->is_local())
    text << "It starts when a place in the queue is free.";
  else
    text << "The site does not say when it would start.";
  say(text.join(" "), false);
  send_->setEnabled(true);
}

void SendPanel::send() {
  QString problem;
  const QStringList command = words(problem);
  if (command.isEmpty()) return say(problem, true);
  send_->setEnabled(false);
  say("Sending", false);
  call_->start(command, [this](bool ok, const json& reply) {
    if (ok) {
      sent_ = true;
      emit done();
      return;
    }
    say(error_text(reply, "It could not be sent.") +
            "\nSending the same again is safe: there will be one run.",
        true);
    send_->setEnabled(true);
  });
}

}
