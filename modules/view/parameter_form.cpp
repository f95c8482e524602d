#include "modules/view/parameter_form.h"
#include "modules/view/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSlider>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

// A wheel that scrolls the panel must not change a value by the way.
class NoWheel : public QObject {
public:
  using QObject::QObject;
  bool eventFilter(QObject* object, QEvent* event) override {
    if (event->type() != QEvent::Wheel || static_cast<QWidget*>(object)->hasFocus()) return false;
    event->ignore();
    return true;
  }
};

QString unit_of(const ParameterSpec& spec) {
  QString unit = QString::fromStdString(spec.about.unit);
  unit.replace("um", "µm")
      .replace("µm2", "µm²")
      .replace("µm3", "µm³")
      .replace("px2", "px²")
      .replace("px3", "px³");
  return unit == "1" ? QString() : unit;
}

bool bounded(const ParameterSpec& spec) {
  return std::isfinite(spec.about.min) && std::isfinite(spec.about.max);
}

// A slider whose pixel is many values cannot be set: such a number has its field alone.
bool slides(const ParameterSpec& spec) {
  return spec.about.live && bounded(spec) && spec.about.max - spec.about.min <= 20000;
}

int decimals_of(const ParameterSpec& spec) {
  if (spec.type == ParameterType::Integer) return 0;
  const double range = bounded(spec) ? spec.about.max - spec.about.min : 100;
  return range <= 2 ? 2 : range <= 200 ? 1 : 0;
}

// Rounds nothing that a file may hold, and shows what counts: 0.0003, not 0.000300000.
class FineBox : public QDoubleSpinBox {
public:
  FineBox() {
    setDecimals(9);
    setStepType(AdaptiveDecimalStepType);
  }
  QString textFromValue(double value) const override {
    QString text = QDoubleSpinBox::textFromValue(value);
    const QString point = locale().decimalPoint();
    if (!text.contains(point)) return text;
    while (text.endsWith(locale().zeroDigit())) text.chop(locale().zeroDigit().size());
    if (text.endsWith(point)) text.chop(point.size());
    return text;
  }
};

}

QString title_of(const ParameterSpec& spec) {
  QString text = QString::fromStdString(spec.name);
  const QString unit = QString::fromStdString(spec.about.unit);
  if (!unit.isEmpty() && text.endsWith("_" + unit)) text.chop(unit.size() + 1);
  QStringList words = text.replace('_', ' ').replace('-', ' ').split(' ');
  for (QString& word : words)
    if (word == "rgb" || word == "snr") word = word.toUpper();
  text = words.join(' ');
  if (!text.isEmpty()) text[0] = text[0].toUpper();
  return text;
}

ParameterForm::ParameterForm(QWidget* parent) : QWidget(parent), layout_(new QVBoxLayout(this)) {
  setObjectName("panel");
  setAttribute(Qt::WA_StyledBackground);
  layout_->setContentsMargins(grid, grid, grid, grid);
  layout_->setSpacing(grid);
}

void ParameterForm::clear() {
  fields_.clear();
  while (QLayoutItem* item = layout_->takeAt(0)) {
    delete item->widget();
    delete item;
  }
}

void ParameterForm::set_specs(const ParameterSpecs& specs) {
  clear();
  specs_ = specs;
  values_ = nlohmann::json::object();
  for (const ParameterSpec& spec : specs_) values_[spec.name] = spec.default_value;
  const auto add = [&](auto wanted, QVBoxLayout* to) {
    for (const ParameterSpec& spec : specs_)
      if (wanted(spec)) to->addWidget(row(spec, editor(spec)));
  };
  add([](const ParameterSpec& s) { return s.about.live && !s.about.expert; }, layout_);
  const bool has_run = std::any_of(specs_.begin(), specs_.end(),
                                   [](const auto& s) { return !s.about.live && !s.about.expert; });
  if (has_run && !run_heading_.isEmpty()) {
    auto* heading = new QLabel(run_heading_);
    heading->setObjectName("small");
    layout_->addWidget(heading);
  }
  add([](const ParameterSpec& s) { return !s.about.live && !s.about.expert; }, layout_);
  if (std::any_of(specs_.begin(), specs_.end(), [](const auto& s) { return s.about.expert; })) {
    auto* more = new QToolButton;
    more->setText("More parameters");
    more->setCheckable(true);
    more->setAutoRaise(true);
    auto* box = new QWidget;
    auto* inside = new QVBoxLayout(box);
    inside->setContentsMargins(0, 0, 0, 0);
    inside->setSpacing(grid);
    add([](const ParameterSpec& s) { return s.about.expert; }, inside);
    box->hide();
    connect(more, &QToolButton::toggled, box, &QWidget::setVisible);
    layout_->addWidget(more);
    layout_->addWidget(box);
  }
  layout_->addStretch(1);
}

void ParameterForm::set_values(const nlohmann::json& values) {
  quiet_ = true;
  for (auto& [name, field] : fields_)
    if (values.contains(name)) {
      values_[name] = values[name];
      field.show(values[name]);
    }
  quiet_ = false;
}

bool ParameterForm::set_value(const std::string& name, const nlohmann::json& value) {
  const auto found = fields_.find(name);
  if (found == fields_.end()) return false;
  try {
    found->second.show(value);
  } catch (const nlohmann::json::exception&) {
    return false;
  }
  // A text field tells of what is typed, not of what is put into it.
  for (const ParameterSpec& spec : specs_)
    if (spec.name == name && spec.type == ParameterType::Text) changed(spec, value);
  return true;
}

bool ParameterForm::focus_parameter(const std::string& name) {
  const auto found = fields_.find(name);
  if (found == fields_.end()) return false;
  for (QWidget* up = found->second.widget->parentWidget(); up && up != this;
       up = up->parentWidget())
    up->show();
  found->second.widget->setFocus(Qt::ShortcutFocusReason);
  return true;
}

void ParameterForm::set_parameter_enabled(const std::string& name, bool on, const QString& why) {
  const auto found = fields_.find(name);
  if (found == fields_.end()) return;
  QWidget* field = found->second.widget;
  field->setEnabled(on);
  field->setToolTip(on ? field->accessibleDescription() : why);
}

void ParameterForm::changed(const ParameterSpec& spec, nlohmann::json value) {
  if (values_[spec.name] == value) return;
  values_[spec.name] = std::move(value);
  if (quiet_) return;
  if (spec.about.live)
    emit live_changed();
  else
    emit needs_run();
}

QWidget* ParameterForm::row(const ParameterSpec& spec, QWidget* editor) {
  const QString help = QString::fromStdString(spec.about.help);
  editor->setToolTip(help);
  QWidget* field = fields_[spec.name].widget;
  field->setAccessibleName(title_of(spec));
  field->setAccessibleDescription(help);
  field->setToolTip(help);
  if (spec.type == ParameterType::Flag) return editor;
  auto* box = new QWidget;
  const bool below = slides(spec) && spec.type != ParameterType::Choice;
  auto* label = new QLabel(title_of(spec));
  label->setToolTip(help);
  label->setBuddy(field);
  auto* lines = new QVBoxLayout(box);
  lines->setContentsMargins(0, 0, 0, 0);
  lines->setSpacing(2);
  if (below) {
    lines->addWidget(label);
    lines->addWidget(editor);
  } else {
    auto* line = new QHBoxLayout;
    line->addWidget(label, 1);
    line->addWidget(editor);
    lines->addLayout(line);
  }
  return box;
}

QWidget* ParameterForm::number_editor(const ParameterSpec& spec) {
  const bool fine = spec.type == ParameterType::Number && !slides(spec);
  auto* spin = fine ? new FineBox : new QDoubleSpinBox;
  if (!fine) spin->setDecimals(decimals_of(spec));
  spin->setRange(std::max(spec.about.min, -1e9), std::min(spec.about.max, 1e9));
  if (!fine) spin->setSingleStep(std::pow(10, -decimals_of(spec)));
  spin->setKeyboardTracking(false);
  if (const QString unit = unit_of(spec); !unit.isEmpty()) spin->setSuffix(QChar(0x202f) + unit);
  if (!spec.about.at_least_value.empty())
    spin->setSpecialValueText(QString::fromStdString(spec.about.at_least_value));
  spin->setFixedWidth(88);
  spin->setButtonSymbols(QAbstractSpinBox::NoButtons);
  spin->setAlignment(Qt::AlignRight);
  spin->installEventFilter(new NoWheel(spin));
  const bool integer = spec.type == ParameterType::Integer;
  connect(spin, &QDoubleSpinBox::valueChanged, this, [this, spec, integer](double v) {
    changed(spec, integer ? nlohmann::json(std::llround(v)) : nlohmann::json(v));
  });
  fields_[spec.name] = {spin, [spin](const nlohmann::json& v) { spin->setValue(v.get<double>()); }};
  spin->setValue(spec.default_value.get<double>());
  return spin;
}

QWidget* ParameterForm::slider_editor(const ParameterSpec& spec) {
  auto* spin = static_cast<QDoubleSpinBox*>(number_editor(spec));
  auto* slider = new QSlider(Qt::Horizontal);
  const double step = spin->singleStep();
  slider->setRange(0, static_cast<int>(std::lround((spec.about.max - spec.about.min) / step)));
  slider->setPageStep(std::max(1, slider->maximum() / 20));
  slider->setAccessibleName(title_of(spec) + " slider");
  slider->installEventFilter(new NoWheel(slider));
  const double low = spec.about.min;
  const auto follow = [slider, low, step](double v) {
    const QSignalBlocker block(slider);
    slider->setValue(static_cast<int>(std::lround((v - low) / step)));
  };
  follow(spin->value());
  connect(spin, &QDoubleSpinBox::valueChanged, slider, follow);
  connect(slider, &QSlider::valueChanged, spin,
          [spin, low, step](int v) { spin->setValue(low + v * step); });
  auto* box = new QWidget;
  auto* line = new QHBoxLayout(box);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(grid);
  line->addWidget(slider, 1);
  line->addWidget(spin);
  return box;
}

QWidget* ParameterForm::editor(const ParameterSpec& spec) {
  switch (spec.type) {
  case ParameterType::Number:
  case ParameterType::Integer:
    return slides(spec) ? slider_editor(spec) : number_editor(spec);
  case ParameterType::Flag: {
    auto* check = new QCheckBox(title_of(spec));
    check->setChecked(spec.default_value.get<bool>());
    connect(check, &QCheckBox::toggled, this, [this, spec](bool on) { changed(spec, on); });
    fields_[spec.name] = {check,
                          [check](const nlohmann::json& v) { check->setChecked(v.get<bool>()); }};
    return check;
  }
  case ParameterType::Choice: {
    auto* combo = new QComboBox;
    for (const std::string& choice : spec.choices) combo->addItem(QString::fromStdString(choice));
    combo->setCurrentText(QString::fromStdString(spec.default_value.get<std::string>()));
    combo->installEventFilter(new NoWheel(combo));
    connect(combo, &QComboBox::currentTextChanged, this,
            [this, spec](const QString& t) { changed(spec, t.toStdString()); });
    fields_[spec.name] = {combo, [combo](const nlohmann::json& v) {
                            combo->setCurrentText(QString::fromStdString(v.get<std::string>()));
                          }};
    return combo;
  }
  case ParameterType::Text:
    break;
  }
  auto* edit = new QLineEdit(QString::fromStdString(spec.default_value.get<std::string>()));
  connect(edit, &QLineEdit::editingFinished, this,
          [this, spec, edit] { changed(spec, edit->text().toStdString()); });
  fields_[spec.name] = {edit, [edit](const nlohmann::json& v) {
                          edit->setText(QString::fromStdString(v.get<std::string>()));
                        }};
  return edit;
}

}
