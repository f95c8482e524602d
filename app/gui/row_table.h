// The lists of the pages beside the picture: rows that are chosen as a whole and never edited.
#pragma once

#include <QStringList>
#include <QVariant>

class QTableWidget;

namespace sensorium {

// name: for screen readers. Tab leaves the table. Owned by the caller.
QTableWidget* row_table(const QStringList& heads, const QString& name, int row_height = 28);

// Appends a row; every cell carries its text as tooltip, and key in Qt::UserRole. Returns its
// index.
int add_row(QTableWidget& table, const QStringList& cells, const QVariant& key);

}
