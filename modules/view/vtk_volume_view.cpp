#include "modules/view/vtk_volume_view.h"
#include "modules/view/theme.h"

#include <vtkActor.h>
#include <vtkCamera.h>
#include <vtkCellArray.h>
#include <vtkColorTransferFunction.h>
#include <vtkGlyph3DMapper.h>
#include <vtkImageData.h>
#include <vtkNew.h>
#include <vtkOpenGLGPUVolumeRayCastMapper.h>
#include <vtkPiecewiseFunction.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkPolyDataMapper.h>
#include <vtkProperty.h>
#include <vtkRenderer.h>
#include <vtkSphereSource.h>
#include <vtkUnsignedCharArray.h>
#include <vtkVolume.h>
#include <vtkVolumeProperty.h>

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include <algorithm>
#include <cstring>

namespace sensorium {

struct VtkVolumeView::Scene {
  vtkNew<vtkImageData> image;
  vtkNew<vtkOpenGLGPUVolumeRayCastMapper> mapper;
  vtkNew<vtkVolume> volume;
  vtkNew<vtkPolyData> places;
  vtkNew<vtkSphereSource> ball;
  vtkNew<vtkGlyph3DMapper> glyphs;
  vtkNew<vtkActor> balls;
  vtkNew<vtkPolyData> frame_data;
  vtkNew<vtkPolyDataMapper> frame_mapper;
  vtkNew<vtkActor> frame;
};

VtkVolumeView::VtkVolumeView(QWidget* parent)
    : GlVtkWidget(parent), scene_(std::make_unique<Scene>()) {
  setAccessibleName("3-D view");
  setAccessibleDescription(
      "Drag or arrows turn it, wheel, plus and minus zoom, double click or Home resets.");
  setMinimumSize(140, 120);
  setFocusPolicy(Qt::StrongFocus);
}

VtkVolumeView::~VtkVolumeView() {
  with_context([this] { scene_.reset(); });
}

void VtkVolumeView::set_volume(SmallVolume volume, double um_x, double um_y, double um_z,
                               int depth) {
  volume_ = std::move(volume);
  depth_ = depth;
  const double full[3] = {volume_.width * volume_.step_x, volume_.height * volume_.step_y,
                          volume_.depth * volume_.step_z};
  const bool known = um_x > 0 && um_y > 0 && um_z > 0;
  const double um[3] = {um_x, um_y, um_z};
  const double longest = known ? std::max({full[0] * um_x, full[1] * um_y, full[2] * um_z}) : 1;
  tall_ = known && full[1] * um_y < 0.5 * longest;
  const double shape[3] = {1, 0.5, 1};
  for (int i = 0; i < 3; ++i)
    unit_[i] =
        (i == 1 && tall_ ? 3 : 1) * (known ? um[i] / longest : shape[i] / std::max(full[i], 1.0));
  built_ = false;
  items_.reset();
  if (isVisible()) build();
  update();
}

void VtkVolumeView::showEvent(QShowEvent* event) {
  if (!built_) build();
  GlVtkWidget::showEvent(event);
}

void VtkVolumeView::build() {
  if (volume_.depth < 4 || !renderer()) return;
  built_ = true;
  vtkImageData* image = scene_->image;
  image->SetDimensions(volume_.width, volume_.height, volume_.depth);
  image->SetSpacing(unit_[0] * volume_.step_x, unit_[1] * volume_.step_y,
                    unit_[2] * volume_.step_z);
  image->AllocateScalars(VTK_UNSIGNED_CHAR, 1);
  std::memcpy(image->GetScalarPointer(), volume_.values.data(), volume_.values.size());
  image->Modified();
  scene_->mapper->SetInputData(image);
  scene_->mapper->SetBlendModeToComposite();
  scene_->mapper->SetAutoAdjustSampleDistances(1);
  vtkNew<vtkPiecewiseFunction> opacity;
  opacity->AddPoint(50, 0);
  opacity->AddPoint(110, 0.04);
  opacity->AddPoint(170, 0.2);
  opacity->AddPoint(255, 0.7);
  vtkNew<vtkColorTransferFunction> color;
  color->AddRGBPoint(0, 0, 0, 0);
  color->AddRGBPoint(255, 1, 1, 1);
  vtkVolumeProperty* property = scene_->volume->GetProperty();
  property->SetScalarOpacity(opacity);
  property->SetScalarOpacityUnitDistance(0.01);
  property->SetColor(color);
  property->SetInterpolationTypeToLinear();
  scene_->volume->SetMapper(scene_->mapper);
  scene_->ball->SetThetaResolution(10);
  scene_->ball->SetPhiResolution(10);
  scene_->glyphs->SetInputData(scene_->places);
  scene_->glyphs->SetSourceConnection(scene_->ball->GetOutputPort());
  scene_->glyphs->SetScaleModeToNoDataScaling();
  scene_->glyphs->SetScaleFactor(0.03);
  scene_->balls->SetMapper(scene_->glyphs);
  scene_->frame_mapper->SetInputData(scene_->frame_data);
  scene_->frame->SetMapper(scene_->frame_mapper);
  scene_->frame->GetProperty()->SetColor(0.34, 0.71, 0.91);
  scene_->frame->GetProperty()->SetLighting(false);
  vtkRenderer* r = renderer();
  r->AddVolume(scene_->volume);
  r->AddActor(scene_->balls);
  r->AddActor(scene_->frame);
  const QColor back = theme_colors().imaging;
  r->SetBackground(back.redF(), back.greenF(), back.blueF());
  place_items();
  place_frame();
  reset_camera();
}

void VtkVolumeView::reset_camera() {
  vtkRenderer* r = renderer();
  if (!r || !built_) return;
  vtkCamera* camera = r->GetActiveCamera();
  camera->SetFocalPoint(0, 0, 0);
  camera->SetPosition(0.55, -0.75, -1.0);
  camera->SetViewUp(0, -1, 0);
  r->ResetCamera();
  camera->Zoom(std::min(1.3, 1.15 * width() / std::max(1, height())));
  render_later();
}

void VtkVolumeView::changeEvent(QEvent* event) {
  if (built_ && event->type() == QEvent::PaletteChange) {
    const QColor back = theme_colors().imaging;
    renderer()->SetBackground(back.redF(), back.greenF(), back.blueF());
    render_later();
  }
  GlVtkWidget::changeEvent(event);
}

void VtkVolumeView::set_items(FindingItems items) {
  items_ = std::move(items);
  if (built_) place_items();
}

void VtkVolumeView::set_selected(const QString& id) {
  selected_ = id;
  if (built_) place_items();
}

void VtkVolumeView::place_items() {
  vtkNew<vtkPoints> points;
  vtkNew<vtkUnsignedCharArray> colors;
  colors->SetNumberOfComponents(3);
  colors->SetName("colors");
  const std::string chosen = selected_.toStdString();
  for (std::size_t i = 0; items_ && i < items_->size(); ++i) {
    const FindingItem& item = (*items_)[i];
    if (item.look == FindingLook::Rejected) continue;
    const auto& c = item.finding.centroid;
    points->InsertNextPoint(c[0] * unit_[0], c[1] * unit_[1], c[2] * unit_[2]);
    const QColor color = chosen == item.finding.id ? QColor(Qt::white) : color_of(item.look);
    const unsigned char rgb[3] = {static_cast<unsigned char>(color.red()),
                                  static_cast<unsigned char>(color.green()),
                                  static_cast<unsigned char>(color.blue())};
    colors->InsertNextTypedTuple(rgb);
  }
  scene_->places->SetPoints(points);
  scene_->places->GetPointData()->SetScalars(colors);
  scene_->places->Modified();
  render_at_rest();
}

void VtkVolumeView::place_frame() {
  const double w = volume_.width * volume_.step_x * unit_[0],
               h = volume_.height * volume_.step_y * unit_[1];
  const double z = slice_ * unit_[2];
  vtkNew<vtkPoints> points;
  points->InsertNextPoint(0, 0, z);
  points->InsertNextPoint(w, 0, z);
  points->InsertNextPoint(w, h, z);
  points->InsertNextPoint(0, h, z);
  const vtkIdType loop[5] = {0, 1, 2, 3, 0};
  vtkNew<vtkCellArray> lines;
  lines->InsertNextCell(5, loop);
  scene_->frame_data->SetPoints(points);
  scene_->frame_data->SetLines(lines);
  scene_->frame_data->Modified();
  render_at_rest();
}

void VtkVolumeView::set_slice(int z) {
  slice_ = z;
  if (built_) place_frame();
}

void VtkVolumeView::paint_over(QPainter& painter) {
  QFont font = painter.font();
  font.setPointSize(small_text);
  painter.setFont(font);
  painter.setPen(QColor("#c8ccd0"));
  if (hasFocus()) {
    painter.setPen(QPen(theme_colors().accent, 2));
    painter.drawRect(rect().adjusted(1, 1, -1, -1));
    painter.setPen(QColor("#c8ccd0"));
  }
  if (built_)
    painter.drawText(QPointF(8, 16), tall_ ? "3-D, depth × 3" : "3-D");
  else
    painter.drawText(rect().adjusted(12, 12, -12, -12), Qt::AlignCenter | Qt::TextWordWrap,
                     depth_ > 0 && depth_ < 4 ? "A 3-D view needs at least four B-scans." : "");
}

void VtkVolumeView::mousePressEvent(QMouseEvent* event) { drag_ = event->position(); }

void VtkVolumeView::turn(double across, double up) {
  if (!built_) return;
  vtkCamera* camera = renderer()->GetActiveCamera();
  camera->Azimuth(across);
  camera->Elevation(up);
  camera->OrthogonalizeViewUp();
  renderer()->ResetCameraClippingRange();
  render_later();
}

void VtkVolumeView::zoom(double factor) {
  if (!built_) return;
  renderer()->GetActiveCamera()->Zoom(factor);
  render_later();
}

void VtkVolumeView::mouseMoveEvent(QMouseEvent* event) {
  const QPointF d = event->position() - drag_;
  drag_ = event->position();
  if (event->buttons() & Qt::LeftButton) turn(-d.x() * 0.5, d.y() * 0.5);
}

void VtkVolumeView::wheelEvent(QWheelEvent* event) {
  event->accept();
  zoom(event->angleDelta().y() > 0 ? 1.1 : 1 / 1.1);
}

void VtkVolumeView::keyPressEvent(QKeyEvent* event) {
  constexpr double step = 10;
  switch (event->key()) {
  case Qt::Key_Left:
    return turn(step, 0);
  case Qt::Key_Right:
    return turn(-step, 0);
  case Qt::Key_Up:
    return turn(0, -step);
  case Qt::Key_Down:
    return turn(0, step);
  case Qt::Key_Plus:
  case Qt::Key_Equal:
    return zoom(1.1);
  case Qt::Key_Minus:
    return zoom(1 / 1.1);
  case Qt::Key_Home:
    return reset_camera();
  default:
    QWidget::keyPressEvent(event);
  }
}

void VtkVolumeView::mouseDoubleClickEvent(QMouseEvent*) { reset_camera(); }

}

extern "C" sensorium::VolumeView* sensorium_make_volume_view() {
  return new sensorium::VtkVolumeView;
}
