#include "app/gui/compare_page.h"

#include "app/gui/row_table.h"
#include "modules/core/error.h"
#include "modules/view/bland_altman_plot.h"
#include "modules/view/pair_view.h"
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

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

QString text(const std::string& s) { return QString::fromStdString(s); }

QString number(double value) {
  return std::isfinite(value) ? QString::number(value, 'f', 1) : QString("not known");
}

}

ComparePage::ComparePage(QWidget* parent)
    : QWidget(parent), pair_(new PairView), a_(new QComboBox), b_(new QComboBox),
      filter_(new QComboBox), way_(new QComboBox),
      undecided_(new QCheckBox("Undecided findings count as kept")), figures_(new QLabel),
      note_(new QLabel),
      table_(row_table({"Seen by", "Label A", "Label B", "Scan"}, "Lesions of both layers")),
      plot_(new BlandAltmanPlot) {
  auto* split = new QSplitter(Qt::Horizontal);
  split->addWidget(pair_);
  split->addWidget(build_side());
  split->setStretchFactor(0, 1);
  split->setStretchFactor(1, 0);
  split->setSizes({860, 372});
  split->setChildrenCollapsible(false);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(build_head());
  all->addWidget(split, 1);
  for (QComboBox* box : {a_, b_})
    connect(box, &QComboBox::currentIndexChanged, this, [this] { refresh(); });
  connect(undecided_, &QCheckBox::toggled, this, [this] { refresh(); });
  connect(way_, &QComboBox::currentIndexChanged, this, [this] { show_items(); });
  connect(filter_, &QComboBox::currentIndexChanged, this, [this] { show_rows(); });
  connect(table_, &QTableWidget::currentCellChanged, this, [this](int row) { jump(row); });
  connect(table_, &QTableWidget::cellClicked, this, [this](int row) { jump(row); });
}

QWidget* ComparePage::build_head() {
  auto* head = new QFrame;
  head->setObjectName("tools");
  auto* line = new QHBoxLayout(head);
  line->setContentsMargins(grid, 6, grid, 6);
  line->setSpacing(grid);
  auto* title = new QLabel("Compare");
  title->setObjectName("heading");
  a_->setAccessibleName("Layer A");
  b_->setAccessibleName("Layer B");
  a_->setMinimumWidth(130);
  b_->setMinimumWidth(130);
  way_->addItems({"Side by side", "Overlaid"});
  way_->setAccessibleName("Side by side or overlaid");
  auto* close = new QPushButton("Back to the case");
  line->addWidget(title);
  line->addSpacing(grid);
  line->addWidget(new QLabel("A"));
  line->addWidget(a_);
  line->addWidget(new QLabel("B"));
  line->addWidget(b_);
  line->addWidget(way_);
  line->addWidget(undecided_);
  line->addStretch(1);
  line->addWidget(close);
  connect(close, &QPushButton::clicked, this, &ComparePage::closed);
  return head;
}

QWidget* ComparePage::build_side() {
  auto* side = new QWidget;
  side->setObjectName("panel");
  side->setAttribute(Qt::WA_StyledBackground);
  filter_->addItems({"All lesions", "Both", "Only A", "Only B", "Labels differ"});
  filter_->setAccessibleName("Which lesions are listed");
  table_->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  figures_->setWordWrap(true);
  figures_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  note_->setObjectName("muted");
  note_->setWordWrap(true);
  auto* plot_title = new QLabel("Counts per B-scan, A − B (Bland-Altman)");
  plot_title->setObjectName("heading");
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(grid, grid, grid, grid);
  column->setSpacing(grid);
  column->addWidget(figures_);
  column->addWidget(filter_);
  column->addWidget(table_, 1);
  column->addWidget(plot_title);
  column->addWidget(plot_);
  column->addWidget(note_);
  return side;
}

void ComparePage::set_case(const Dataset& dataset, const std::vector<Surface>& surfaces,
                           const std::array<Spacing, 3>& spacing, const QStringList& names,
                           LayerSource source) {
  const PixelStack stack = stack_of(dataset);
  slices_ = stack.depth;
  spacing_ = spacing;
  source_ = std::move(source);
  for (SliceView* view : {pair_->left(), pair_->right()}) {
    view->set_stack(stack);
    view->set_spacing(spacing[0], spacing[1]);
    view->set_surfaces(surfaces);
    view->set_layers_shown(false);
  }
  quiet_ = true;
  for (QComboBox* box : {a_, b_}) {
    box->clear();
    box->addItems(names);
  }
  b_->setCurrentIndex(names.size() > 1 ? 1 : 0);
  quiet_ = false;
}

void ComparePage::choose(const QString& a, const QString& b) {
  quiet_ = true;
  a_->setCurrentText(a);
  b_->setCurrentText(b);
  quiet_ = false;
  refresh();
}

void ComparePage::set_overlaid(bool overlaid) { way_->setCurrentIndex(overlaid ? 1 : 0); }
QString ComparePage::summary() const { return figures_->text(); }

void ComparePage::refresh() {
  if (quiet_ || !source_ || a_->currentText().isEmpty()) return;
  try {
    layer_a_ = source_(a_->currentText(), undecided_->isChecked());
    layer_b_ = source_(b_->currentText(), undecided_->isChecked());
  } catch (const Error& e) {
    emit refused(text(e.what()), text(e.hint()));
    return;
  }
  comparison_ = compare_case("case", layer_a_, layer_b_, slices_, spacing_);
  const Agreement& g = comparison_.agreement;
  rows_.clear();
  for (const auto& pair : g.pairs) rows_.push_back({pair[0], pair[1]});
  for (const int i : g.only_a) rows_.push_back({i, -1});
  for (const int i : g.only_b) rows_.push_back({-1, i});
  std::sort(rows_.begin(), rows_.end(), [this](const Row& one, const Row& other) {
    return finding_of(one).centroid[2] < finding_of(other).centroid[2];
  });
  show_figures();
  show_rows();
  show_items();
}

const Finding& ComparePage::finding_of(const Row& row) const {
  return row.a >= 0 ? layer_a_.findings[static_cast<std::size_t>(row.a)]
                    : layer_b_.findings[static_cast<std::size_t>(row.b)];
}

void ComparePage::show_figures() {
  const Agreement& g = comparison_.agreement;
  const BlandAltman& d = comparison_.by_slice;
  figures_->setText(QString("A %1, B %2, both %3, only A %4, only B %5.\n"
                            "Lesion agreement F1 %6, Dice %7, same label %8 of %3.\n"
                            "Per B-scan A − B: mean %9, limits %10 to %11 (%12 B-scans).")
                        .arg(g.count_a)
                        .arg(g.count_b)
                        .arg(g.matched)
                        .arg(g.only_a.size())
                        .arg(g.only_b.size())
                        .arg(g.f1, 0, 'f', 2)
                        .arg(g.dice, 0, 'f', 2)
                        .arg(g.same_label)
                        .arg(number(d.bias), number(d.lower), number(d.upper))
                        .arg(d.n));
  plot_->set_values(comparison_.per_slice_a, comparison_.per_slice_b, d.bias, d.lower, d.upper);
  QString left_open;
  if (layer_a_.undecided + layer_b_.undecided > 0)
    left_open = QString("Left undecided: A %1, B %2; they %3. ")
                    .arg(layer_a_.undecided)
                    .arg(layer_b_.undecided)
                    .arg(undecided_->isChecked() ? "count as kept" : "do not count");
  note_->setText(left_open + "Matched: " + text(g.rule) +
                 ". B-scans of one eye are not independent: the limits describe these B-scans.");
  plot_->setToolTip(note_->text());
}

void ComparePage::show_rows() {
  const int wanted = filter_->currentIndex();
  quiet_ = true;
  table_->setRowCount(0);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    const int kind = row.b < 0 ? 2 : row.a < 0 ? 3 : 1;
    const QString label_a =
        row.a < 0 ? "—" : text(layer_a_.findings[static_cast<std::size_t>(row.a)].label);
    const QString label_b =
        row.b < 0 ? "—" : text(layer_b_.findings[static_cast<std::size_t>(row.b)].label);
    const bool differ = kind == 1 && label_a != label_b;
    if (wanted == 4 ? !differ : wanted != 0 && wanted != kind) continue;
    const QString seen[] = {"", "both", "only A", "only B"};
    const QString scan = QString::number(std::lround(finding_of(row).centroid[2]) + 1);
    const int at = add_row(*table_, {seen[kind], label_a, label_b, scan}, static_cast<int>(i));
    if (!differ) continue;
    QFont bold = table_->font();
    bold.setBold(true);
    for (const int column : {1, 2}) table_->item(at, column)->setFont(bold);
  }
  quiet_ = false;
}

void ComparePage::show_items() {
  const bool overlaid = way_->currentIndex() == 1;
  auto a = std::make_shared<std::vector<FindingItem>>(),
       b = std::make_shared<std::vector<FindingItem>>();
  for (const Row& row : rows_) {
    if (row.a >= 0)
      a->push_back({layer_a_.findings[static_cast<std::size_t>(row.a)],
                    row.b < 0 ? FindingLook::OnlyA : FindingLook::InA, 0});
    if (row.b >= 0)
      b->push_back({layer_b_.findings[static_cast<std::size_t>(row.b)],
                    row.a < 0 ? FindingLook::OnlyB : FindingLook::InB, 0});
  }
  if (overlaid) {
    auto both = std::make_shared<std::vector<FindingItem>>(*a);
    both->insert(both->end(), b->begin(), b->end());
    pair_->left()->set_items(both);
  } else {
    pair_->left()->set_items(a);
  }
  pair_->right()->set_items(b);
  pair_->show_right(!overlaid);
  const QString name_a = "A: " + a_->currentText() + " (blue, solid)",
                name_b = "B: " + b_->currentText() + " (orange, dashed)";
  const QString bold = ". Bold: only here";
  pair_->set_captions(overlaid ? name_a + "   " + name_b + bold : name_a + bold, name_b + bold);
}

void ComparePage::jump(int table_row) {
  const QTableWidgetItem* cell = quiet_ ? nullptr : table_->item(table_row, 0);
  if (!cell) return;
  const Row& row = rows_[static_cast<std::size_t>(cell->data(Qt::UserRole).toInt())];
  const Finding& f = finding_of(row);
  const auto id = [](const Layer& layer, int i) {
    return i < 0 ? QString() : text(layer.findings[static_cast<std::size_t>(i)].id);
  };
  pair_->left()->set_slice(static_cast<int>(std::lround(f.centroid[2])));
  pair_->left()->set_selected(way_->currentIndex() == 1 && row.a < 0 ? id(layer_b_, row.b)
                                                                     : id(layer_a_, row.a));
  pair_->right()->set_selected(id(layer_b_, row.b));
  for (SliceView* view : {pair_->left(), pair_->right()})
    view->show_pixel({f.centroid[0], f.centroid[1]});
}

}
