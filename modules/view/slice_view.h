// One B-scan or frame with its overlays. Painted in software: no graphics card is needed, and a
// frame costs the same everywhere.
#pragma once

#include "modules/view/finding_item.h"
#include "modules/view/pixel_stack.h"

#include <QElapsedTimer>
#include <QPixmap>
#include <QWidget>

#include <functional>
#include <optional>

namespace sensorium {

enum class SliceTool { Browse, Brush, Erase, Measure };

// A distance that the reader measured on a slice, in pixels; text is what is written beside it.
struct MeasureLine {
  int slice = 0;
  QPointF from, to;
  QString text;
};

// A part of the picture with a scale of its own, shown while the reader measures. In pixels.
struct MeasureRegion {
  QRectF box;
  bool calibrated = false;
  QString name;
};

class SliceView : public QWidget {
  Q_OBJECT
public:
  explicit SliceView(QWidget* parent = nullptr);

  void set_stack(PixelStack stack);
  void set_enhanced(PixelStack stack); // same size; empty: none
  void set_surfaces(std::vector<Surface> surfaces);
  void set_spacing(const Spacing& x, const Spacing& y);
  void set_corner_text(const QString& text); // laterality, frame time ...
  void set_items(FindingItems items);
  void set_measures(std::vector<MeasureLine> lines);
  void set_measure_regions(std::vector<MeasureRegion> regions);
  // What is written beside a line while it is drawn, from its two ends in pixels; none: nothing.
  void set_measure_words(std::function<QString(QPointF, QPointF)> words);
  void set_selected(const QString& id);
  void set_tool(SliceTool tool);
  void set_brush_radius(int pixels);
  void set_brush_color(const QColor& color); // of a stroke while it is drawn; invalid: as drawn

  const PixelStack& stack() const { return stack_; }
  int slice() const { return slice_; }
  GreyWindow grey_window() const { return window_; }
  bool has_enhanced() const { return !enhanced_.empty(); }
  bool shows_enhanced() const { return show_enhanced_; }
  SliceTool tool() const { return tool_; }
  int brush_radius() const { return brush_radius_; }
  // Milliseconds that the last paint took: own work, without the window system's.
  double last_paint_ms() const { return last_paint_ms_; }
  // Zoom (1: fits) and shift, for views that are moved together.
  double zoom() const { return zoom_; }
  QPointF pan() const { return pan_; }
  void set_zoom_and_pan(double zoom, const QPointF& pan); // without a signal
  QPointF centre() const;                                 // the pixel in the middle of the view
  void set_zoom_and_centre(double zoom, const QPointF& pixel); // without a signal
  QPointF to_pixel(const QPointF& widget) const;
  QPointF to_widget(const QPointF& pixel) const;

public slots:
  void set_slice(int z);
  void step_slice(int by) { set_slice(slice_ + by); }
  void show_pixel(const QPointF& pixel); // pans so that it is visible, without empty borders
  void set_enhanced_shown(bool shown);
  void set_overlay_shown(bool shown);
  void set_fill(bool fill);
  void set_layers_shown(bool shown);
  void set_true_proportions(bool on);
  void set_grey_window(const GreyWindow& window);
  void reset_view(); // fit and automatic window

signals:
  void slice_changed(int z);
  void view_changed();
  void item_clicked(const QString& id);
  void pixel_hovered(const QString& text);
  // Committed at pointer-up; runs of the current slice.
  void stroke_finished(const std::vector<sensorium::Run>& runs, bool erase);
  void measured(int slice, QPointF from, QPointF to);

protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mouseReleaseEvent(QMouseEvent*) override;
  void mouseDoubleClickEvent(QMouseEvent*) override;
  void wheelEvent(QWheelEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void leaveEvent(QEvent*) override;
  void changeEvent(QEvent*) override;
  QSize sizeHint() const override { return {760, 500}; }

private:
  struct Outline {
    int item;
    QPainterPath path;
  };
  void refresh_image();
  void keep_filled();
  void redraw();       // something other than the stroke has changed
  void redraw_marks(); // only what lies over picture and layer lines has changed
  QPixmap kept(void (SliceView::*draw)(QPainter&), const QPainter& painter);
  void draw_base(QPainter& painter);
  void draw_backdrop(QPainter& painter);
  void draw_marks(QPainter& painter);
  const std::vector<Outline>& outlines();
  double scale_x() const;
  double scale_y() const;
  QRectF image_rect() const;
  QTransform transform() const;
  void draw_image(QPainter& painter);
  void draw_layers(QPainter& painter);
  void draw_findings(QPainter& painter);
  void draw_stroke(QPainter& painter);
  void draw_cross(QPainter& painter);
  void draw_measures(QPainter& painter);
  void draw_measure_regions(QPainter& painter);
  void draw_tag(QPainter& painter, const QPainterPath& mark, const QString& text,
                const QColor& color);
  void draw_legend(QPainter& painter);
  void draw_scale_bar(QPainter& painter);
  void draw_empty(QPainter& painter);
  void begin_drag();
  void drop_drag();
  void zoom_at(const QPointF& widget, double factor);
  bool view_key(const QKeyEvent* event);
  bool cross_key(const QKeyEvent* event);
  void stamp(const QPointF& from, const QPointF& to);
  void finish_stroke();
  QString hover_text(const QPointF& pixel) const;
  QString id_at(const QPointF& pixel);

  PixelStack stack_, enhanced_;
  std::vector<Surface> surfaces_;
  Spacing spacing_x_, spacing_y_;
  QString corner_text_, selected_;
  FindingItems items_;
  std::vector<MeasureLine> measures_;
  std::vector<MeasureRegion> regions_;
  std::function<QString(QPointF, QPointF)> measure_words_;
  std::vector<Outline> outlines_;
  int outlines_slice_ = -1;
  QImage image_, stroke_;
  QPixmap base_;             // all but the stroke, kept while the pointer paints or measures
  QPixmap backdrop_;         // picture and layer lines, kept while a slider changes the findings
  bool marks_alone_ = false; // nothing else has changed since the last paint
  GreyWindow window_, enhanced_window_;
  int slice_ = 0;
  double zoom_ = 1;
  QPointF pan_;
  bool show_enhanced_ = false, overlay_ = true, fill_ = false, layers_ = true,
       true_proportions_ = false;
  SliceTool tool_ = SliceTool::Browse;
  int brush_radius_ = 3;
  QColor brush_color_;
  enum class Drag { None, Level, Pan, Stroke, Measure } drag_ = Drag::None;
  QPointF drag_from_, drag_at_, hover_;
  std::optional<QPointF> cross_; // in pixels, while a tool is moved by keys
  QPointF cross_from_;
  GreyWindow drag_window_;
  QPointF drag_pan_;
  bool moved_ = false, hovering_ = false;
  double last_paint_ms_ = 0;
};

}
