#include "app/gui/follow_up_page.h"

#include "app/gui/row_table.h"
#include "modules/view/pair_view.h"
#include "modules/view/theme.h"

#include <QCheckBox>
#include <QCoreApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPointer>
#include <QPushButton>
#include <QSplitter>
#include <QTableWidget>
#include <QThreadPool>
#include <QVBoxLayout>

namespace sensorium {
namespace {

QString text(const std::string& s) { return QString::fromStdString(s); }

QString place_of(const FollowUpRow& row) {
  QStringList parts;
  for (const std::string& part : {row.slab, row.region, row.label})
    if (!part.empty() && part != "all") parts << text(part);
  return parts.isEmpty() ? QString("all") : parts.join(", ");
}

// Rows of one kind stand together under its name.
QString group_of(const FollowUpRow& row) {
  const bool slab = row.slab != "all", region = row.region != "all", label = row.label != "all";
  if (slab && region) return "By layer and region";
  return slab ? "By layer" : region ? "By ETDRS region" : label ? "By label" : "";
}

QString signed_number(int value) {
  return value > 0 ? QString("+%1").arg(value) : value < 0 ? QString("−%1").arg(-value) : "0";
}

}

FollowUpPage::FollowUpPage(QWidget* parent)
    : QWidget(parent), pair_(new PairView),
      table_(row_table({"Where", "First", "Second", "Change"}, "Counts of both visits")),
      sum_(new QLabel), notes_(new QLabel), linked_(new QCheckBox("Scroll together")),
      changed_only_(new QCheckBox("Changes only")) {
  auto* head = new QFrame;
  head->setObjectName("tools");
  auto* line = new QHBoxLayout(head);
  line->setContentsMargins(grid, 6, grid, 6);
  line->setSpacing(16);
  auto* title = new QLabel("Follow-up");
  title->setObjectName("heading");
  auto* close = new QPushButton("Back to the case");
  linked_->setChecked(true);
  linked_->setToolTip("Turn off, scroll one picture to the same place, and turn on again");
  line->addWidget(title);
  line->addWidget(linked_);
  line->addStretch(1);
  line->addWidget(close);
  auto* side = new QWidget;
  side->setObjectName("panel");
  side->setAttribute(Qt::WA_StyledBackground);
  sum_->setObjectName("heading");
  sum_->setWordWrap(true);
  notes_->setObjectName("muted");
  notes_->setWordWrap(true);
  table_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  table_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(grid, grid, grid, grid);
  column->setSpacing(grid);
  column->addWidget(sum_);
  column->addWidget(changed_only_);
  column->addWidget(table_, 1);
  column->addWidget(notes_);
  auto* split = new QSplitter(Qt::Horizontal);
  split->addWidget(pair_);
  split->addWidget(side);
  split->setStretchFactor(0, 1);
  split->setSizes({860, 372});
  split->setChildrenCollapsible(false);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(head);
  all->addWidget(split, 1);
  connect(close, &QPushButton::clicked, this, &FollowUpPage::closed);
  connect(linked_, &QCheckBox::toggled, pair_, &PairView::set_linked);
  connect(changed_only_, &QCheckBox::toggled, this, [this] { show_table(); });
}

void FollowUpPage::set_visits(const ShownVisit& first, const ShownVisit& second) {
  follow_up_ = sensorium::follow_up(first.visit, second.visit);
  const ShownVisit* const visits[] = {&first, &second};
  SliceView* const views[] = {pair_->left(), pair_->right()};
  for (int i = 0; i < 2; ++i) {
    views[i]->set_stack(stack_of(*visits[i]->dataset));
    if (const auto* volume = std::get_if<Volume>(visits[i]->dataset.get()))
      views[i]->set_spacing(volume->spacing[0], volume->spacing[1]);
    views[i]->set_surfaces(visits[i]->surfaces);
    views[i]->set_items(visits[i]->items);
  }
  linked_->setChecked(true);
  pair_->set_map(std::nullopt);
  registration_ = {};
  seek(first.dataset, second.dataset);
  pair_->set_captions("First: " + text(first.visit.name), "Second: " + text(second.visit.name));
  show_table();
}

void FollowUpPage::seek(std::shared_ptr<const Dataset> first,
                        std::shared_ptr<const Dataset> second) {
  ++generation_;
  const auto* a = std::get_if<Volume>(first.get());
  const auto* b = std::get_if<Volume>(second.get());
  if (!a || !b) {
    registration_.text = "The scans are not registered: only volumes can be.";
    return;
  }
  QPointer<FollowUpPage> self(this);
  QThreadPool::globalInstance()->start([self, first, second, a, b, generation = generation_] {
    const Registration found = register_shift(*a, *b);
    QMetaObject::invokeMethod(QCoreApplication::instance(), [self, found, generation] {
      if (self && self->generation_ == generation) self->take(found);
    });
  });
}

void FollowUpPage::take(const Registration& registration) {
  registration_ = registration;
  if (registration.found) pair_->set_map(PlaceMap{registration.scale, registration.shift});
  show_table();
}

void FollowUpPage::add_heading(const QString& name) {
  const int at = table_->rowCount();
  table_->insertRow(at);
  auto* item = new QTableWidgetItem(name);
  item->setFlags(Qt::ItemIsEnabled);
  QFont bold = table_->font();
  bold.setBold(true);
  item->setFont(bold);
  table_->setItem(at, 0, item);
  table_->setSpan(at, 0, 1, table_->columnCount());
}

void FollowUpPage::show_table() {
  table_->clearSpans();
  table_->setRowCount(0);
  QString group;
  for (const FollowUpRow& row : follow_up_.rows) {
    if (changed_only_->isChecked() && row.change() == 0) continue;
    if (group_of(row) != group) add_heading(group = group_of(row));
    const int at = add_row(*table_,
                           {place_of(row), QString::number(row.first), QString::number(row.second),
                            signed_number(row.change())},
                           {});
    for (const int column : {1, 2, 3})
      table_->item(at, column)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
  }
  if (!follow_up_.rows.empty()) {
    const FollowUpRow& sum = follow_up_.rows.front();
    sum_->setText(QString("%1 then, %2 now: %3")
                      .arg(sum.first)
                      .arg(sum.second)
                      .arg(signed_number(sum.change())));
  }
  QStringList notes{registration_.text.empty() ? QString("Looking for the shift between the scans.")
                                               : text(registration_.text)};
  if (!registration_.text.empty() && !registration_.found)
    notes << "They scroll by their place in the volume. To align them by hand: turn \"Scroll "
             "together\" off, scroll one, and turn it on again.";
  for (const std::string& note : follow_up_.notes) notes << text(note);
  notes_->setText(notes.join("\n"));
}

}
