// The list of findings: crop, label, score, size, B-scan, state; filter, order, and the queue of
// what is still to be read.
#pragma once

#include "modules/view/finding_item.h"
#include "modules/view/pixel_stack.h"

#include <QAbstractTableModel>
#include <QHash>
#include <QPixmap>
#include <QSortFilterProxyModel>
#include <QWidget>

#include <functional>

class QComboBox;
class QLabel;
class QLineEdit;
class QTableView;

namespace sensorium {

class FindingsModel : public QAbstractTableModel {
  Q_OBJECT
public:
  enum Column { Crop, Label, Score, Size, Slice, State, ColumnCount };
  enum { SortRole = Qt::UserRole, IdRole, LookRole };
  explicit FindingsModel(QObject* parent = nullptr);
  void set_picture(PixelStack stack); // for the crops
  void set_frames(bool frames);       // slices are called frames
  void set_regions(bool regions);     // of a picture without slices
  void set_label_color(std::function<QColor(const QString& label)> color);
  void set_items(FindingItems items);
  const FindingItem* item(int row) const;
  int row_of(const QString& id) const;
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
  QVariant text(const FindingItem& item, int column) const;
  QPixmap crop(const FindingItem& item) const;
  QVariant patch(const QString& label) const;
  FindingItems items_;
  PixelStack stack_;
  bool frames_ = false;
  bool spans_ = false; // of a recording without pictures: findings last from a time to another
  std::function<QColor(const QString&)> label_color_;
  GreyWindow window_;
  mutable QHash<QString, QPixmap> crops_;
};

class FindingsPanel : public QWidget {
  Q_OBJECT
public:
  explicit FindingsPanel(QWidget* parent = nullptr);
  // For the crops. An empty stack: the findings are spans of time, listed by their begin.
  void set_picture(PixelStack stack);
  void set_frames(bool frames); // of a clip: slices are called frames
  // After set_picture with an empty stack: regions of a picture without slices, not spans.
  void set_regions(bool regions);
  // A patch before each label; an invalid colour, or none: no patch.
  void set_label_color(std::function<QColor(const QString& label)> color);
  void refresh_colors(); // they have changed
  void set_items(FindingItems items);
  void set_empty_text(const QString& text);
  void set_remark(const QString& text); // one more sentence below the counts; may be empty
  QString selected() const;
  // The finding after (or before) the selected one in the order shown; unread ones first when
  // asked. Empty: none.
  QString neighbour(int step, bool unread_only) const;
  const FindingItem* item(const QString& id) const;
  int shown_count() const;

public slots:
  void select(const QString& id); // without a signal when it is selected already
  void set_order(int index);      // as in the combo box: uncertain first, position, score, size
  void focus_filter();

signals:
  void selection_changed(const QString& id);
  void summary_changed(const QString& text);

private:
  void build();
  void apply_order();
  void update_summary();
  class Proxy;
  FindingsModel* model_;
  Proxy* proxy_;
  QTableView* table_;
  QLineEdit* filter_;
  QComboBox* state_;
  QComboBox* order_;
  QLabel* summary_;
  QLabel* empty_;
  QString remark_;
  bool quiet_ = false;
};

}
