// What a clip's page shows of a result: strip, verdict, class, frames to look at first.
#include "app/gui/actions.h"
#include "app/gui/clip_page.h"

#include <QComboBox>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium {
namespace {

constexpr int most_key_frames = 4;

QString q(const std::string& text) { return QString::fromStdString(text); }

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
  marks_->set_items(items);
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
  bool answers = false; // what stands behind the score is the network's
  for (FrameRow& row : rows) {
    if (row.name.endsWith("%")) row.most = 100;
    if (answers && row.kind == FrameRow::Kind::Bar) row.kind = FrameRow::Kind::Share;
    if (row.name == "score") row.kind = FrameRow::Kind::Level, row.most = 3, answers = true;
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
  marks_->setVisible(done);
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
  const auto column = [&](const char* name) {
    const auto found = std::find(table->columns.begin(), table->columns.end(), name);
    return static_cast<std::size_t>(found - table->columns.begin());
  };
  for (std::size_t r = 0; table && r < table->rows.size(); ++r) {
    const auto& cells = table->rows[r];
    const std::size_t score = column("score"), covered = column("covered, %");
    if (cells.size() > std::max({score, covered, std::size_t{1}}) && cells[1] == "yes")
      all.push_back(
          {q(cells[0]).toInt() - 1, q(cells[score]).toDouble(), q(cells[covered]).toDouble()});
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
