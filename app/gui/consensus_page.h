// The readers' findings side by side with their consensus. Where they differ, the lesions are a
// queue that one person decides by key; every decision is an event of "consensus by NAME".
#pragma once

#include "modules/review/consensus_desk.h"
#include "modules/view/finding_item.h"
#include "modules/view/pixel_stack.h"

#include <QWidget>

#include <functional>
#include <memory>

class QCheckBox;
class QComboBox;
class QHBoxLayout;
class QLabel;
class QPushButton;
class QTableWidget;

namespace sensorium {

class LinkedViews;

class ConsensusPage : public QWidget {
  Q_OBJECT
public:
  using LayerSource = std::function<Layer(const QString& name, bool with_proposed)>;
  explicit ConsensusPage(QWidget* parent = nullptr);
  // names: the layers that can be asked, readers first. writable: the log takes events. labels:
  // those that the pipeline declares, for the keys 1 to 9. Throws Error Conflict while a blinded
  // read is closed.
  void set_case(const Dataset& dataset, const std::vector<Surface>& surfaces,
                const std::array<Spacing, 3>& spacing, const QStringList& names,
                const QStringList& labels, bool writable, LayerSource source,
                std::unique_ptr<ConsensusDesk> desk);
  void clear(); // the case is closed: its log must not be used any more
  // Nothing happens where no lesion is chosen or nothing can be stored.
  void make();
  void decide(bool keep); // and on to the next open one
  void relabel(int key);  // 1 to 9
  void step(int by);      // through the list as shown
  void undo();
  void redo();
  bool can_decide() const;
  bool can_undo() const;
  bool can_redo() const;
  const ConsensusDesk* desk() const { return desk_.get(); }
  LinkedViews* views() const { return views_; }
  QTableWidget* table() const { return table_; }
  QString summary() const;

signals:
  void closed();
  void changed(); // an event was stored
  void refused(const QString& message, const QString& hint);

private:
  QWidget* build_head();
  QWidget* build_side();
  void attempt(const std::function<void()>& edit);
  void refresh();
  void read_layers();
  void show_summary();
  void show_rows();
  void show_items();
  void jump(int table_row);
  void choose(const std::string& finding);
  std::vector<std::string> chosen_layers() const;
  const ConsensusRow* current() const;
  LinkedViews* views_;
  QComboBox *rule_, *filter_;
  QWidget* asked_; // a box for each layer that can be asked
  QHBoxLayout* asked_line_;
  std::vector<QCheckBox*> boxes_;
  QPushButton *make_, *keep_, *leave_out_;
  QLabel *sum_, *note_;
  QTableWidget* table_;
  LayerSource source_;
  std::vector<Layer> layers_;
  QStringList labels_;
  std::unique_ptr<ConsensusDesk> desk_;
  bool writable_ = false, quiet_ = false;
};

}
