#include "app/gui/space_editor.h"

#include "app/gui/json_fields.h"
#include "modules/core/error.h"
#include "modules/view/parameter_form.h"
#include "modules/view/theme.h"

#include <QAction>
#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace sensorium {
using nlohmann::json;
namespace {

QString text_of(double value) { return QString::number(value, 'g', 6); }

QSpinBox* spin(int low, int high, int value, const QString& zero = {}) {
  auto* box = new QSpinBox;
  box->setRange(low, high);
  box->setValue(value);
  box->setSpecialValueText(zero);
  box->setFixedWidth(96);
  return box;
}

// A range to begin with: around the value, within what is declared.
std::pair<double, double> range_around(const ParameterSpec& spec, double value) {
  double low = value > 0 ? value / 3 : value - 1, high = value > 0 ? value * 3 : value + 1;
  if (spec.type == ParameterType::Integer) {
    low = std::floor(low);
    high = std::max(std::ceil(high), low + 1);
  }
  low = std::max(low, spec.about.min);
  high = std::min(high, spec.about.max);
  if (spec.type == ParameterType::Number && value > 0 && low > 0) { // two digits are enough
    const double unit = std::pow(10, std::floor(std::log10(low)) - 1);
    low = std::max(spec.about.min, std::round(low / unit) * unit);
  }
  return {low, high};
}

json number_of(const QString& text, const ParameterSpec& spec, const QString& what,
               QString& problem) {
  bool ok = false;
  const double value = text.trimmed().toDouble(&ok);
  const bool whole = spec.type == ParameterType::Integer;
  if (!ok || !std::isfinite(value) || (whole && value != std::floor(value))) {
    problem = QString("%1 of '%2' is no %3.")
                  .arg(what, title_of(spec), whole ? "whole number" : "number");
    return nullptr;
  }
  return whole ? json(static_cast<std::int64_t>(value)) : json(value);
}

}

SpaceEditor::SpaceEditor(QWidget* parent)
    : QWidget(parent), names_(new QComboBox), sampler_(new QComboBox), direction_(new QComboBox),
      add_(new QPushButton("Vary it")), list_(new QVBoxLayout), empty_(new QLabel),
      seeds_hint_(new QLabel), trials_(spin(1, 100000, 20)),
      at_once_(spin(0, 10000, 0, "no limit")), seeds_(spin(0, 100, 0, "the plan's")),
      seed_(spin(0, 1 << 30, 1)), first_step_(spin(1, 1 << 30, 100)), keep_(spin(2, 1000, 3)),
      halving_(new QCheckBox("End poor trials early, from step")),
      result_(new QLineEdit("validation_loss")), curve_(new QLineEdit("loss/validation")) {
  setObjectName("panel");
  setAttribute(Qt::WA_StyledBackground);
  names_->setAccessibleName("Parameter to vary");
  names_->setMinimumContentsLength(18);
  auto* head = new QHBoxLayout;
  head->setSpacing(grid);
  head->addWidget(names_, 1);
  head->addWidget(add_);
  empty_->setObjectName("muted");
  empty_->setWordWrap(true);
  empty_->setText("A sweep trains once for each point of a search space. Choose a parameter above "
                  "and vary it; the others stay as they are in the plan.");
  auto* rows = new QWidget;
  auto* inside = new QVBoxLayout(rows);
  inside->setContentsMargins(0, 0, 0, 0);
  inside->setSpacing(grid);
  list_->setSpacing(grid);
  inside->addWidget(empty_);
  inside->addLayout(list_);
  inside->addStretch(1);
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidget(rows);

  sampler_->addItem("Every combination (grid)", "grid");
  sampler_->addItem("Random", "random");
  sampler_->addItem("Learns from earlier trials (TPE)", "tpe");
  direction_->addItem("smaller is better", "minimize");
  direction_->addItem("larger is better", "maximize");
  direction_->setAccessibleName("Which values are better");
  seeds_hint_->setObjectName("small");
  seeds_hint_->setWordWrap(true);
  auto* early = new QHBoxLayout;
  early->setSpacing(grid);
  early->addWidget(halving_);
  early->addWidget(first_step_);
  early->addWidget(new QLabel("keep one in"));
  early->addWidget(keep_);
  early->addStretch(1);
  first_step_->setAccessibleName("First step at which trials are compared");
  keep_->setAccessibleName("Keep one in");
  result_->setToolTip("Key of the training's result by which trials are judged");
  curve_->setToolTip("Curve that is followed meanwhile; of the same sense");
  auto* form = new QFormLayout;
  form->setSpacing(grid);
  form->addRow("Search", sampler_);
  form->addRow("Trials", trials_);
  form->addRow("Seeds of each variant", seeds_);
  form->addRow("", seeds_hint_);
  form->addRow("At the same time", at_once_);
  form->addRow("", early);
  form->addRow("Judged by", result_);
  form->addRow("Its curve", curve_);
  form->addRow("", direction_);
  form->addRow("Seed of the search", seed_);

  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(grid, grid, grid, grid);
  all->setSpacing(grid);
  all->addLayout(head);
  all->addWidget(scroll, 1);
  all->addLayout(form);

  connect(add_, &QPushButton::clicked, this,
          [this] { vary(names_->currentData().toString().toStdString()); });
  connect(sampler_, &QComboBox::currentIndexChanged, this, [this] {
    show_sampler();
    emit changed();
  });
  connect(direction_, &QComboBox::currentIndexChanged, this, &SpaceEditor::changed);
  for (QSpinBox* box : {trials_, at_once_, seeds_, seed_, first_step_, keep_}) {
    box->setKeyboardTracking(false);
    connect(box, &QSpinBox::valueChanged, this, [this] {
      show_sampler();
      emit changed();
    });
  }
  connect(halving_, &QCheckBox::toggled, this, [this] {
    show_sampler();
    emit changed();
  });
  for (QLineEdit* edit : {result_, curve_})
    connect(edit, &QLineEdit::editingFinished, this, &SpaceEditor::changed);
  show_sampler();
}

QString SpaceEditor::sampler() const { return sampler_->currentData().toString(); }

void SpaceEditor::show_sampler() {
  const bool grid_search = sampler() == "grid";
  trials_->setEnabled(!grid_search);
  trials_->setToolTip(grid_search ? "A grid has as many trials as it has points" : "");
  const bool seeded = std::any_of(specs_.begin(), specs_.end(),
                                  [](const auto& spec) { return spec.name == "seed"; }) &&
                      !rows_.contains("seed");
  seeds_->setEnabled(grid_search && seeded);
  seeds_hint_->setText(!grid_search ? "Comparing variants needs the same seeds for each: a grid."
                       : seeds_->value() >= 5
                           ? "Differences come with 95 % intervals, paired by seed."
                           : "Below five seeds nothing is said about differences.");
  first_step_->setEnabled(halving_->isChecked());
  keep_->setEnabled(halving_->isChecked());
  for (auto& [name, row] : rows_)
    if (row.grid_only) row.grid_only->setVisible(grid_search);
}

void SpaceEditor::fill_names() {
  names_->clear();
  for (const ParameterSpec& spec : specs_) {
    if (rows_.contains(spec.name)) continue;
    names_->addItem(title_of(spec), QString::fromStdString(spec.name));
    names_->setItemData(names_->count() - 1, QString::fromStdString(spec.about.help),
                        Qt::ToolTipRole);
  }
  add_->setEnabled(names_->count() > 0);
  empty_->setVisible(rows_.empty());
}

void SpaceEditor::set_specs(const ParameterSpecs& specs) {
  while (!rows_.empty()) {
    delete rows_.begin()->second.widget;
    rows_.erase(rows_.begin());
  }
  specs_ = specs;
  fill_names();
  const int rate = names_->findData("learning_rate");
  if (rate >= 0) names_->setCurrentIndex(rate);
  seeds_->setValue(0);
  show_sampler();
}

void SpaceEditor::number_row(Row& row, QHBoxLayout& line) {
  const ParameterSpec spec = row.spec;
  const double value = values_.contains(spec.name) && values_[spec.name].is_number()
                           ? values_[spec.name].get<double>()
                           : spec.default_value.get<double>();
  const auto [from, to] = range_around(spec, value);
  auto* low = new QLineEdit(text_of(from));
  auto* high = new QLineEdit(text_of(to));
  auto* log = new QCheckBox("log");
  const bool whole = spec.type == ParameterType::Integer;
  auto* steps = new QWidget;
  auto* steps_line = new QHBoxLayout(steps);
  steps_line->setContentsMargins(0, 0, 0, 0);
  steps_line->setSpacing(4);
  auto* count = spin(whole ? 1 : 2, 1000, whole ? 1 : 3);
  count->setFixedWidth(48);
  count->setKeyboardTracking(false);
  steps_line->addWidget(new QLabel(whole ? "step" : "points"));
  steps_line->addWidget(count);
  low->setFixedWidth(80);
  high->setFixedWidth(80);
  low->setAccessibleName("Lowest " + title_of(spec));
  high->setAccessibleName("Highest " + title_of(spec));
  count->setAccessibleName((whole ? "Step of " : "Points of ") + title_of(spec));
  log->setToolTip("Equal ratios are equally likely");
  log->setChecked(!whole && from > 0 && value < 0.1);
  line.addWidget(low);
  line.addWidget(new QLabel("to"));
  line.addWidget(high);
  line.addWidget(log);
  line.addWidget(steps);
  line.addStretch(1);
  row.grid_only = steps;
  for (QLineEdit* edit : {low, high})
    connect(edit, &QLineEdit::editingFinished, this, &SpaceEditor::changed);
  connect(log, &QCheckBox::toggled, this, &SpaceEditor::changed);
  connect(count, &QSpinBox::valueChanged, this, &SpaceEditor::changed);
  row.value = [=, this](QString& problem) -> json {
    json out = {{"low", number_of(low->text(), spec, "The lowest value", problem)},
                {"high", number_of(high->text(), spec, "The highest value", problem)}};
    if (log->isChecked()) out["log"] = true;
    if (whole && !log->isChecked() && count->value() > 1) out["step"] = count->value();
    if (!whole && sampler() == "grid") out["points"] = count->value();
    return out;
  };
  row.show = [=](const json& in) {
    low->setText(text_of(in.at("low").get<double>()));
    high->setText(text_of(in.at("high").get<double>()));
    log->setChecked(in.value("log", false));
    if (whole && in.contains("step")) count->setValue(in.at("step").get<int>());
    if (!whole && in.contains("points")) count->setValue(in.at("points").get<int>());
    if (!whole && in.contains("step"))
      throw Error(ErrorCode::BadInput,
                  "the sweep has a 'step' for '" + spec.name + "', which this form has not",
                  "send it on the command line: sensorium submit sweep");
  };
}

void SpaceEditor::choice_row(Row& row, QHBoxLayout& line) {
  const ParameterSpec spec = row.spec;
  auto* button = new QToolButton;
  auto* menu = new QMenu(button);
  button->setPopupMode(QToolButton::InstantPopup);
  button->setMenu(menu);
  button->setMinimumWidth(180);
  button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  button->setAccessibleName("Values of " + title_of(spec));
  const auto tell = [=] {
    QStringList on;
    for (const QAction* a : menu->actions())
      if (a->isChecked()) on << a->text();
    button->setText(on.isEmpty()
                        ? QString("choose values")
                        : button->fontMetrics().elidedText(on.join(", "), Qt::ElideRight, 260));
    button->setToolTip(on.join(", "));
  };
  for (const std::string& choice : spec.choices) {
    QAction* action = menu->addAction(QString::fromStdString(choice));
    action->setCheckable(true);
    action->setChecked(json(choice) == values_.value(spec.name, spec.default_value));
    connect(action, &QAction::toggled, this, [this, tell] {
      tell();
      emit changed();
    });
  }
  tell();
  line.addWidget(button, 1);
  row.value = [=](QString& problem) -> json {
    json out = json::array();
    for (const QAction* a : menu->actions())
      if (a->isChecked()) out.push_back(a->text().toStdString());
    if (out.size() < 2) problem = QString("Choose two values or more of '%1'.").arg(title_of(spec));
    return out;
  };
  row.show = [=](const json& in) {
    for (QAction* a : menu->actions())
      a->setChecked(std::find(in.begin(), in.end(), json(a->text().toStdString())) != in.end());
  };
}

void SpaceEditor::text_row(Row& row, QHBoxLayout& line) {
  const ParameterSpec spec = row.spec;
  if (spec.type == ParameterType::Flag) {
    auto* both = new QLabel("off and on");
    line.addWidget(both, 1);
    row.value = [](QString&) -> json { return {false, true}; };
    row.show = [](const json&) {};
    return;
  }
  auto* edit = new QLineEdit(
      QString::fromStdString(values_.value(spec.name, spec.default_value).get<std::string>()));
  edit->setPlaceholderText("values, parted by ;");
  edit->setToolTip("Values, parted by semicolons: 8,16,32; 12,24,48");
  edit->setAccessibleName("Values of " + title_of(spec));
  line.addWidget(edit, 1);
  connect(edit, &QLineEdit::editingFinished, this, &SpaceEditor::changed);
  row.value = [=](QString& problem) -> json {
    json out = json::array();
    for (const QString& part : edit->text().split(';', Qt::SkipEmptyParts))
      out.push_back(part.trimmed().toStdString());
    if (out.size() < 2)
      problem =
          QString("Give two values or more of '%1', parted by semicolons.").arg(title_of(spec));
    return out;
  };
  row.show = [=](const json& in) {
    QStringList parts;
    for (const json& value : in) parts << QString::fromStdString(value.get<std::string>());
    edit->setText(parts.join("; "));
  };
}

SpaceEditor::Row SpaceEditor::make_row(const ParameterSpec& spec) {
  Row row{.spec = spec};
  row.widget = new QWidget;
  auto* line = new QHBoxLayout(row.widget);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(grid);
  auto* title = new QLabel(title_of(spec));
  title->setToolTip(QString::fromStdString(spec.about.help));
  title->setFixedWidth(120);
  line->addWidget(title);
  if (spec.type == ParameterType::Number || spec.type == ParameterType::Integer)
    number_row(row, *line);
  else if (spec.type == ParameterType::Choice)
    choice_row(row, *line);
  else
    text_row(row, *line);
  auto* remove = new QToolButton;
  remove->setIcon(icon("close"));
  remove->setAutoRaise(true);
  remove->setToolTip("Do not vary " + title_of(spec));
  remove->setAccessibleName(remove->toolTip());
  line->addWidget(remove);
  connect(remove, &QToolButton::clicked, this, [this, name = spec.name] { drop(name); });
  return row;
}

bool SpaceEditor::vary(const std::string& name) {
  const auto spec = std::find_if(specs_.begin(), specs_.end(),
                                 [&](const ParameterSpec& s) { return s.name == name; });
  if (spec == specs_.end() || rows_.contains(name)) return false;
  rows_[name] = make_row(*spec);
  list_->addWidget(rows_[name].widget);
  fill_names();
  show_sampler();
  emit changed();
  return true;
}

void SpaceEditor::drop(const std::string& name) {
  const auto found = rows_.find(name);
  if (found == rows_.end()) return;
  found->second.widget->deleteLater(); // its own button may have asked
  found->second.widget->hide();
  rows_.erase(found);
  fill_names();
  show_sampler();
  emit changed();
}

std::vector<std::string> SpaceEditor::varied() const {
  std::vector<std::string> out;
  for (const auto& [name, row] : rows_) out.push_back(name);
  if (seeds_->isEnabled() && seeds_->value() > 1) out.push_back("seed");
  return out;
}

json SpaceEditor::sweep(QString& problem) const {
  json space = json::object();
  for (const auto& [name, row] : rows_) space[name] = row.value(problem);
  if (seeds_->isEnabled() && seeds_->value() > 1)
    space["seed"] = {{"low", 1}, {"high", seeds_->value()}, {"step", 1}};
  if (space.empty()) problem = "Choose a parameter to vary, in the tab 'Search'.";
  json out = {{"space", space},
              {"sampler", sampler().toStdString()},
              {"at_once", at_once_->value()},
              {"seed", seed_->value()},
              {"objective",
               {{"result", result_->text().toStdString()},
                {"curve", curve_->text().toStdString()},
                {"direction", direction_->currentData().toString().toStdString()}}}};
  if (sampler() != "grid") out["trials"] = trials_->value();
  if (halving_->isChecked())
    out["halving"] = {{"first_step", first_step_->value()}, {"reduction", keep_->value()}};
  return out;
}

void SpaceEditor::set_sweep(const json& sweep) {
  try {
    set_specs(ParameterSpecs(specs_));
    const auto choose = [](QComboBox* box, const std::string& wanted) {
      const int at = box->findData(QString::fromStdString(wanted));
      if (at < 0)
        throw Error(ErrorCode::BadInput, "the sweep has '" + wanted + "'", "docs/CLUSTER.md");
      box->setCurrentIndex(at);
    };
    choose(sampler_, sweep.value("sampler", "random"));
    for (const auto& [name, range] : sweep.at("space").items()) {
      if (name == "seed" && sampler() == "grid" && range.is_object() &&
          range.value("low", 0) == 1 && range.value("step", 1) == 1) {
        seeds_->setValue(range.at("high").get<int>());
        continue;
      }
      if (!vary(name))
        throw Error(ErrorCode::BadInput,
                    "the sweep varies '" + name + "', which the training does not have",
                    "'sensorium train PIPELINE --help' shows its parameters");
      const Row& row = rows_.at(name);
      const bool number =
          row.spec.type == ParameterType::Number || row.spec.type == ParameterType::Integer;
      if (number != range.is_object())
        throw Error(ErrorCode::BadInput,
                    "the sweep gives '" + name + "' in a way that this form does not have",
                    "send it on the command line: sensorium submit sweep");
      row.show(range);
    }
    if (sweep.value("trials", 0) > 0) trials_->setValue(sweep.at("trials").get<int>());
    at_once_->setValue(sweep.value("at_once", 0));
    seed_->setValue(sweep.value("seed", 1));
    if (sweep.contains("objective")) {
      const json& o = sweep.at("objective");
      result_->setText(QString::fromStdString(o.value("result", "validation_loss")));
      curve_->setText(QString::fromStdString(o.value("curve", "loss/validation")));
      choose(direction_, o.value("direction", "minimize"));
    }
    halving_->setChecked(sweep.contains("halving"));
    if (sweep.contains("halving")) {
      first_step_->setValue(sweep.at("halving").at("first_step").get<int>());
      keep_->setValue(sweep.at("halving").value("reduction", 3));
    }
  } catch (const json::exception&) {
    throw Error(ErrorCode::BadInput, "the sweep is not as it should be",
                "docs/CLUSTER.md shows one");
  }
  show_sampler();
  emit changed();
}

}
