#include "app/gui/send_dialog.h"

#include "app/gui/resources_form.h"
#include "app/gui/send_panel.h"
#include "modules/core/file.h"
#include "modules/view/theme.h"

#include <QVBoxLayout>

namespace sensorium {

SendDialog::SendDialog(const QString& program, const QString& name, const nlohmann::json& recipe,
                       QWidget* parent)
    : QDialog(parent) {
  setWindowTitle("Send to a cluster");
  resize(620, 560);
  const QString file = folder_.filePath("recipe.json");
  write_atomically(file.toStdString(), recipe.dump(2));
  panel_ = new SendPanel(program, false, [file](QString&) { return QStringList{"run", file}; });
  panel_->resources().set_name(name);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(2 * grid, 2 * grid, 2 * grid, 2 * grid);
  all->addWidget(panel_);
  connect(panel_, &SendPanel::done, this, &QDialog::accept);
  connect(panel_, &SendPanel::cancelled, this, &QDialog::reject);
}

bool SendDialog::sent() const { return panel_->sent(); }
QString SendDialog::site() const { return panel_->resources().site(); }
QString SendDialog::message() const { return panel_->message(); }
QTableWidget* SendDialog::files() const { return panel_->files(); }
QPushButton* SendDialog::send_button() const { return panel_->send_button(); }

}
