// A window with a made-up worker, and what tests do with it.
#pragma once

#include "app/gui/main_window.h"
#include "app/gui/review_area.h"
#include "modules/core/file.h"
#include "modules/view/findings_panel.h"
#include "modules/view/notice_bar.h"

#include <gtest/gtest.h>

#include <QApplication>
#include <QDropEvent>
#include <QMimeData>
#include <QTemporaryDir>
#include <QTest>
#include <QUrl>

namespace sensorium {

class Window : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_TRUE(folder_.isValid());
    window_ = std::make_unique<MainWindow>(FAKE_WORKER, QStringList{"worker"},
                                           CaseStore(path("cases").toStdString()));
    // A busy machine must not look like a worker that hangs.
    session().worker().set_hang_limit(600000);
    window_->show();
    QTest::qWait(1);
    window_->activateWindow();
  }
  void TearDown() override { window_.reset(); }

  QString path(const QString& name) const { return folder_.filePath(name); }
  QString file(const QString& name) const {
    write_atomically(path(name).toStdString(), ("content of " + name).toStdString());
    return path(name);
  }
  CaseSession& session() { return window_->session(); }
  FindingsPanel& findings() { return window_->findings_panel(); }
  SliceView* view() { return window_->review_area().slice_view(); }
  bool settled() {
    return QTest::qWaitFor([this] { return !session().busy() && !session().worker().busy(); },
                           120000);
  }
  void open(const QString& name) {
    ASSERT_TRUE(settled());
    session().open_file(file(name));
    ASSERT_TRUE(settled());
    ASSERT_EQ(session().stage(), CaseSession::Stage::Opened);
  }
  void open_and_run(const QString& name) {
    open(name);
    trigger("run");
    ASSERT_TRUE(settled());
    ASSERT_EQ(session().stage(), CaseSession::Stage::Analysed);
  }
  void trigger(const QString& id) {
    ASSERT_TRUE(window_->actions().find(id)->isEnabled()) << id.toStdString();
    window_->actions().find(id)->trigger();
  }
  void drop(const QStringList& files) {
    QMimeData data;
    QList<QUrl> urls;
    for (const QString& file : files) urls << QUrl::fromLocalFile(file);
    data.setUrls(urls);
    QDragEnterEvent enter({100, 100}, Qt::CopyAction, &data, Qt::LeftButton, {});
    QApplication::sendEvent(window_.get(), &enter);
    EXPECT_TRUE(enter.isAccepted());
    QDropEvent event(QPointF(100, 100), Qt::CopyAction, &data, Qt::LeftButton, {});
    QApplication::sendEvent(window_.get(), &event);
  }
  void drag(QPointF from, QPointF to) {
    const QPoint a = view()->to_widget(from).toPoint(), b = view()->to_widget(to).toPoint();
    QTest::mousePress(view(), Qt::LeftButton, {}, a);
    QTest::mouseMove(view(), (a + b) / 2);
    QTest::mouseMove(view(), b);
    QTest::mouseRelease(view(), Qt::LeftButton, {}, b);
  }
  FindingLook look(const QString& id) { return findings().item(id)->look; }
  std::size_t count() { return session().review().items()->size(); }
  void restart() {
    window_.reset();
    window_ = std::make_unique<MainWindow>(FAKE_WORKER, QStringList{"worker"},
                                           CaseStore(path("cases").toStdString()));
    session().worker().set_hang_limit(600000);
    window_->show();
    ASSERT_TRUE(settled());
  }

  QTemporaryDir folder_;
  std::unique_ptr<MainWindow> window_;
};

}
