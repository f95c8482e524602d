#include "app/gui/resources_form.h"

#include "app/gui/json_fields.h"
#include "modules/view/theme.h"

#include <QComboBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>

#include <algorithm>

namespace sensorium {
using nlohmann::json;
namespace {

QSpinBox* number(int low, int high, int value, const QString& suffix, const QString& zero = {}) {
  auto* box = new QSpinBox;
  box->setRange(low, high);
  box->setValue(value);
  box->setSuffix(suffix);
  box->setSpecialValueText(zero);
  box->setKeyboardTracking(false);
  return box;
}

int integer(const json& object, const char* key, int otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<int>() : otherwise;
}

QString time_words(int minutes) {
  if (minutes % 1440 == 0)
    return minutes == 1440 ? QString("1 day") : QString("%1 days").arg(minutes / 1440);
  if (minutes % 60 == 0)
    return minutes == 60 ? QString("1 hour") : QString("%1 hours").arg(minutes / 60);
  return QString("%1 minutes").arg(minutes);
}

QString counted(int n, const QString& one, const QString& many) {
  return QString("%1 %2").arg(n).arg(n == 1 ? one : many);
}

}

ResourcesForm::ResourcesForm(bool several, QWidget* parent)
    : QWidget(parent), several_(several), form_(new QFormLayout(this)), site_(new QComboBox),
      partition_(new QComboBox), account_(new QComboBox), qos_(new QComboBox), limits_(new QLabel),
      name_(new QLineEdit), bundle_(new QLineEdit), bundle_row_(new QWidget),
      minutes_(number(1, 525600, 60, " min")), nodes_(number(1, 1024, 1, "")),
      ranks_(number(1, 64, 1, "")), cpus_(number(1, 1024, 2, "")),
      gpus_(number(0, 64, 0, "", "none")),
      memory_(number(0, 4096, 0, " GiB", "as the site gives")) {
  form_->setContentsMargins(0, 0, 0, 0);
  form_->setSpacing(grid);
  form_->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  limits_->setObjectName("small");
  limits_->setWordWrap(true);
  limits_->setAccessibleName("Limits of the site");
  bundle_->setPlaceholderText("Folder that scripts/bundle made");
  bundle_->setToolTip("The program is not installed there: it is sent along, once, by its hash");
  auto* choose = new QPushButton("Choose");
  auto* line = new QHBoxLayout(bundle_row_);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(grid);
  line->addWidget(bundle_, 1);
  line->addWidget(choose);
  bundle_row_->setFocusProxy(bundle_);
  ranks_->setToolTip("On each computer; each works on its share of every batch");
  minutes_->setToolTip("A training that meets it writes a checkpoint and goes on in another job");

  form_->addRow("Name of the run", name_);
  form_->addRow("Site", site_);
  form_->addRow("Partition", partition_);
  form_->addRow("", limits_);
  form_->addRow("Program", bundle_row_);
  form_->addRow("Time limit", minutes_);
  form_->addRow("Computers", nodes_);
  form_->addRow("Processes on each", ranks_);
  form_->addRow("Processors for each", cpus_);
  form_->addRow("GPUs", gpus_);
  form_->addRow("Memory", memory_);
  form_->addRow("Account", account_);
  form_->addRow("Quality of service", qos_);

  connect(site_, &QComboBox::currentIndexChanged, this, &ResourcesForm::show_site);
  connect(partition_, &QComboBox::currentIndexChanged, this, &ResourcesForm::show_limits);
  for (QComboBox* box : {account_, qos_})
    connect(box, &QComboBox::currentIndexChanged, this, &ResourcesForm::changed);
  for (QSpinBox* box : {minutes_, nodes_, ranks_, cpus_, gpus_, memory_})
    connect(box, &QSpinBox::valueChanged, this, &ResourcesForm::changed);
  connect(bundle_, &QLineEdit::editingFinished, this, &ResourcesForm::changed);
  connect(choose, &QPushButton::clicked, this, [this] {
    const QString folder = QFileDialog::getExistingDirectory(this, "Bundle of the program");
    if (folder.isEmpty()) return;
    bundle_->setText(folder);
    emit changed();
  });
  show_site();
}

void ResourcesForm::set_row(QWidget* field, bool shown) { form_->setRowVisible(field, shown); }

void ResourcesForm::set_sites(const json& sites) {
  sites_ = sites.is_array() ? sites : json::array();
  {
    const QSignalBlocker block(site_);
    site_->clear();
    for (const json& site : sites_) site_->addItem(text_field(site, "name"));
  }
  show_site();
}

void ResourcesForm::set_name(const QString& name) { name_->setText(name); }

void ResourcesForm::set_several(bool on) {
  several_ = on;
  show_site();
}

QString ResourcesForm::site() const { return site_->currentText(); }

const json* ResourcesForm::chosen() const {
  const auto i = static_cast<std::size_t>(site_->currentIndex());
  return site_->currentIndex() >= 0 && i < sites_.size() ? &sites_[i] : nullptr;
}

bool ResourcesForm::is_local() const {
  return chosen() && text_field(*chosen(), "kind") == "local";
}

int ResourcesForm::places() const { return chosen() ? integer(*chosen(), "slots", 1) : 0; }

// The one that is named, or else the one that the site takes by itself.
const json* ResourcesForm::partition() const {
  const json* const site = chosen();
  if (!site || !site->contains("partitions")) return nullptr;
  QString wanted = partition_->currentData().toString();
  if (wanted.isEmpty()) wanted = text_field(*site, "partition");
  for (const json& p : site->at("partitions"))
    if (wanted.isEmpty() ? p.value("preferred", false) : text_field(p, "name") == wanted) return &p;
  return nullptr;
}

void ResourcesForm::show_site() {
  const json* const site = chosen();
  const auto fill = [](QComboBox* box, const json& names, const QString& first) {
    const QSignalBlocker block(box);
    box->clear();
    box->addItem(first, QString());
    for (const json& name : names)
      if (name.is_string())
        box->addItem(QString::fromStdString(name.get<std::string>()),
                     QString::fromStdString(name.get<std::string>()));
  };
  json partitions = json::array(), accounts = json::array(), qos = json::array();
  if (site) {
    for (const json& p : site->value("partitions", json::array()))
      if (p.value("up", true)) partitions.push_back(p.value("name", ""));
    accounts = site->value("accounts", json::array());
    qos = site->value("qos_names", json::array());
  }
  const auto named = [&](const char* key) {
    const QString text = site ? text_field(*site, key) : QString();
    return text.isEmpty() ? QString("as the site chooses") : text + " (as set for the site)";
  };
  fill(partition_, partitions, named("partition"));
  fill(account_, accounts, named("account"));
  fill(qos_, qos, named("qos"));
  const bool slurm = site && !is_local();
  set_row(partition_, slurm);
  set_row(account_, slurm && !accounts.empty());
  set_row(qos_, slurm && !qos.empty());
  set_row(minutes_, slurm);
  set_row(nodes_, slurm && several_);
  set_row(ranks_, several_);
  if (auto* label = qobject_cast<QLabel*>(form_->labelForField(ranks_)))
    label->setText(slurm ? "Processes on each" : "Processes");
  set_row(memory_, slurm);
  set_row(gpus_, slurm);
  set_row(bundle_row_, slurm && text_field(*site, "program").isEmpty());
  show_limits();
}

void ResourcesForm::show_limits() {
  const json* const site = chosen();
  const json* const p = partition();
  constexpr int many = 100000;
  const int minutes = p ? integer(*p, "minutes", 525600) : 525600;
  const int cpus = p ? integer(*p, "cpus", many) : site ? integer(*site, "cpus", many) : many;
  const int gpus = p ? integer(*p, "gpus", 0) : 0, nodes = p ? integer(*p, "nodes", many) : many;
  const int memory = p ? integer(*p, "memory_mib", 0) : 0;
  {
    const QSignalBlocker blocks[] = {QSignalBlocker(minutes_), QSignalBlocker(nodes_),
                                     QSignalBlocker(ranks_),   QSignalBlocker(cpus_),
                                     QSignalBlocker(gpus_),    QSignalBlocker(memory_)};
    minutes_->setMaximum(std::clamp(minutes, 1, 525600));
    nodes_->setMaximum(std::clamp(nodes, 1, 1024));
    cpus_->setMaximum(std::clamp(cpus, 1, 4096));
    ranks_->setMaximum(std::clamp(cpus, 1, 64));
    gpus_->setMaximum(p ? gpus : 64);
    memory_->setMaximum(p && memory > 0 ? std::max(1, memory / 1024) : 4096);
  }
  QString text;
  if (is_local())
    text = QString("This computer: %1, %2 at the same time.")
               .arg(counted(cpus, "processor", "processors"), counted(places(), "run", "runs"));
  else if (p)
    text = QString("%1: %2 of up to %3%4%5, %6.")
               .arg(text_field(*p, "name"), counted(nodes, "computer", "computers"),
                    counted(cpus, "processor", "processors"),
                    memory > 0 ? QString(", %1 GiB").arg(std::max(1, memory / 1024)) : QString(),
                    gpus > 0 ? ", " + counted(gpus, "GPU", "GPUs") : QString(),
                    p->contains("minutes") && p->at("minutes").is_number()
                        ? "at most " + time_words(minutes)
                        : QString("no time limit"));
  limits_->setText(text);
  set_row(limits_, !text.isEmpty());
  emit changed();
}

QString ResourcesForm::limits() const { return limits_->text(); }

QString ResourcesForm::problem() const {
  if (!chosen())
    return "No cluster is set up. In a terminal: sensorium site add NAME --host USER@MACHINE";
  if (form_->isRowVisible(bundle_row_) && bundle_->text().isEmpty())
    return "The program is not installed on '" + site() +
           "'. Choose a folder that scripts/bundle made: it is sent along, once.";
  const json* const p = partition();
  const int cpus = p ? integer(*p, "cpus", 0) : 0;
  const int wanted = cpus_->value() * (several_ ? ranks_->value() : 1);
  if (cpus > 0 && wanted > cpus)
    return QString("%1 processes with %2 processors each need %3; a computer of '%4' has %5.")
        .arg(ranks_->value())
        .arg(cpus_->value())
        .arg(wanted)
        .arg(text_field(*p, "name"))
        .arg(cpus);
  return {};
}

QStringList ResourcesForm::words() const {
  QStringList out{"--site",      site(),   "--name",
                  name_->text(), "--cpus", QString::number(cpus_->value())};
  const auto add = [&](QWidget* row, const QString& word, const QString& value) {
    if (form_->isRowVisible(row) && !value.isEmpty()) out << word << value;
  };
  add(minutes_, "--minutes", QString::number(minutes_->value()));
  if (several_) {
    add(nodes_, "--nodes", QString::number(nodes_->value()));
    add(ranks_, "--ranks", QString::number(ranks_->value()));
  }
  if (gpus_->value() > 0) add(gpus_, "--gpus", QString::number(gpus_->value()));
  if (memory_->value() > 0) add(memory_, "--memory", QString::number(1024 * memory_->value()));
  add(partition_, "--partition", partition_->currentData().toString());
  add(account_, "--account", account_->currentData().toString());
  add(qos_, "--qos", qos_->currentData().toString());
  add(bundle_row_, "--bundle", bundle_->text());
  return out;
}

}
