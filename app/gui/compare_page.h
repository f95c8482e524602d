// Two layers of one case, side by side or overlaid: two readers, or a reader and the pipeline. The
// list says which lesions both have and which only one; a click goes there.
#pragma once

#include "modules/review/comparison.h"
#include "modules/view/finding_item.h"

#include <QWidget>

#include <functional>

class QCheckBox;
class QComboBox;
class QLabel;
class QTableWidget;

namespace sensorium {

class BlandAltmanPlot;
class PairView;

class ComparePage : public QWidget {
  Q_OBJECT
public:
  // layer: as CaseReview::layer(); may throw Error.
  using LayerSource = std::function<Layer(const QString& name, bool with_proposed)>;
  explicit ComparePage(QWidget* parent = nullptr);
  void set_case(const Dataset& dataset, const std::vector<Surface>& surfaces,
                const std::array<Spacing, 3>& spacing, const QStringList& names,
                LayerSource source);
  void choose(const QString& a, const QString& b);
  void set_overlaid(bool overlaid);
  void refresh(); // after the review has changed
  const CaseComparison& comparison() const { return comparison_; }
  PairView* pair() const { return pair_; }
  QTableWidget* lesions() const { return table_; }
  QString summary() const;

signals:
  void closed();
  void refused(const QString& message, const QString& hint);

private:
  struct Row {
    int a = -1, b = -1;
  };
  QWidget* build_head();
  QWidget* build_side();
  void show_rows();
  void show_items();
  void show_figures();
  void jump(int table_row);
  const Finding& finding_of(const Row& row) const;
  PairView* pair_;
  QComboBox *a_, *b_, *filter_, *way_;
  QCheckBox* undecided_;
  QLabel *figures_, *note_;
  QTableWidget* table_;
  BlandAltmanPlot* plot_;
  LayerSource source_;
  Layer layer_a_, layer_b_;
  CaseComparison comparison_;
  std::vector<Row> rows_;
  std::array<Spacing, 3> spacing_;
  int slices_ = 0;
  bool quiet_ = false;
};

}
