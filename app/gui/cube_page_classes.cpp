// What sorts the pixels of a cube, the library of known spectra, white and dark references.
#include "app/gui/actions.h"
#include "app/gui/cube_files.h"
#include "app/gui/cube_page.h"
#include "app/gui/references_dialog.h"
#include "app/gui/spectra_panel.h"
#include "modules/core/error.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QMenu>
#include <QPointer>
#include <QToolButton>

namespace sensorium {
namespace {

QToolButton* menu_button(const QString& text, const QString& help,
                         const std::vector<QAction*>& actions, QWidget* parent) {
  auto* button = new QToolButton;
  auto* menu = new QMenu(parent);
  for (QAction* action : actions) menu->addAction(action);
  button->setText(text);
  button->setToolTip(help);
  button->setAccessibleName(text);
  button->setMenu(menu);
  button->setPopupMode(QToolButton::InstantPopup);
  button->setToolButtonStyle(Qt::ToolButtonTextOnly);
  button->setFocusPolicy(Qt::TabFocus);
  return button;
}

// As the pipeline's parameter `places` takes them.
std::string places_text(const std::vector<QRect>& places) {
  QStringList out;
  for (const QRect& r : places)
    out << QString("%1,%2,%3,%4").arg(r.x()).arg(r.y()).arg(r.width()).arg(r.height());
  return out.join("; ").toStdString();
}

}

bool CubePage::sorts_pixels() const {
  return session_ && session_->pipeline() && session_->pipeline()->id == "cube_analysis";
}

void CubePage::add_class_actions(ActionSet& actions) {
  const auto add = [&](const char* id, const char* text, const std::function<void()>& work) {
    QAction* action = actions.add(id, text, "", "", work, "Cube");
    own_actions_.push_back(action);
    return action;
  };
  const std::vector<QAction*> sorts{
      add("cube_like_kept", "Classes like the kept spectra", [this] { sort_pixels("sam", false); }),
      add("cube_like_library", "Classes like the library", [this] { sort_pixels("sam", true); }),
      add("cube_clusters", "Clusters", [this] { sort_pixels("kmeans", false); }),
      add("cube_anomalies", "Anomalies", [this] { sort_pixels("rx", false); }),
      add("cube_mixtures", "Mixtures of the kept spectra",
          [this] { sort_pixels("unmix", false); })};
  QAction* references =
      add("cube_references", "White and dark references", [this] { ask_references(); });
  add("cube_library", "Open a library of known spectra", [this] { ask_library(); });
  QAction* shown = actions.add_toggle(
      "cube_classes", "Show the classes", "layers", "H", true,
      [this](bool on) { view_->set_overlay_shown(on); }, "Cube");
  own_actions_.push_back(shown);
  tools_->addWidget(menu_button("Classes", "Sort the pixels by their spectra", sorts, this));
  references->setIconText("References"); // what the button shows, also after the action changed
  QToolButton* calibrate = tool_button(references);
  calibrate->setAutoRaise(false); // a word in a frame, as the button of the classes
  calibrate->setToolTip("White and dark references: values become reflectance");
  tools_->addWidget(calibrate);
}

void CubePage::sort_pixels(const QString& method, bool from_library) {
  if (!is_open() || running_) return;
  const std::vector<QRect> places = spectra_->places();
  const bool compares = method == "sam" || method == "sid" || method == "unmix";
  const auto refuse = [&](const QString& what, const QString& hint) {
    emit session_->problem({what, hint, {}, {}});
  };
  if (compares && from_library && !spectra_->library()->has_library())
    return refuse("No library of known spectra is open.",
                  "Open one with Library below the spectra.");
  if (compares && !from_library && places.size() < 2)
    return refuse("Classes like the kept spectra need at least two of them.",
                  "Click into the picture to keep a spectrum of each material.");
  nlohmann::json changes{{"method", method.toStdString()}, {"library", ""}, {"places", ""}};
  if (compares && from_library)
    changes["library"] = spectra_->library()->file().toStdString();
  else if (compares)
    changes["places"] = places_text(places);
  session_->run_with("cube_analysis", changes);
}

void CubePage::ask_library() {
  if (!cube_) return;
  const QString file = QFileDialog::getOpenFileName(this, "A library of known spectra", {},
                                                    "ENVI libraries (*.sli *.hdr);;All (*)");
  if (!file.isEmpty()) open_library(file);
}

void CubePage::open_library(const QString& file) {
  if (!session_) return;
  QPointer<CubePage> self(this);
  const auto failed = [self](const QString& message, const QString& hint) {
    if (self) emit self->session_->problem({message, hint, {}, {}});
  };
  open_cube_file(
      session_->worker(), file,
      [self, file, failed](std::shared_ptr<const Cube> cube) {
        if (!self) return;
        try {
          self->spectra_->library()->set_library(library_of(*cube), file);
        } catch (const Error& e) {
          failed(QString::fromStdString(e.what()), QString::fromStdString(e.hint()));
        }
      },
      failed);
}

void CubePage::ask_references() {
  if (!is_open() || running_) return;
  const QString pipeline = sorts_pixels() ? "cube_analysis" : "hs2rgb";
  const nlohmann::json now =
      session_->pipeline() && session_->pipeline()->id == pipeline.toStdString()
          ? session_->parameters()
          : nlohmann::json::object();
  auto* dialog = new ReferencesDialog(cube_, session_->worker(), now, this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &QDialog::accepted, this, [this, dialog, pipeline] {
    session_->change_parameters(pipeline, dialog->changes());
    emit session_->news("The next run uses these references.");
  });
  dialog->open();
}

}
