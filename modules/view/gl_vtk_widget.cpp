#include "modules/view/gl_vtk_widget.h"
#include "modules/view/theme.h"

#include <vtkCallbackCommand.h>
#include <vtkCommand.h>
#include <vtkGenericOpenGLRenderWindow.h>
#include <vtkNew.h>
#include <vtkObject.h>
#include <vtkRenderer.h>
#include <vtkUnsignedCharArray.h>

#include <QGuiApplication>
#include <QOffscreenSurface>
#include <QOpenGLContext>
#include <QPainter>
#include <QTimer>

// VTK's factories, which its CMake function would register.
#include <vtkAutoInit.h>
VTK_MODULE_INIT(vtkRenderingOpenGL2)
VTK_MODULE_INIT(vtkRenderingVolumeOpenGL2)

namespace sensorium {

struct GlVtkWidget::Window {
  QOffscreenSurface surface;
  QOpenGLContext context;
  vtkNew<vtkGenericOpenGLRenderWindow> render_window;
  vtkNew<vtkRenderer> renderer;
  vtkNew<vtkCallbackCommand> callback;
  bool current() const { return QOpenGLContext::currentContext() == &context; }

  bool create() {
    QSurfaceFormat format;
    format.setVersion(3, 2);
    format.setProfile(QSurfaceFormat::CoreProfile);
    surface.setFormat(format);
    surface.create();
    context.setFormat(format);
    return surface.isValid() && context.create() && context.makeCurrent(&surface) &&
           context.format().version() >= std::pair(3, 2);
  }

  void connect() {
    callback->SetClientData(this);
    callback->SetCallback([](vtkObject*, unsigned long event, void* client, void* data) {
      auto* self = static_cast<Window*>(client);
      if (event == vtkCommand::WindowMakeCurrentEvent) self->context.makeCurrent(&self->surface);
      if (event == vtkCommand::WindowIsCurrentEvent) *static_cast<bool*>(data) = self->current();
      if (event == vtkCommand::WindowSupportsOpenGLEvent) *static_cast<int*>(data) = 1;
      if (event == vtkCommand::WindowIsDirectEvent) *static_cast<int*>(data) = 1;
    });
    for (const auto event :
         {vtkCommand::WindowMakeCurrentEvent, vtkCommand::WindowIsCurrentEvent,
          vtkCommand::WindowSupportsOpenGLEvent, vtkCommand::WindowIsDirectEvent})
      render_window->AddObserver(event, callback);
    render_window->SetMultiSamples(0);
    render_window->SetFrameBlitModeToNoBlit();
    render_window->SetReadyForRendering(true);
    render_window->SetOwnContext(0);
    render_window->OpenGLInitContext();
    render_window->AddRenderer(renderer);
  }

  ~Window() {
    if (!context.isValid()) return;
    context.makeCurrent(&surface);
    render_window->Finalize();
    render_window->RemoveAllObservers();
    context.doneCurrent();
  }
};

GlVtkWidget::GlVtkWidget(QWidget* parent) : QWidget(parent) {
  setAttribute(Qt::WA_OpaquePaintEvent);
  rest_.setSingleShot(true);
  connect(&rest_, &QTimer::timeout, this, [this] { render_now(); });
}
GlVtkWidget::~GlVtkWidget() = default;

void GlVtkWidget::start() {
  if (window_ || !failure_.isEmpty()) return;
  vtkObject::GlobalWarningDisplayOff();
  const bool offscreen = QGuiApplication::platformName() == "offscreen" ||
                         QGuiApplication::platformName() == "minimal";
  auto window = offscreen ? nullptr : std::make_unique<Window>();
  if (!window || !window->create()) {
    failure_ = "This display has no OpenGL 3.2, so the 3-D view is off. Everything else works.";
    return;
  }
  window->connect();
  window_ = std::move(window);
  window_->context.doneCurrent();
}

vtkRenderer* GlVtkWidget::renderer() {
  start();
  return window_ ? window_->renderer.Get() : nullptr;
}

void GlVtkWidget::with_context(const std::function<void()>& work) {
  start();
  if (!window_) return;
  window_->context.makeCurrent(&window_->surface);
  work();
  window_->context.doneCurrent();
}

void GlVtkWidget::render_later() {
  if (pending_ || !isVisible()) return;
  pending_ = true;
  QTimer::singleShot(0, this, [this] { render_now(); });
}

void GlVtkWidget::render_at_rest() {
  constexpr int rest_ms = 120, longest_ms = 500, quick_ms = 16;
  if (!rest_.isActive()) waiting_.start();
  if (frame_ms_ > quick_ms || waiting_.elapsed() < longest_ms) rest_.start(rest_ms);
}

void GlVtkWidget::render_now() {
  pending_ = false;
  rest_.stop();
  if (!isVisible() || width() < 8 || height() < 8) return;
  QElapsedTimer timer;
  timer.start();
  with_context([this] {
    const QSize size = this->size() * devicePixelRatioF();
    vtkGenericOpenGLRenderWindow* w = window_->render_window;
    w->SetSize(size.width(), size.height());
    w->Render();
    vtkNew<vtkUnsignedCharArray> bytes;
    w->GetRGBACharPixelData(0, 0, size.width() - 1, size.height() - 1, 0, bytes);
    const QImage view(bytes->GetPointer(0), size.width(), size.height(), size.width() * 4,
                      QImage::Format_RGBX8888);
    picture_ = view.mirrored().convertToFormat(QImage::Format_RGB32);
    picture_.setDevicePixelRatio(devicePixelRatioF());
  });
  frame_ms_ = timer.elapsed();
  update();
}

void GlVtkWidget::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), theme_colors().imaging);
  if (!failure_.isEmpty()) {
    painter.setPen(QColor("#a6abb0"));
    painter.drawText(rect().adjusted(12, 12, -12, -12), Qt::AlignCenter | Qt::TextWordWrap,
                     failure_);
    return;
  }
  painter.drawImage(0, 0, picture_);
  paint_over(painter);
}

void GlVtkWidget::resizeEvent(QResizeEvent*) { render_later(); }
void GlVtkWidget::showEvent(QShowEvent*) { render_later(); }

}
