#include "app/gui/batch_panel.h"

#include "app/gui/row_table.h"
#include "modules/view/theme.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QTableWidget>
#include <QVBoxLayout>

namespace sensorium {

BatchPanel::BatchPanel(BatchRunner& runner, QWidget* parent)
    : QWidget(parent), runner_(runner),
      table_(row_table({"File", "State", "What happens, or why not"}, "Files of the batch", 26)),
      summary_(new QLabel), stop_(new QPushButton("Stop")),
      clear_(new QPushButton("Clear finished")), retry_(new QPushButton("Try again")) {
  setObjectName("panel");
  setAttribute(Qt::WA_StyledBackground);
  table_->setColumnWidth(0, 240);
  table_->setColumnWidth(1, 130);
  table_->horizontalHeader()->setSectionResizeMode(2, QHeaderView::Stretch);
  auto* add = new QPushButton("Add files");
  auto* line = new QHBoxLayout;
  line->setSpacing(grid);
  line->addWidget(summary_, 1);
  for (QPushButton* button : {add, retry_, clear_, stop_}) line->addWidget(button);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(grid, grid, grid, grid);
  all->setSpacing(grid);
  all->addLayout(line);
  all->addWidget(table_, 1);
  connect(add, &QPushButton::clicked, this, &BatchPanel::add_requested);
  connect(stop_, &QPushButton::clicked, &runner_, &BatchRunner::stop);
  connect(clear_, &QPushButton::clicked, &runner_, &BatchRunner::clear_finished);
  connect(retry_, &QPushButton::clicked, this, [this] { runner_.retry(table_->currentRow()); });
  connect(&runner_, &BatchRunner::changed, this, &BatchPanel::refresh);
  connect(table_, &QTableWidget::itemSelectionChanged, this, &BatchPanel::refresh);
  connect(table_, &QTableWidget::cellActivated, this, [this](int row) {
    const BatchItem& item = runner_.items()[static_cast<std::size_t>(row)];
    if (item.state == BatchState::Done || item.state == BatchState::Skipped)
      emit case_chosen(item.folder);
  });
  refresh();
}

QString BatchPanel::summary() const { return summary_->text(); }

void BatchPanel::refresh() {
  const auto& items = runner_.items();
  if (table_->rowCount() != static_cast<int>(items.size()))
    table_->setRowCount(static_cast<int>(items.size()));
  for (int row = 0; row < table_->rowCount(); ++row) {
    const BatchItem& item = items[static_cast<std::size_t>(row)];
    const QString state = item.state == BatchState::Running
                              ? QString("running, %1 %").arg(static_cast<int>(item.fraction * 100))
                              : text_of(item.state);
    int column = 0;
    for (const QString& text : {QFileInfo(item.path).fileName(), state, item.text}) {
      if (!table_->item(row, column)) table_->setItem(row, column, new QTableWidgetItem);
      QTableWidgetItem* cell = table_->item(row, column++);
      if (cell->text() == text) continue;
      cell->setText(text);
      cell->setToolTip(text);
    }
  }
  summary_->setText(items.empty() ? "Add files or folders, or drop several on the window."
                                  : runner_.summary() + ". Return opens an analysed one.");
  const int row = table_->currentRow();
  const bool again = row >= 0 && row < static_cast<int>(items.size()) &&
                     (items[static_cast<std::size_t>(row)].state == BatchState::Failed ||
                      items[static_cast<std::size_t>(row)].state == BatchState::Stopped);
  stop_->setEnabled(runner_.running());
  clear_->setEnabled(!items.empty());
  retry_->setEnabled(again);
}

}
