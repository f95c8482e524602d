#include "app/gui/row_table.h"

#include <QHeaderView>
#include <QTableWidget>

namespace sensorium {

QTableWidget* row_table(const QStringList& heads, const QString& name, int row_height) {
  auto* table = new QTableWidget;
  table->setColumnCount(static_cast<int>(heads.size()));
  table->setHorizontalHeaderLabels(heads);
  table->setAccessibleName(name);
  table->setSelectionBehavior(QAbstractItemView::SelectRows);
  table->setSelectionMode(QAbstractItemView::SingleSelection);
  table->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table->setShowGrid(false);
  table->setTabKeyNavigation(false);
  table->verticalHeader()->hide();
  table->verticalHeader()->setDefaultSectionSize(row_height);
  table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  table->horizontalHeader()->setHighlightSections(false);
  return table;
}

int add_row(QTableWidget& table, const QStringList& cells, const QVariant& key) {
  const int row = table.rowCount();
  table.insertRow(row);
  int column = 0;
  for (const QString& cell : cells) {
    auto* item = new QTableWidgetItem(cell);
    item->setData(Qt::UserRole, key);
    item->setToolTip(cell);
    table.setItem(row, column++, item);
  }
  return row;
}

}
