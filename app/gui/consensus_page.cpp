#include "app/gui/consensus_page.h"

#include "app/gui/row_table.h"
#include "modules/core/error.h"
#include "modules/review/footprint.h"
#include "modules/view/linked_views.h"
#include "modules/view/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QSplitter>
#include <QTableWidget>
#include <QVBoxLayout>

#include <cmath>

namespace sensorium {
namespace {

QString text(const std::string& s) { return QString::fromStdString(s); }
enum Filter { Open, Differing, All };

QString state_text(const ConsensusRow& row) {
  if (row.differs && !row.decided) return row.kept ? "open (kept)" : "open (left out)";
  return row.kept ? "kept" : "left out";
}

FindingLook look_of(const ConsensusRow& row) {
  if (row.differs && !row.decided) return FindingLook::Machine;
  return row.kept ? FindingLook::Accepted : FindingLook::Rejected;
}

// The layer's finding that the lesion came from: the one of largest overlap, else the nearest.
const Finding* partner(const Layer& layer, const Finding& lesion) {
  const std::vector<Run> place = normalised(lesion.footprint);
  const Finding* best = nullptr;
  std::int64_t most = -1;
  double nearest = 0;
  for (const Finding& f : layer.findings) {
    const std::int64_t shared = overlap(normalised(f.footprint), place);
    const double far =
        std::hypot(f.centroid[0] - lesion.centroid[0], f.centroid[1] - lesion.centroid[1]) +
        1000 * std::abs(f.centroid[2] - lesion.centroid[2]);
    if (shared > most || (shared == most && far < nearest)) {
      best = &f;
      most = shared;
      nearest = far;
    }
  }
  return best;
}

}

ConsensusPage::ConsensusPage(QWidget* parent)
    : QWidget(parent), views_(new LinkedViews), rule_(new QComboBox), filter_(new QComboBox),
      asked_(new QWidget), asked_line_(new QHBoxLayout(asked_)),
      make_(new QPushButton("Make the consensus")), keep_(new QPushButton("Keep")),
      leave_out_(new QPushButton("Leave out")), sum_(new QLabel), note_(new QLabel),
      table_(row_table({}, "Lesions of the consensus")) {
  auto* split = new QSplitter(Qt::Horizontal);
  split->addWidget(views_);
  split->addWidget(build_side());
  split->setStretchFactor(0, 1);
  split->setStretchFactor(1, 0);
  split->setSizes({820, 412});
  split->setChildrenCollapsible(false);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(build_head());
  all->addWidget(split, 1);
  connect(make_, &QPushButton::clicked, this, [this] { make(); });
  connect(keep_, &QPushButton::clicked, this, [this] { decide(true); });
  connect(leave_out_, &QPushButton::clicked, this, [this] { decide(false); });
  connect(filter_, &QComboBox::currentIndexChanged, this, [this] { show_rows(); });
  connect(table_, &QTableWidget::currentCellChanged, this, [this](int row) { jump(row); });
  connect(table_, &QTableWidget::cellClicked, this, [this](int row) { jump(row); });
}

QWidget* ConsensusPage::build_head() {
  auto* head = new QFrame;
  head->setObjectName("tools");
  auto* line = new QHBoxLayout(head);
  line->setContentsMargins(grid, 6, grid, 6);
  line->setSpacing(grid);
  auto* title = new QLabel("Consensus");
  title->setObjectName("heading");
  rule_->addItem("Majority: what more than half have", static_cast<int>(ConsensusRule::Majority));
  rule_->addItem("Intersection: what all have", static_cast<int>(ConsensusRule::Intersection));
  rule_->addItem("Union: what anyone has", static_cast<int>(ConsensusRule::Union));
  rule_->setAccessibleName("Rule of the consensus");
  asked_line_->setContentsMargins(0, 0, 0, 0);
  asked_line_->setSpacing(grid);
  make_->setProperty("next", true);
  auto* close = new QPushButton("Back to the case");
  line->addWidget(title);
  line->addSpacing(grid);
  line->addWidget(asked_);
  line->addWidget(rule_);
  line->addWidget(make_);
  line->addStretch(1);
  line->addWidget(close);
  connect(close, &QPushButton::clicked, this, &ConsensusPage::closed);
  return head;
}

QWidget* ConsensusPage::build_side() {
  auto* side = new QWidget;
  side->setObjectName("panel");
  side->setAttribute(Qt::WA_StyledBackground);
  filter_->addItems({"To decide", "All that differ", "All lesions"});
  filter_->setAccessibleName("Which lesions are listed");
  sum_->setWordWrap(true);
  sum_->setObjectName("heading");
  note_->setObjectName("muted");
  note_->setWordWrap(true);
  keep_->setToolTip("Keep the chosen lesion in the consensus (the key of Accept)");
  leave_out_->setToolTip("Leave the chosen lesion out of the consensus (the key of Reject)");
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(grid);
  buttons->addWidget(keep_);
  buttons->addWidget(leave_out_);
  buttons->addStretch(1);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(grid, grid, grid, grid);
  column->setSpacing(grid);
  column->addWidget(sum_);
  column->addWidget(filter_);
  column->addWidget(table_, 1);
  column->addLayout(buttons);
  column->addWidget(note_);
  return side;
}

void ConsensusPage::set_case(const Dataset& dataset, const std::vector<Surface>& surfaces,
                             const std::array<Spacing, 3>& spacing, const QStringList& names,
                             const QStringList& labels, bool writable, LayerSource source,
                             std::unique_ptr<ConsensusDesk> desk) {
  source_ = std::move(source);
  labels_ = labels;
  writable_ = writable;
  desk_ = std::move(desk);
  for (QCheckBox* box : boxes_) delete box;
  boxes_.clear();
  for (const QString& name : names) {
    auto* box = new QCheckBox(name);
    // The pipeline proposes; a consensus is of people unless somebody asks for it too.
    box->setChecked(name != QLatin1String(ai_layer.data(), ai_layer.size()));
    connect(box, &QCheckBox::toggled, this, [this] { refresh(); });
    asked_line_->addWidget(box);
    boxes_.push_back(box);
  }
  filter_->setCurrentIndex(Open);
  const PixelStack stack = stack_of(dataset);
  views_->set_count(static_cast<int>(std::min<std::size_t>(9, boxes_.size() + 1)));
  for (int i = 0; i < views_->count(); ++i) {
    views_->view(i)->set_stack(stack);
    views_->view(i)->set_spacing(spacing[0], spacing[1]);
    views_->view(i)->set_surfaces(surfaces);
    views_->view(i)->set_layers_shown(false);
  }
  refresh();
  step(1);
}

void ConsensusPage::clear() {
  desk_.reset();
  source_ = {};
}

std::vector<std::string> ConsensusPage::chosen_layers() const {
  if (desk_ && desk_->made()) return desk_->layers();
  std::vector<std::string> out;
  for (const QCheckBox* box : boxes_)
    if (box->isChecked()) out.push_back(box->text().toStdString());
  return out;
}

void ConsensusPage::read_layers() {
  layers_.clear();
  for (const std::string& name : chosen_layers()) layers_.push_back(source_(text(name), false));
}

void ConsensusPage::attempt(const std::function<void()>& edit) {
  if (!desk_) return;
  try {
    edit();
  } catch (const Error& e) {
    emit refused(text(e.what()), text(e.hint()));
  }
  refresh();
  emit changed();
}

void ConsensusPage::make() {
  attempt([this] {
    read_layers();
    desk_->make(layers_, static_cast<ConsensusRule>(rule_->currentData().toInt()));
  });
  step(1);
}

void ConsensusPage::decide(bool keep) {
  const ConsensusRow* row = current();
  if (!row || !can_decide()) return;
  const std::string id = row->finding;
  int at = table_->currentRow();
  attempt([&] { keep ? desk_->keep(id) : desk_->leave_out(id); });
  if (filter_->currentIndex() != Open) ++at; // in the queue the next one moved up to this place
  if (table_->rowCount() > 0) table_->setCurrentCell(std::min(at, table_->rowCount() - 1), 0);
}

void ConsensusPage::relabel(int key) {
  const ConsensusRow* row = current();
  if (!row || !can_decide() || key < 1 || key > labels_.size()) return;
  const std::string id = row->finding;
  const int at = table_->currentRow();
  attempt([&] { desk_->relabel(id, labels_[key - 1].toStdString()); });
  if (table_->rowCount() > 0) table_->setCurrentCell(std::min(at, table_->rowCount() - 1), 0);
}

void ConsensusPage::step(int by) {
  if (table_->rowCount() == 0) return;
  const int at =
      table_->currentRow() < 0 ? (by > 0 ? 0 : table_->rowCount() - 1) : table_->currentRow() + by;
  table_->setCurrentCell(std::clamp(at, 0, table_->rowCount() - 1), 0);
}

void ConsensusPage::undo() {
  attempt([this] { desk_->undo(); });
}

void ConsensusPage::redo() {
  attempt([this] { desk_->redo(); });
}

bool ConsensusPage::can_decide() const { return writable_ && desk_ && desk_->made(); }
bool ConsensusPage::can_undo() const { return writable_ && desk_ && desk_->can_undo(); }
bool ConsensusPage::can_redo() const { return writable_ && desk_ && desk_->can_redo(); }
QString ConsensusPage::summary() const { return sum_->text(); }

void ConsensusPage::refresh() {
  if (quiet_ || !desk_) return;
  const bool made = desk_->made();
  asked_->setVisible(!made);
  rule_->setVisible(!made);
  make_->setVisible(!made);
  make_->setEnabled(writable_ && chosen_layers().size() >= 2);
  try {
    read_layers();
  } catch (const Error& e) {
    layers_.clear();
    emit refused(text(e.what()), text(e.hint()));
  }
  show_summary();
  show_rows();
  show_items();
}

void ConsensusPage::show_summary() {
  const std::size_t asked = chosen_layers().size();
  QStringList notes;
  if (!desk_->made()) {
    sum_->setText(asked < 2 ? "A consensus needs two readers or more."
                            : QString("%1 layers, no consensus yet.").arg(asked));
    notes << (writable_ ? "Choose who is asked and by which rule, then make the consensus. Where "
                          "they differ, you decide."
                        : "This case cannot be changed here.");
  } else {
    const int open = desk_->open(), differing = desk_->differing();
    const auto kept = std::count_if(desk_->rows().begin(), desk_->rows().end(),
                                    [](const ConsensusRow& row) { return row.kept; });
    sum_->setText(differing == 0 ? QString("All agree: %1 lesions.").arg(kept)
                                 : QString("%1 of %2 differing lesions decided. %3 kept in all.")
                                       .arg(differing - open)
                                       .arg(differing)
                                       .arg(kept));
    notes << "Rule: " + text(desk_->rule()) + ".";
    for (const std::string& name : desk_->changed_since())
      notes << text(name) + " has changed findings since this consensus was made; undo back to "
                            "before it to make it again.";
  }
  for (const std::string& other : desk_->others())
    notes << "There is also a " + text(other) +
                 ": with more than one, none speaks for the case in exports.";
  note_->setText(notes.join("\n"));
}

const ConsensusRow* ConsensusPage::current() const {
  const QTableWidgetItem* cell = table_->item(table_->currentRow(), 0);
  if (!desk_ || !cell) return nullptr;
  const std::string id = cell->data(Qt::UserRole).toString().toStdString();
  for (const ConsensusRow& row : desk_->rows())
    if (row.finding == id) return &row;
  return nullptr;
}

void ConsensusPage::show_rows() {
  if (!desk_) return;
  const ConsensusRow* before = current();
  const std::string chosen = before ? before->finding : "";
  quiet_ = true;
  QStringList heads{"Scan"};
  for (const std::string& name : chosen_layers()) heads << text(name);
  heads << "Label" << "State";
  table_->setRowCount(0);
  table_->setColumnCount(static_cast<int>(heads.size()));
  table_->setHorizontalHeaderLabels(heads);
  table_->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  table_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::ResizeToContents);
  table_->horizontalHeader()->setSectionResizeMode(static_cast<int>(heads.size()) - 1,
                                                   QHeaderView::ResizeToContents);
  for (const ConsensusRow& row : desk_->rows()) {
    if (filter_->currentIndex() == Open && (!row.differs || row.decided)) continue;
    if (filter_->currentIndex() == Differing && !row.differs) continue;
    QStringList cells{QString::number(std::lround(row.place.centroid[2]) + 1)};
    for (const std::string& label : row.labels) cells << (label.empty() ? "—" : text(label));
    cells << text(row.place.label) << state_text(row);
    add_row(*table_, cells, text(row.finding));
  }
  quiet_ = false;
  choose(chosen);
  const bool can = can_decide() && table_->rowCount() > 0;
  keep_->setEnabled(can);
  leave_out_->setEnabled(can);
}

void ConsensusPage::choose(const std::string& finding) {
  for (int row = 0; row < table_->rowCount(); ++row)
    if (table_->item(row, 0)->data(Qt::UserRole).toString().toStdString() == finding)
      table_->setCurrentCell(row, 0);
}

void ConsensusPage::show_items() {
  const int panes = static_cast<int>(std::min<std::size_t>(8, layers_.size()));
  views_->set_count(panes + 1);
  for (int i = 0; i < panes; ++i) {
    const Layer& layer = layers_[static_cast<std::size_t>(i)];
    auto items = std::make_shared<std::vector<FindingItem>>();
    for (const Finding& f : layer.findings) items->push_back({f, FindingLook::InA, 0});
    views_->view(i)->set_items(items);
    views_->set_caption(i, QString("%1: %2").arg(text(layer.name)).arg(layer.findings.size()));
  }
  auto items = std::make_shared<std::vector<FindingItem>>();
  for (const ConsensusRow& row : desk_->rows()) items->push_back({row.place, look_of(row), 0});
  views_->view(panes)->set_items(items);
  views_->set_caption(panes, desk_->made()
                                 ? "Consensus by " + text(desk_->person()) +
                                       ". Green: kept, dashed: to decide, dotted: left out"
                                 : QString("Consensus: not made yet"));
}

void ConsensusPage::jump(int table_row) {
  const QTableWidgetItem* cell = quiet_ ? nullptr : table_->item(table_row, 0);
  const ConsensusRow* row = cell ? current() : nullptr;
  if (!row) return;
  const int panes = views_->count() - 1;
  views_->view(0)->set_slice(static_cast<int>(std::lround(row->place.centroid[2])));
  for (int i = 0; i < views_->count(); ++i) {
    const bool has = i < panes && !row->labels[static_cast<std::size_t>(i)].empty();
    const Finding* f = i == panes ? &row->place
                       : has      ? partner(layers_[static_cast<std::size_t>(i)], row->place)
                                  : nullptr;
    views_->view(i)->set_selected(f ? text(f->id) : QString());
    views_->view(i)->show_pixel({row->place.centroid[0], row->place.centroid[1]});
  }
}

}
