// Hosts a VTK render window in Qt 6 (Debian's own VTK widget is Qt 5).
//
// VTK draws into its own framebuffer on an offscreen surface, and the picture is painted like any
// other. A QOpenGLWidget would make Qt compose the whole window, the 2-D views too, through OpenGL;
// with a software renderer each B-scan step would pay for it. There is no alpha to mind either.
#pragma once

#include <QElapsedTimer>
#include <QImage>
#include <QString>
#include <QTimer>
#include <QWidget>

#include <functional>
#include <memory>

class vtkRenderer;

namespace sensorium {

class GlVtkWidget : public QWidget {
  Q_OBJECT
public:
  explicit GlVtkWidget(QWidget* parent = nullptr);
  ~GlVtkWidget() override;
  // Created when first asked for; null when the machine has no OpenGL 3.2, and failure() says so.
  vtkRenderer* renderer();
  QString failure() const { return failure_; }
  const QImage& picture() const { return picture_; }
  // Runs work with the OpenGL context current.
  void with_context(const std::function<void()>& work);

public slots:
  void render_later(); // at most one frame in each turn of the event loop
  // Once nothing new has come for a moment; where a frame is quick, at the latest after half a
  // second. One of a software renderer takes longer than many steps of a slider and would hold it.
  void render_at_rest();

protected:
  void paintEvent(QPaintEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void showEvent(QShowEvent*) override;
  virtual void paint_over(QPainter&) {}

private:
  void start();
  void render_now();
  struct Window;
  std::unique_ptr<Window> window_;
  QString failure_;
  QImage picture_;
  bool pending_ = false;
  QTimer rest_;
  QElapsedTimer waiting_;
  qint64 frame_ms_ = 0; // the last frame
};

}
