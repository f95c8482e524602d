// The parts of the exam page: the thorax with its zones, the row of a zone, the card of a clip.
#pragma once

#include "app/gui/exam_session.h"
#include "modules/report/zone_drawing.h"

#include <QFrame>
#include <QPixmap>

class QComboBox;
class QLabel;
class QToolButton;

namespace sensorium {

// Draws the zones with their scores. Click or arrows choose one; 0 to 3, U and Backspace score it.
class ZoneMap : public QWidget {
  Q_OBJECT
public:
  explicit ZoneMap(QWidget* parent = nullptr);
  void set_board(const ExamBoard& board);
  void set_target(const QString& zone); // under a dragged clip; empty: none
  void choose(const QString& zone);
  QString chosen() const { return chosen_; }
  QString zone_at(QPointF place) const; // empty: none
  QPoint place_of(const QString& zone) const;

signals:
  void zone_chosen(const QString& zone);
  void score_given(const QString& zone, const QString& score);

protected:
  void paintEvent(QPaintEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  bool event(QEvent*) override;
  QSize sizeHint() const override { return {400, 400}; }
  QSize minimumSizeHint() const override { return {260, 240}; }

private:
  void lay_out();
  void step(int by);
  QString text_of(const QString& zone) const;
  ExamBoard board_;
  ZoneDrawing drawing_;
  std::vector<ZoneLook> looks_;
  QString chosen_, target_;
};

// One line: badge with the score, the zone, its worst pattern, the rules where they differ, and a
// choice of the reader's own score.
class ZoneRow : public QFrame {
  Q_OBJECT
public:
  ZoneRow(const BoardZone& zone, const ExamBoard& board, bool writable, QWidget* parent = nullptr);
  const QString& zone() const { return zone_; }
  QString text() const; // what it says, for tests and screen readers
  QComboBox* score_box() const { return score_; }
  void set_target(bool on);

signals:
  void score_given(const QString& zone, const QString& score);
  void chosen(const QString& zone);

protected:
  void mousePressEvent(QMouseEvent*) override;

private:
  QString zone_;
  QLabel *badge_, *name_, *pattern_, *rules_;
  QComboBox* score_;
};

// A clip: key frame, name, verdict under each rule, strips of its frames' scores and of the share
// of the class that the rule in force names. Dragged by the pointer; keys are told to the page.
class ClipCard : public QFrame {
  Q_OBJECT
public:
  ClipCard(const BoardClip& clip, const ExamBoard& board, const ClipWork& work,
           const QString& picture, QWidget* parent = nullptr);
  const QString& clip() const { return id_; }
  void set_work(const ClipWork& work); // while it is analysed
  QString text() const;                // what it says, for tests and screen readers
  QRect strip() const;                 // where the frames are drawn
  QToolButton* zone_button() const { return zone_; }

signals:
  void opened(const QString& clip, int frame); // -1: no frame was asked for
  void menu_requested(const QString& clip, const QPoint& global);
  void dragged(const QString& clip, const QPoint& global);
  void dropped(const QString& clip, const QPoint& global);
  void typed(const QString& clip, QKeyEvent* event);
  void focused(const QString& clip);

protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mouseReleaseEvent(QMouseEvent*) override;
  void contextMenuEvent(QContextMenuEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void focusInEvent(QFocusEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  bool event(QEvent*) override;

private:
  int frame_at(double x) const; // of the clip, from 0
  void paint_text(QPainter& painter);
  void paint_strips(QPainter& painter);
  QString verdict_text() const;
  QString id_, name_, zone_id_, rule_, named_;
  BoardClip clip_;
  ClipWork work_;
  QPixmap picture_;
  QToolButton* zone_;
  QPoint pressed_;
  bool held_ = false, dragging_ = false;
};

}
