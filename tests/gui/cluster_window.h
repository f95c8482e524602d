// The page of runs with the real command line and the queue of this machine.
#pragma once

#include "app/gui/cluster_page.h"
#include "app/gui/main_window.h"
#include "modules/core/file.h"

#include <gtest/gtest.h>

#include <QPushButton>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QTest>

namespace sensorium {

class Clusters : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_TRUE(folder_.isValid());
    qputenv("XDG_DATA_HOME", path("data").toUtf8());
    qputenv("XDG_CONFIG_HOME", path("config").toUtf8());
    window_ = std::make_unique<MainWindow>(WORKER, QStringList{"worker"},
                                           CaseStore(path("cases").toStdString()));
    window_->session().worker().set_hang_limit(600000);
    window_->show();
  }
  QString path(const QString& name) const { return folder_.filePath(name); }
  ClusterPage& page() { return window_->cluster_page(); }
  template<class Test> bool becomes(Test test) { return QTest::qWaitFor(test, 300000); }
  QPushButton* button(QWidget& parent, const QString& text) {
    for (QPushButton* b : parent.findChildren<QPushButton*>())
      if (b->text() == text) return b;
    return nullptr;
  }
  QString cell(int column) {
    return page().table()->rowCount() > 0 ? page().table()->item(0, column)->text() : QString();
  }
  QTemporaryDir folder_;
  std::unique_ptr<MainWindow> window_;
};

}
