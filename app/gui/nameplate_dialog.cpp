#include "app/gui/nameplate_dialog.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/core/promoted_models.h"
#include "modules/signal/bearing_list.h"
#include "modules/view/theme.h"

#include <nlohmann/json.hpp>

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QTableWidget>

namespace sensorium {
namespace {

enum Column { Name, Elements, Ball, Pitch, Angle, Source, Columns };

// As it was entered: what is no number stays text, and is refused as a file's would be.
nlohmann::json json_of(const QTableWidget& table, int row) {
  const auto text = [&](int column) {
    const QTableWidgetItem* item = table.item(row, column);
    return item ? item->text().trimmed() : QString();
  };
  const auto value = [&](int column) -> nlohmann::json {
    bool ok = false;
    const double v = text(column).replace(',', '.').toDouble(&ok);
    return ok ? nlohmann::json(v) : nlohmann::json(text(column).toStdString());
  };
  return {{"name", text(Name).toStdString()}, {"source", text(Source).toStdString()},
          {"elements", value(Elements)},      {"element_diameter", value(Ball)},
          {"pitch_diameter", value(Pitch)},   {"contact_angle_degrees", value(Angle)}};
}

}

std::filesystem::path store_nameplate(const Nameplate& nameplate) {
  const std::string text = to_json(nameplate).dump(2) + "\n";
  const auto path = user_data_folder() / "nameplates" / (sha256(text).substr(0, 16) + ".json");
  std::error_code code;
  if (!std::filesystem::exists(path, code)) {
    make_folder(path.parent_path());
    write_atomically(path, text);
  }
  return path;
}

QDoubleSpinBox* NameplateDialog::number(const char* name, double value, double most, int decimals,
                                        const QString& unit) {
  auto* box = new QDoubleSpinBox;
  box->setObjectName(name);
  box->setRange(0, most);
  box->setDecimals(decimals);
  box->setSpecialValueText("not given");
  box->setSuffix(unit.isEmpty() ? "" : " " + unit);
  box->setValue(value);
  return box;
}

NameplateDialog::NameplateDialog(const Nameplate& n, QWidget* parent)
    : QDialog(parent), name_(new QLineEdit(QString::fromStdString(n.name))),
      supply_(number("supply_hz", n.supply_hz, 1000, 2, "Hz")),
      rated_rpm_(number("rated_rpm", n.rated_rpm, 60000, 1, "rpm")),
      measured_rpm_(number("measured_rpm", n.measured_rpm, 60000, 1, "rpm")),
      current_(number("rated_current", n.rated_current, 1e5, 2, "A")),
      power_(number("rated_power_kw", n.rated_power_kw, 1e6, 2, "kW")), pole_pairs_(new QSpinBox),
      bars_(new QSpinBox), list_(new QComboBox), bearings_(new QTableWidget), problem_(new QLabel) {
  setWindowTitle("Nameplate of the motor");
  setMinimumWidth(620);
  for (QSpinBox* box : {pole_pairs_, bars_}) box->setSpecialValueText("not given");
  pole_pairs_->setRange(0, 50);
  pole_pairs_->setValue(n.pole_pairs);
  pole_pairs_->setObjectName("pole_pairs");
  bars_->setRange(0, 1000);
  bars_->setValue(n.rotor_bars);
  bars_->setObjectName("rotor_bars");
  name_->setObjectName("motor_name");
  name_->setPlaceholderText("pump 3");
  auto* form = new QFormLayout;
  form->setHorizontalSpacing(2 * grid);
  const auto row = [&](const char* label, QWidget* field, const char* help) {
    field->setAccessibleName(label);
    field->setToolTip(help);
    form->addRow(label, field);
  };
  row("Name", name_, "What you call the machine");
  row("Supply frequency", supply_, "Narrows the search for the fundamental");
  row("Rated speed", rated_rpm_,
      "From the plate; with the supply frequency it gives the pole pairs");
  row("Measured speed", measured_rpm_, "During the recording: the best source of the slip");
  row("Pole pairs", pole_pairs_, "Half the number of poles");
  row("Rated current", current_, "Of one phase, rms");
  row("Rated power", power_, "At the shaft");
  row("Rotor bars", bars_, "Of the cage");
  bearings_->setColumnCount(Columns);
  bearings_->setHorizontalHeaderLabels(
      {"Bearing", "Elements", "Element diameter", "Pitch diameter", "Angle, deg", "Geometry from"});
  bearings_->setAccessibleName("Bearings and their geometry");
  bearings_->verticalHeader()->hide();
  bearings_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  bearings_->horizontalHeader()->setStretchLastSection(true);
  bearings_->setMinimumHeight(110);
  for (const Bearing& b : n.bearings) add_bearing(b);
  list_->setAccessibleName("Common bearings");
  list_->setToolTip("The common ones, and those that you kept");
  auto* add = new QPushButton("Add bearing");
  auto* remove = new QPushButton("Remove");
  remove->setToolTip("Takes the chosen bearing out of the table");
  auto* keep = new QPushButton("Keep in list");
  keep->setObjectName("keep_bearing");
  keep->setToolTip("Puts the chosen bearing of the table into the list, for other motors too");
  auto* forget = new QPushButton("Forget");
  forget->setObjectName("forget_bearing");
  forget->setToolTip("Takes your own bearing out of the list; common ones stay");
  auto* line = new QHBoxLayout;
  line->addWidget(list_);
  line->addWidget(add);
  line->addWidget(forget);
  line->addSpacing(2 * grid);
  line->addWidget(remove);
  line->addWidget(keep);
  line->addStretch(1);
  auto* hint = new QLabel("What is not given is not used: without pole pairs and a speed there are "
                          "no fault bands. Diameters in any one unit; bearings can be edited.");
  hint->setObjectName("muted");
  hint->setWordWrap(true);
  problem_->setObjectName("warning");
  problem_->setWordWrap(true);
  problem_->hide();
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel);
  QPushButton* use = buttons->addButton("Use", QDialogButtonBox::AcceptRole);
  use->setDefault(true);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(2 * grid, 2 * grid, 2 * grid, 2 * grid);
  all->setSpacing(grid);
  all->addLayout(form);
  all->addWidget(bearings_, 1);
  all->addLayout(line);
  all->addWidget(hint);
  all->addWidget(problem_);
  all->addWidget(buttons);
  connect(buttons, &QDialogButtonBox::accepted, this, &NameplateDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  connect(add, &QPushButton::clicked, this, [this] {
    const auto k = static_cast<std::size_t>(list_->currentIndex());
    add_bearing(k < choices_.size() ? choices_[k]
                                    : Bearing{"bearing", "entered by hand", 8, 10, 50, 0});
  });
  connect(keep, &QPushButton::clicked, this, [this] { keep_in_list(); });
  connect(forget, &QPushButton::clicked, this, [this] { forget_from_list(); });
  connect(list_, &QComboBox::currentIndexChanged, this, [this, forget](int k) {
    const auto chosen = static_cast<std::size_t>(std::max(0, k));
    forget->setEnabled(chosen >= common_ && chosen < choices_.size());
    list_->setToolTip(chosen < choices_.size()
                          ? "Geometry from: " + QString::fromStdString(choices_[chosen].source)
                          : QString("Enter the geometry by hand"));
  });
  connect(remove, &QPushButton::clicked, this,
          [this] { bearings_->removeRow(bearings_->currentRow()); });
  forget->setEnabled(false);
  fill_list();
}

void NameplateDialog::fill_list() {
  choices_ = common_bearings();
  common_ = choices_.size();
  try {
    for (Bearing& b : own_bearings()) choices_.push_back(std::move(b));
  } catch (const Error& e) {
    say(QString::fromStdString(e.what()));
  }
  list_->clear();
  for (const Bearing& b : choices_) list_->addItem(QString::fromStdString(b.name));
  list_->addItem("other geometry");
}

void NameplateDialog::say(const QString& problem) {
  problem_->setText(problem);
  problem_->setVisible(!problem.isEmpty());
}

void NameplateDialog::keep_in_list() {
  if (bearings_->currentRow() < 0) return say("Choose a bearing of the table first.");
  try {
    const Bearing b = bearing_of(bearings_->currentRow());
    keep_bearing(b);
    say({});
    fill_list();
    list_->setCurrentIndex(list_->findText(QString::fromStdString(b.name)));
  } catch (const Error& e) {
    say(QString::fromStdString(e.what()));
  }
}

void NameplateDialog::forget_from_list() {
  const auto k = static_cast<std::size_t>(std::max(0, list_->currentIndex()));
  if (k < common_ || k >= choices_.size()) return;
  try {
    forget_bearing(choices_[k].name);
    say({});
    fill_list();
  } catch (const Error& e) {
    say(QString::fromStdString(e.what()));
  }
}

void NameplateDialog::add_bearing(const Bearing& b) {
  const int row = bearings_->rowCount();
  bearings_->insertRow(row);
  const QStringList cells{
      QString::fromStdString(b.name),           QString::number(b.elements),
      QString::number(b.element_diameter),      QString::number(b.pitch_diameter),
      QString::number(b.contact_angle_degrees), QString::fromStdString(b.source)};
  for (int column = 0; column < Columns; ++column)
    bearings_->setItem(row, column, new QTableWidgetItem(cells[column]));
  bearings_->setCurrentCell(row, 0);
}

Bearing NameplateDialog::bearing_of(int row) const {
  return bearing_from_json(json_of(*bearings_, row), "the form");
}

// Through JSON, so that the form refuses what a file would be refused for.
Nameplate NameplateDialog::nameplate() const {
  nlohmann::json out = nlohmann::json::object();
  const auto put = [&](const char* key, double value) {
    if (value > 0) out[key] = value;
  };
  if (!name_->text().trimmed().isEmpty()) out["name"] = name_->text().trimmed().toStdString();
  put("supply_hz", supply_->value());
  put("rated_rpm", rated_rpm_->value());
  put("measured_rpm", measured_rpm_->value());
  put("rated_current", current_->value());
  put("rated_power_kw", power_->value());
  if (pole_pairs_->value() > 0) out["pole_pairs"] = pole_pairs_->value();
  if (bars_->value() > 0) out["rotor_bars"] = bars_->value();
  for (int row = 0; row < bearings_->rowCount(); ++row)
    out["bearings"].push_back(json_of(*bearings_, row));
  return nameplate_from_json(out, "the form");
}

void NameplateDialog::accept() {
  try {
    nameplate();
    QDialog::accept();
  } catch (const Error& e) {
    problem_->setText(QString::fromStdString(e.what()));
    problem_->show();
  }
}

}
