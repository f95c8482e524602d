// The exam board: zones x clips x frames. Left the thorax with its scores and the sums under each
// rule, right the zones with their clips. Clips go to zones by dragging, by a menu, or by typing
// the zone while the clip has the focus.
#pragma once

#include "app/gui/exam_cards.h"

class QComboBox;
class QHBoxLayout;
class QProgressBar;
class QPushButton;
class QScrollArea;
class QStackedLayout;
class QVBoxLayout;

namespace sensorium {

class ExamPage : public QWidget {
  Q_OBJECT
public:
  explicit ExamPage(ExamSession& exam, QWidget* parent = nullptr);
  ZoneMap* map() const { return map_; }
  ClipCard* card(const QString& clip) const; // null: none
  ZoneRow* row(const QString& zone) const;
  QComboBox* scheme_box() const { return scheme_; }
  QComboBox* rule_box() const { return rule_; }
  QString total_text() const;
  QString rules_text() const;
  QString notes_text() const;
  QString hint_text() const;
  QString signature_text() const; // empty: not signed
  QPushButton* sign_button() const { return sign_; }
  QString typing() const { return typing_; } // of a zone's name, not yet confirmed
  bool is_empty() const { return exam_.board().clips.empty(); }

signals:
  void closed();
  void clips_wanted();  // the window asks for files
  void folder_wanted(); // or for a folder
  void report_wanted();
  void sign_wanted();
  void again_wanted(); // a new exam of the same clips
  void clip_opened(const QString& clip, int frame);

protected:
  void keyPressEvent(QKeyEvent*) override;
  void changeEvent(QEvent*) override;
  void showEvent(QShowEvent*) override;

private:
  QWidget* build_head();
  QWidget* build_left();
  QWidget* build_empty();
  void refresh();
  void refresh_boxes();
  void refresh_sums();
  void refresh_rows();
  void refresh_progress();
  void add_card(std::size_t index);
  void drag(const QString& clip, const QPoint& global);
  void drop(const QString& clip, const QPoint& global);
  // A zone's id; empty: the place of clips without one; nothing: nowhere.
  std::optional<QString> target_at(const QPoint& global) const;
  void show_menu(const QString& clip, const QPoint& global);
  void type(const QString& clip, QKeyEvent* event);
  void type_zone(const QString& clip, const QString& text, bool confirm);
  void step(const QString& clip, int by);
  void show_hint();
  ExamSession& exam_;
  QStackedLayout* stack_ = nullptr;
  QWidget *empty_ = nullptr, *board_ = nullptr;
  ZoneMap* map_;
  QComboBox *scheme_, *rule_;
  QPushButton *add_, *folder_, *report_, *stop_, *sign_, *again_;
  QLabel *title_, *signature_, *total_, *rules_, *class_, *notes_, *hint_, *progress_, *ghost_,
      *legend_;
  QProgressBar* bar_;
  QScrollArea* scroll_;
  QVBoxLayout* rows_ = nullptr;
  QLabel* unplaced_ = nullptr;
  std::vector<ZoneRow*> zone_rows_;
  std::vector<ClipCard*> cards_;
  QString focus_, typing_;
  bool quiet_ = false, stale_ = true;
};

}
