// The time line of a clip, and below it a strip of measures of each frame that was looked at.
#pragma once

#include <QString>
#include <QWidget>

#include <vector>

namespace sensorium {

// One measure over the frames that were looked at. Flag: there or not. Bar: a height, of most.
// Share: the same, of what a network answered. Level: a whole number, each with its colour and its
// height.
struct FrameRow {
  enum class Kind { Flag, Bar, Share, Level };
  QString name;
  Kind kind = Kind::Bar;
  double most = 1;
  std::vector<double> values; // one a frame that was looked at; NaN: not measured
};

class FrameStrip : public QWidget {
  Q_OBJECT
public:
  explicit FrameStrip(QWidget* parent = nullptr);
  void set_frames(int count);
  // looked_at: frames from 0, rising; readable: of the same length. Empty rows: no measures yet.
  void set_rows(std::vector<int> looked_at, std::vector<bool> readable, std::vector<FrameRow> rows);
  void set_key_frames(std::vector<int> frames); // marked above the time line
  int frame() const { return frame_; }
  int frames() const { return frames_; }
  // What is known of a frame, in words: of itself, or of the nearest that was looked at.
  QString text_of(int frame) const;
  QString measures_of(int frame) const; // the same without the number of the frame; may be empty
  double x_of(int frame) const;         // the middle of a frame, in this widget

public slots:
  void set_frame(int frame);

signals:
  void frame_requested(int frame);

protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void wheelEvent(QWheelEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  bool event(QEvent*) override;
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {240, sizeHint().height()}; }

private:
  QRectF track() const;
  int frame_at(double x) const;
  int nearest(int frame) const; // index into looked_at_, -1: none
  QRectF cell(std::size_t i, double top, double height) const;
  QString value_text(const FrameRow& row) const;
  void draw_time(QPainter& painter);
  void draw_row(QPainter& painter, const FrameRow& row, double top);
  int frames_ = 0, frame_ = 0;
  std::vector<int> looked_at_, key_frames_;
  std::vector<bool> readable_;
  std::vector<FrameRow> rows_;
};

}
