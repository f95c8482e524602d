#include "app/gui/clip_page.h"

#include "app/gui/actions.h"
#include "modules/view/theme.h"

#include <QComboBox>
#include <QEvent>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium {
namespace {

constexpr std::array speeds{0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0};
constexpr double unknown_frame_ms = 80; // shown at 12.5 frames a second, and said
constexpr int most_key_frames = 4;

QString speed_text(double factor) { return QString("%1 ×").arg(factor); }
QString q(const std::string& text) { return QString::fromStdString(text); }

QWidget* separator() {
  auto* line = new QFrame;
  line->setFixedSize(1, 20);
  line->setStyleSheet("background: palette(alternate-base);");
  return line;
}

const Table* table_named(const Findings& findings, std::string_view name) {
  for (const Table& table : findings.tables)
    if (table.name == name) return &table;
  return nullptr;
}

void clear(QLayout* layout) {
  while (QLayoutItem* item = layout->takeAt(0)) {
    if (item->widget()) item->widget()->deleteLater();
    delete item;
  }
}

}

ClipPage::ClipPage(QWidget* parent)
    : DatasetPage(parent), view_(new SliceView), strip_(new FrameStrip), speed_box_(new QComboBox),
      activation_(new ActivationOverlay(view_)), activation_box_(new QComboBox),
      opacity_(new QSlider(Qt::Horizontal)), time_(new QLabel), hover_(new QLabel(view_)),
      board_(new QWidget), verdict_(new QLabel), class_(new QLabel), warning_(new QLabel),
      empty_(new QLabel), accept_(new QPushButton("Accept")), reject_(new QPushButton("Reject")),
      uninterpretable_(new QPushButton("Uninterpretable")), relabel_(new QComboBox) {
  view_->setAccessibleName("Frame");
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(build_tools());
  all->addWidget(view_, 1);
  all->addWidget(build_transport());
  all->addWidget(strip_);
  all->addWidget(build_board());
  hover_->setObjectName("over_picture");
  hover_->setAttribute(Qt::WA_TransparentForMouseEvents);
  hover_->hide();
  timer_.setTimerType(Qt::PreciseTimer);
  connect(&timer_, &QTimer::timeout, this, [this] { tick(); });
  connect(strip_, &FrameStrip::frame_requested, this, [this](int z) { go_to(z); });
  connect(view_, &SliceView::slice_changed, this, [this] {
    if (!quiet_) restart_clock();
    refresh_frame();
  });
  connect(view_, &SliceView::item_clicked, this, &ClipPage::item_clicked);
  connect(view_, &SliceView::pixel_hovered, this, [this](const QString& text) {
    hover_->setVisible(!text.isEmpty());
    hover_->setText(text);
    hover_->adjustSize();
    hover_->move(view_->width() - hover_->width() - grid, grid);
  });
}

QWidget* ClipPage::build_tools() {
  auto* bar = new QFrame;
  bar->setObjectName("tools");
  tools_ = new QHBoxLayout(bar);
  tools_->setContentsMargins(grid, 4, grid, 4);
  tools_->setSpacing(4);
  return bar;
}

QWidget* ClipPage::build_transport() {
  auto* bar = new QWidget;
  bar->setObjectName("panel");
  transport_ = new QHBoxLayout(bar);
  transport_->setContentsMargins(grid, 4, grid, 0);
  transport_->setSpacing(4);
  for (const double one : speeds) speed_box_->addItem(speed_text(one), one);
  speed_box_->setCurrentIndex(3);
  speed_box_->setAccessibleName("Speed");
  speed_box_->setToolTip("Speed of playing: 1 × is the true rate");
  connect(speed_box_, &QComboBox::currentIndexChanged, this,
          [this] { set_speed(speed_box_->currentData().toDouble()); });
  activation_box_->setAccessibleName("Where the network looked");
  activation_box_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  activation_box_->setMinimumContentsLength(12); // the tooltip has it all
  activation_box_->hide();
  opacity_->setAccessibleName("Opacity of the map");
  opacity_->setToolTip("Opacity of the map");
  opacity_->setRange(0, 100);
  opacity_->setValue(50);
  opacity_->setFixedWidth(72);
  opacity_->hide();
  connect(activation_box_, &QComboBox::currentIndexChanged, this, [this](int i) {
    activation_->set_shown(i - 1);
    activation_box_->setToolTip(i > 0 ? activation_->caption(i - 1)
                                      : QString("Show where the network looked"));
    opacity_->setVisible(i > 0);
    refresh_frame();
  });
  connect(opacity_, &QSlider::valueChanged, this,
          [this](int value) { activation_->set_opacity(value / 100.0); });
  return bar;
}

QWidget* ClipPage::build_board() {
  board_->setObjectName("panel");
  auto* left = new QVBoxLayout;
  left->setSpacing(6);
  verdict_->setObjectName("heading");
  warning_->setObjectName("warning");
  warning_->setWordWrap(true);
  rules_place_ = new QGridLayout;
  rules_place_->setHorizontalSpacing(4);
  rules_place_->setVerticalSpacing(2);
  verdict_->setWordWrap(true); // a long verdict and its state go on two lines, never cut
  class_->setWordWrap(true);
  auto* decisions = new QGridLayout; // two by two: four in a row are wider than a small window
  decisions->setSpacing(4);
  relabel_->setAccessibleName("Another verdict");
  relabel_->setToolTip("Give the clip another verdict");
  relabel_->addItem("Another score");
  for (const char* label : {"score 0", "score 1", "score 2", "score 3"}) relabel_->addItem(label);
  accept_->setToolTip("The verdict is right");
  reject_->setToolTip("The verdict is wrong");
  uninterpretable_->setToolTip("Nothing can be said about this clip");
  decisions->addWidget(accept_, 0, 0);
  decisions->addWidget(reject_, 0, 1);
  decisions->addWidget(uninterpretable_, 1, 0);
  decisions->addWidget(relabel_, 1, 1);
  for (QWidget* w : {static_cast<QWidget*>(accept_), static_cast<QWidget*>(reject_),
                     static_cast<QWidget*>(uninterpretable_), static_cast<QWidget*>(relabel_)})
    w->setSizePolicy(QSizePolicy::Minimum, QSizePolicy::Fixed);
  relabel_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  decisions->setColumnStretch(2, 1);
  left->addWidget(verdict_);
  left->addWidget(class_);
  left->addLayout(rules_place_);
  left->addWidget(warning_);
  left->addLayout(decisions);
  left->addStretch(1);
  auto* right = new QVBoxLayout;
  right->setSpacing(6);
  auto* heading = new QLabel("Look at these frames first");
  heading->setObjectName("heading");
  keys_place_ = new QHBoxLayout;
  keys_place_->setSpacing(4);
  right->addWidget(heading);
  right->addLayout(keys_place_);
  right->addStretch(1);
  auto* line = new QHBoxLayout(board_);
  line->setContentsMargins(grid, grid, grid, grid);
  line->setSpacing(2 * grid);
  line->addLayout(left);
  line->addLayout(right, 1);
  empty_->setObjectName("muted");
  empty_->setWordWrap(true);
  empty_->setContentsMargins(grid, 2, grid, grid);
  empty_->setText("After a run: the signs in each frame, the clip's score under each rule, and the "
                  "frames to look at first.");
  auto* both = new QWidget;
  both->setObjectName("panel");
  auto* column = new QVBoxLayout(both);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(empty_);
  column->addWidget(board_);
  board_->hide();
  connect(accept_, &QPushButton::clicked, this, [this] { give_verdict("accept"); });
  connect(reject_, &QPushButton::clicked, this, [this] { give_verdict("reject"); });
  connect(uninterpretable_, &QPushButton::clicked, this,
          [this] { give_verdict("uninterpretable"); });
  connect(relabel_, &QComboBox::activated, this, [this](int i) {
    if (i > 0) give_verdict(relabel_->itemText(i));
    relabel_->setCurrentIndex(0);
  });
  return both;
}

void ClipPage::attach(CaseSession& session, ActionSet& actions) {
  session_ = &session;
  actions_ = &actions;
  QAction* loop = actions.add_toggle(
      "clip_loop", "Play in a loop", "loop", "Ctrl+L", true, [this](bool on) { loop_ = on; },
      "Clip");
  QAction* slower =
      actions.add("clip_slower", "Play slower", "", ",", [this] { step_speed(-1); }, "Clip");
  QAction* faster =
      actions.add("clip_faster", "Play faster", "", ".", [this] { step_speed(1); }, "Clip");
  QAction* blind = actions.add(
      "clip_uninterpretable", "This clip is uninterpretable", "", "U",
      [this] { give_verdict("uninterpretable"); }, "Clip");
  own_actions_ = {loop, slower, faster, blind};
  for (const char* id :
       {"browse", "brush", "erase", "measure", "", "undo", "redo", "", "fill", "fit"})
    tools_->addWidget(*id ? static_cast<QWidget*>(tool_button(actions.find(id))) : separator());
  tools_->addStretch(1);
  for (const char* id : {"previous", "next", "reject", "accept"})
    tools_->addWidget(tool_button(actions.find(id)));
  const auto step = [&](const char* name, const char* text, const char* id) {
    auto* button = new QToolButton;
    button->setIcon(icon(name));
    button->setProperty("icon_name", name);
    button->setAutoRaise(true);
    button->setIconSize({20, 20});
    button->setAccessibleName(text);
    button->setToolTip(QString("%1 (%2)").arg(text, actions.find(id)->shortcut().toString()));
    button->setFocusPolicy(Qt::TabFocus);
    button->setAutoRepeat(true);
    connect(button, &QToolButton::clicked, actions.find(id), &QAction::trigger);
    transport_->addWidget(button);
  };
  step("step_back", "One frame back", "slice_previous");
  transport_->addWidget(tool_button(actions.find("play")));
  step("step_forward", "One frame on", "slice_next");
  transport_->addWidget(tool_button(loop));
  transport_->addWidget(speed_box_);
  transport_->addSpacing(grid);
  transport_->addWidget(time_, 1);
  transport_->addWidget(activation_box_);
  transport_->addWidget(opacity_);
  enable_actions(isVisible());
}

void ClipPage::enable_actions(bool on) {
  for (QAction* action : own_actions_) action->setEnabled(on && dataset_);
}

void ClipPage::showEvent(QShowEvent*) { enable_actions(true); }

void ClipPage::hideEvent(QHideEvent*) {
  if (actions_) actions_->find("play")->setChecked(false);
  play(false);
  enable_actions(false);
}

void ClipPage::changeEvent(QEvent* event) {
  if (event->type() == QEvent::StyleChange)
    for (QToolButton* button : findChildren<QToolButton*>())
      if (const QString name = button->property("icon_name").toString(); !name.isEmpty())
        button->setIcon(icon(name));
  QWidget::changeEvent(event);
}

void ClipPage::show_dataset(std::shared_ptr<const Dataset> dataset) {
  if (actions_) actions_->find("play")->setChecked(false);
  play(false);
  dataset_ = std::move(dataset);
  const auto& video = std::get<Video>(*dataset_);
  findings_ = {};
  rules_.clear();
  key_frames_.clear();
  refresh_activation({});
  strip_->set_frames(video.frames);
  view_->set_stack(stack_of(*dataset_));
  view_->set_spacing(video.spacing[0], video.spacing[1]);
  go_to(0);
  refresh_frame();
  refresh_board();
  enable_actions(isVisible());
}

double ClipPage::frame_ms() const {
  const auto* video = dataset_ ? std::get_if<Video>(dataset_.get()) : nullptr;
  return video && video->frame_time_ms && *video->frame_time_ms > 0 ? *video->frame_time_ms
                                                                    : unknown_frame_ms;
}

void ClipPage::go_to(int frame) { view_->set_slice(frame); }

void ClipPage::set_speed(double factor) {
  speed_ = factor;
  const int i = speed_box_->findData(factor);
  if (i >= 0) speed_box_->setCurrentIndex(i);
  if (playing()) play(true);
}

void ClipPage::step_speed(int by) {
  const int i = std::clamp(speed_box_->currentIndex() + by, 0, speed_box_->count() - 1);
  speed_box_->setCurrentIndex(i);
}

void ClipPage::set_loop(bool on) {
  loop_ = on;
  if (actions_) actions_->find("clip_loop")->setChecked(on);
}

void ClipPage::restart_clock() {
  started_at_ = view_->slice();
  clock_.restart();
}

void ClipPage::play(bool on) {
  if (on && frames() > 1) {
    if (!loop_ && view_->slice() >= frames() - 1) go_to(0);
    restart_clock();
    timer_.start(std::clamp(static_cast<int>(frame_ms() / speed_ / 2), 5, 40));
  } else {
    timer_.stop();
  }
  if (!actions_) return;
  QAction* action = actions_->find("play");
  action->setProperty("icon_name", playing() ? "pause" : "play");
  action->setIcon(icon(playing() ? "pause" : "play"));
}

// By the clock, so that a slow picture leaves frames out and does not slow the clip down.
void ClipPage::tick() {
  const double passed = static_cast<double>(clock_.nsecsElapsed()) / 1e6 * speed_ / frame_ms();
  const int frame = started_at_ + static_cast<int>(passed);
  quiet_ = true;
  if (frame < frames() || loop_)
    view_->set_slice(frame % frames());
  else
    view_->set_slice(frames() - 1);
  quiet_ = false;
  if (frame < frames() || loop_) return;
  if (actions_) actions_->find("play")->setChecked(false);
  play(false);
}

void ClipPage::refresh_frame() {
  if (!dataset_) return;
  const auto& video = std::get<Video>(*dataset_);
  const int z = view_->slice();
  strip_->set_frame(z);
  QString text = QString("Frame %1 of %2").arg(z + 1).arg(video.frames);
  const double ms = frame_ms();
  if (video.frame_time_ms && *video.frame_time_ms > 0) {
    text += QString(" · %1 s of %2 s")
                .arg(z * ms / 1000, 0, 'f', 2)
                .arg(video.frames * ms / 1000, 0, 'f', 2);
    // Beside the controls of a map there is no room; the status bar says it too.
    if (activation_->shown() < 0) text += QString(" · %1 frames/s").arg(1000 / ms, 0, 'g', 3);
  } else if (video.frames > 1)
    text += QString(" · rate unknown, played at %1 frames/s").arg(1000 / ms, 0, 'g', 3);
  time_->setText(text);
  view_->set_corner_text(findings_.tables.empty() ? QString() : strip_->measures_of(z));
}

QString ClipPage::time_text() const { return time_->text(); }

bool ClipPage::takes(const QString& action) const {
  if (action == "play") return dataset_ && frames() > 1;
  if (action == "proportions") return dataset_ && std::get<Video>(*dataset_).spacing[0].known();
  return QStringList{"fit", "fill", "slice_next", "slice_previous"}.contains(action);
}

void ClipPage::act(const QString& action, bool on) {
  if (action == "play") play(on);
  if (action == "fit") view_->reset_view();
  if (action == "fill") view_->set_fill(on);
  if (action == "proportions") view_->set_true_proportions(on);
  if (action == "slice_next") view_->step_slice(1);
  if (action == "slice_previous") view_->step_slice(-1);
}

QString ClipPage::scale_text() const {
  if (!dataset_) return {};
  const auto& video = std::get<Video>(*dataset_);
  const Spacing &x = video.spacing[0], &y = video.spacing[1];
  QString text = x.known() && y.known() ? QString("%1 × %2 µm (%3)")
                                              .arg(x.micrometres, 0, 'g', 4)
                                              .arg(y.micrometres, 0, 'g', 4)
                                              .arg(text_of(x.source))
                                        : QString("scale unknown: sizes in pixels");
  return text + (video.frame_time_ms ? QString(", %1 frames/s (%2)")
                                           .arg(1000 / *video.frame_time_ms, 0, 'g', 3)
                                           .arg(q(video.frame_time_source))
                                     : QString(", frame rate unknown"));
}

void ClipPage::show_result(const CaseSession&) { read_tables(); }

// The maps of the run at hand; the choice stays where the classes are the same.
void ClipPage::refresh_activation(std::vector<int> looked_at) {
  std::vector<ResultMap> maps;
  if (session_ && !looked_at.empty()) maps = session_->maps();
  activation_->set_maps(maps, std::move(looked_at));
  const bool any = activation_->count() > 0;
  const int before = std::max(0, activation_box_->currentIndex());
  {
    const QSignalBlocker blocker(activation_box_);
    activation_box_->clear();
    activation_box_->addItem("No map");
    for (int i = 0; i < activation_->count(); ++i)
      activation_box_->addItem(activation_->caption(i).section(';', 0, 0).remove("Evidence for "));
    activation_box_->setCurrentIndex(before <= activation_->count() ? before : 0);
  }
  activation_->set_shown(activation_box_->currentIndex() - 1);
  activation_box_->setVisible(any);
  opacity_->setVisible(any && activation_->shown() >= 0);
}

void ClipPage::set_items(FindingItems items) {
  items_ = items;
  view_->set_items(items);
  read_tables();
}

void ClipPage::select(const FindingItem* item) {
  view_->set_selected(item ? q(item->finding.id) : QString());
  if (!item || item->finding.footprint.empty()) return;
  const auto& box = item->finding.box;
  if (view_->slice() < box[2] || view_->slice() > box[5])
    go_to(static_cast<int>(std::lround(item->finding.centroid[2])));
  view_->show_pixel({item->finding.centroid[0], item->finding.centroid[1]});
}

const FindingItem* ClipPage::verdict() const {
  if (items_)
    for (const FindingItem& item : *items_)
      if (item.finding.id.starts_with("clip-")) return &item;
  return nullptr;
}

// The pipeline's tables say what is drawn: a column of yes and no is a flag, "score" a level.
void ClipPage::read_tables() {
  const bool done = session_ && session_->stage() == CaseSession::Stage::Analysed;
  findings_ = done ? session_->findings() : Findings{};
  rules_.clear();
  if (const Table* table = table_named(findings_, "verdicts"))
    for (const auto& row : table->rows)
      if (row.size() >= 3)
        rules_.push_back(
            {q(row[0]), q(row[1]), row.size() >= 4 ? q(row[3]) : QString(), row[2] == "yes"});
  std::vector<int> looked_at;
  std::vector<bool> readable;
  std::vector<FrameRow> rows;
  const Table* table = table_named(findings_, "frames");
  const std::size_t columns = table ? table->columns.size() : 0;
  for (std::size_t c = 2; c < columns; ++c) rows.push_back({q(table->columns[c])});
  for (std::size_t r = 0; columns >= 2 && r < table->rows.size(); ++r) {
    const auto& cells = table->rows[r];
    if (cells.size() != columns) continue;
    looked_at.push_back(QString::fromStdString(cells[0]).toInt() - 1);
    readable.push_back(cells[1] == "yes");
    for (std::size_t c = 2; c < columns; ++c) {
      FrameRow& row = rows[c - 2];
      bool number = false;
      const double value = QString::fromStdString(cells[c]).toDouble(&number);
      if (cells[c] == "yes" || cells[c] == "no") row.kind = FrameRow::Kind::Flag;
      row.values.push_back(row.kind == FrameRow::Kind::Flag && !number ? (cells[c] == "yes" ? 1 : 0)
                           : number                                    ? value
                                    : std::numeric_limits<double>::quiet_NaN());
      if (number) row.most = std::max(row.most, value);
    }
  }
  for (FrameRow& row : rows) {
    if (row.name == "score") row.kind = FrameRow::Kind::Level, row.most = 3;
    if (row.name.endsWith("%")) row.most = 100;
  }
  refresh_activation(looked_at);
  strip_->set_rows(std::move(looked_at), std::move(readable), std::move(rows));
  refresh_frame();
  refresh_board();
}

void ClipPage::refresh_board() {
  const FindingItem* now = verdict();
  const bool done = !findings_.tables.empty() || now;
  board_->setVisible(done);
  empty_->setVisible(!done);
  clear(rules_place_);
  if (!done) return clear(keys_place_);
  const QString label = now ? q(now->finding.label) : QString("no verdict");
  verdict_->setText(
      QString("Clip: %1%2")
          .arg(label,
               now ? QString("   %1 %2").arg(glyph_of(now->look), text_of(now->look)) : QString()));
  refresh_class();
  QStringList scores, classes;
  int column = 0;
  for (const Rule& rule : rules_) {
    auto* chip = new QLabel(QString("%1  <b>%2</b>").arg(rule.name, rule.score));
    chip->setTextFormat(Qt::RichText);
    chip->setObjectName(rule.used ? "chip_used" : "chip");
    chip->setToolTip(rule.used ? "This rule gives the verdict; choose another under Parameters."
                               : "What this rule would say");
    rules_place_->addWidget(chip, 0, column++);
    if (!scores.contains(rule.score)) scores << rule.score;
    if (!classes.contains(rule.named)) classes << rule.named;
  }
  rules_place_->setColumnStretch(column, 1);
  warning_->setText(scores.size() > 1 || classes.size() > 1
                        ? "The rules disagree: look at the frames before you accept."
                        : QString());
  warning_->setVisible(!warning_->text().isEmpty());
  const CaseReview* review = session_ ? &session_->review() : nullptr;
  const bool own =
      now && review && !review->read_only() && !review->is_signed() && !review->layer_is_signed();
  for (QWidget* w : {static_cast<QWidget*>(accept_), static_cast<QWidget*>(reject_),
                     static_cast<QWidget*>(uninterpretable_), static_cast<QWidget*>(relabel_)})
    w->setEnabled(own);
  refresh_key_frames();
}

// What the network says, and what it would say under the other rules where they differ.
void ClipPage::refresh_class() {
  const FindingItem* named = nullptr;
  for (std::size_t i = 0; items_ && i < items_->size(); ++i)
    if ((*items_)[i].finding.id.starts_with("class-")) named = &(*items_)[i];
  class_->setVisible(named != nullptr);
  if (!named) return class_->clear();
  QString text = QString("Network: %1, %2 %")
                     .arg(q(named->finding.label))
                     .arg(100 * named->finding.score, 0, 'f', 0);
  if (named->look != FindingLook::Machine)
    text += QString("   %1 %2").arg(glyph_of(named->look), text_of(named->look));
  QStringList others;
  for (const Rule& rule : rules_)
    if (!rule.used && rule.named != q(named->finding.label))
      others << rule.name + ": " + rule.named;
  if (!others.isEmpty()) text += QString("  (%1)").arg(others.join(", "));
  class_->setText(text);
}

// Frames with marks first, then those that score worst, not too near to each other.
void ClipPage::refresh_key_frames() {
  QList<int> chosen;
  if (items_)
    for (const FindingItem& item : *items_)
      if (!item.finding.footprint.empty() && item.look != FindingLook::Rejected &&
          chosen.size() < most_key_frames && !chosen.contains(item.finding.box[2]))
        chosen << item.finding.box[2];
  const Table* table = table_named(findings_, "frames");
  struct Candidate {
    int frame;
    double score, covered;
  };
  std::vector<Candidate> all;
  for (std::size_t r = 0; table && r < table->rows.size(); ++r) {
    const auto& cells = table->rows[r];
    if (cells.size() >= 6 && cells[1] == "yes")
      all.push_back({q(cells[0]).toInt() - 1, q(cells[5]).toDouble(), q(cells[4]).toDouble()});
  }
  std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
    return std::pair(a.score, a.covered) > std::pair(b.score, b.covered);
  });
  const int apart = std::max(1, frames() / 12);
  for (const Candidate& c : all) {
    const bool near = std::any_of(chosen.begin(), chosen.end(),
                                  [&](int z) { return std::abs(z - c.frame) < apart; });
    if (!near && chosen.size() < most_key_frames) chosen << c.frame;
  }
  std::sort(chosen.begin(), chosen.end());
  strip_->set_key_frames({chosen.begin(), chosen.end()});
  if (chosen == key_frames_ && keys_place_->count() > 0) return;
  key_frames_ = chosen;
  clear(keys_place_);
  for (const int z : chosen) {
    const QImage picture = slice_image(view_->stack(), z, view_->grey_window());
    auto* button = new QToolButton;
    button->setIcon(QPixmap::fromImage(
        picture.scaled(144, 108, Qt::KeepAspectRatio, Qt::SmoothTransformation)));
    button->setIconSize({72, 54});
    button->setText(QString("frame %1").arg(z + 1));
    button->setToolTip(strip_->text_of(z));
    button->setAccessibleName(strip_->text_of(z));
    button->setToolButtonStyle(Qt::ToolButtonTextUnderIcon);
    button->setAutoRaise(true);
    button->setFocusPolicy(Qt::TabFocus);
    connect(button, &QToolButton::clicked, this, [this, z] {
      if (actions_) actions_->find("play")->setChecked(false);
      go_to(z);
    });
    keys_place_->addWidget(button);
  }
  keys_place_->addStretch(1);
}

QString ClipPage::verdict_text() const { return verdict_->text(); }
QString ClipPage::class_text() const { return class_->text(); }
QString ClipPage::warning_text() const { return warning_->text(); }

QStringList ClipPage::rule_texts() const {
  QStringList out;
  for (const Rule& rule : rules_)
    out << QString("%1: %2%3").arg(rule.name, rule.score, rule.used ? " (used)" : "");
  return out;
}

void ClipPage::give_verdict(const QString& what) {
  const FindingItem* now = verdict();
  if (!session_ || !now) return;
  const QString id = q(now->finding.id);
  if (what == "accept") return session_->accept(id);
  if (what == "reject") return session_->reject(id);
  session_->relabel_to(id, what);
}

}
