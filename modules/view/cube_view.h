// The picture of a cube of any size: one band as grey, three as colours, or a picture made of it.
// Only what is in sight is read, in another thread; what was read before stays until then. Over it
// lie classes, the outlines of regions, and what the brush paints; these three are in
// cube_view_review.cpp.
#pragma once

#include "modules/view/cube_picture.h"
#include "modules/view/finding_item.h"

#include <QColor>
#include <QPixmap>
#include <QString>
#include <QThreadPool>
#include <QWidget>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace sensorium {

// A place whose spectrum was kept: one pixel, or a rectangle, in samples and lines.
struct CubeMarker {
  int id = 0;
  QString text;
  QColor color;
  QRect place;
  bool selected = false;
};

enum class CubeTool { Look, Region, Brush, Erase };

class CubeView : public QWidget {
  Q_OBJECT
public:
  explicit CubeView(QWidget* parent = nullptr);
  ~CubeView() override;
  void set_cube(std::shared_ptr<const Cube> cube); // shows nothing before set_bands
  void set_bands(std::vector<int> bands);          // one, or red, green and blue
  const std::vector<int>& bands() const { return bands_; }
  void set_stretch(double low_percent, double high_percent);
  // A picture of the whole cube in place of its bands; null: the bands again.
  void set_picture(QImage picture);
  bool shows_picture() const { return !picture_.isNull(); }
  // Over the picture, of the whole cube: ARGB32 of any size; null: none. opacity 0 to 1.
  void set_overlay(QImage overlay, double opacity);
  bool shows_overlay() const { return !overlay_.isNull() && overlay_shown_; }
  void set_overlay_shown(bool shown);
  void set_markers(std::vector<CubeMarker> markers);
  // Regions to review, outlined in the five looks; a rejected one is hatched. Null: none.
  void set_items(FindingItems items);
  void set_selected(const QString& id);
  const QString& selected() const { return selected_; }
  QString region_at(QPoint pixel) const; // the smallest there; empty: none
  void set_tool(CubeTool tool);
  CubeTool tool() const { return tool_; }
  void set_brush_radius(int pixels); // 0 to 100 pixels of the cube
  int brush_radius() const { return brush_radius_; }
  void set_brush_color(const QColor& color);   // of a stroke while it is drawn; invalid: as drawn
  bool busy() const { return pending_ > 0; }   // something in sight is still being read
  double pixel_size() const { return scale_; } // screen pixels a cube pixel
  QPointF to_cube(const QPointF& widget) const;
  QPointF to_widget(const QPointF& cube) const;
  std::optional<QPoint> cross() const { return cross_; } // where the keyboard is
  // Milliseconds from the last change to the first picture that shows all of what is in sight.
  double last_read_ms() const { return last_read_ms_; }

public slots:
  void fit(); // the whole cube, and the stretch anew
  void zoom(double factor);
  void show_place(const QRect& place); // pans so that it is visible
  void show_region(const QRect& box);  // pans where nothing of it, or little, is in sight
  void set_cross(QPoint pixel);

signals:
  void hovered(QPoint pixel); // under the pointer, or the keyboard's cross
  void left();
  void picked(QPoint pixel);
  void region_drawn(QRect region); // in samples and lines
  void marker_clicked(int id);
  void item_clicked(const QString& id); // a click on a region; with Ctrl it picks the pixel
  void stroke_finished(const std::vector<sensorium::Run>& runs, bool erase);
  void band_step(int by);
  void delete_pressed();
  void read(); // a new picture is shown

protected:
  void paintEvent(QPaintEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mouseReleaseEvent(QMouseEvent*) override;
  void wheelEvent(QWheelEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void leaveEvent(QEvent*) override;
  void changeEvent(QEvent*) override;
  QSize sizeHint() const override { return {760, 400}; }

private:
  struct Job;
  void read_all();   // new bands: the whole cube coarsely, then what is in sight
  void read_sight(); // after a move
  void read_again();
  void start(Job job);
  void take(const Job& job);
  void retone();
  void keep_in_sight();
  double fitting_scale() const;
  QRectF cube_rect() const;
  QRectF sight() const; // the part of the cube that is in sight
  std::optional<QPoint> pixel_at(const QPointF& widget) const;
  int marker_at(const QPointF& widget) const;
  QRectF marker_rect(const CubeMarker& marker) const;
  void draw_markers(QPainter& painter);
  void move_cross(int dx, int dy);
  void redraw(); // something other than the stroke has changed
  void draw_base(QPainter& painter);
  void draw_region(QPainter& painter); // the rectangle that is being drawn
  bool paints() const { return tool_ == CubeTool::Brush || tool_ == CubeTool::Erase; }
  void stamp(const QPointF& from, const QPointF& to); // in the cube's pixels
  void finish_stroke();
  bool stroke_key(int key); // Return sets the brush on the cross and lifts it, Escape drops it
  void draw_items(QPainter& painter);
  void draw_stroke(QPainter& painter);

  std::shared_ptr<const Cube> cube_;
  std::vector<int> bands_;
  QImage picture_, overlay_;
  double overlay_opacity_ = 1;
  bool overlay_shown_ = true;
  CubeRaster whole_, part_;
  QImage whole_image_, part_image_;
  CubeTone tone_, drag_tone_;
  double low_percent_ = 2, high_percent_ = 98;
  std::vector<CubeMarker> markers_;
  CubeTool tool_ = CubeTool::Look;
  FindingItems items_;
  QString selected_;
  struct Outline {
    std::vector<Run> runs;
    QPainterPath path;
  };
  std::map<std::string, Outline> outlines_; // by id
  std::vector<Run> stroke_;
  int brush_radius_ = 3;
  QColor brush_color_;
  QPixmap base_; // all but the stroke, kept while the pointer paints
  double scale_ = 1;
  bool fitted_ = true, whole_due_ = false; // whole_due_: whole_ is not of these bands yet
  QPointF middle_;                         // the cube's place in the middle of the view
  std::optional<QPoint> cross_;
  enum class Drag { None, Press, Tone, Move, Region, Stroke } drag_ = Drag::None;
  QPointF drag_from_, drag_middle_, hover_;
  Qt::MouseButton drag_button_ = Qt::NoButton;
  int pending_ = 0;
  std::shared_ptr<std::atomic<int>> latest_ = std::make_shared<std::atomic<int>>(0);
  double asked_ms_ = 0, last_read_ms_ = 0;
  QThreadPool pool_;
};

}
