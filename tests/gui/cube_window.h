// A window with a made-up cube open.
#pragma once

#include "app/gui/cube_page.h"
#include "app/gui/spectra_panel.h"
#include "tests/gui/window_fixture.h"

#include <QComboBox>
#include <QStandardItemModel>

namespace sensorium {

class CubeWindow : public Window {
protected:
  void open_cube(const QString& name) {
    open(name);
    page_ = qobject_cast<CubePage*>(window_->page());
    ASSERT_NE(page_, nullptr);
    ASSERT_TRUE(shown());
  }
  CubeView* cube() { return page_->view(); }
  SpectraPanel* spectra() { return page_->spectra(); }
  bool shown() {
    return QTest::qWaitFor([this] { return !cube()->busy(); }, 60000);
  }
  bool read() {
    return QTest::qWaitFor([this] { return !spectra()->busy(); }, 60000);
  }
  QPoint middle_of(int x, int y) { return cube()->to_widget(QPointF(x + 0.5, y + 0.5)).toPoint(); }
  void click(int x, int y) {
    QTest::mouseClick(cube(), Qt::LeftButton, {}, middle_of(x, y));
    ASSERT_TRUE(read());
  }
  QColor color_at(int x, int y) {
    const QPixmap picture = cube()->grab();
    return picture.toImage().pixelColor(middle_of(x, y) * picture.devicePixelRatio());
  }
  bool can_show(const char* id) {
    const auto* model = qobject_cast<QStandardItemModel*>(page_->show_box()->model());
    return model->item(page_->show_box()->findData(id))->isEnabled();
  }
  CubePage* page_ = nullptr;
};

}
