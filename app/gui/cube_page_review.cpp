// Regions of a cube under review: shown, painted, saved as a map of classes.
#include "app/gui/actions.h"
#include "app/gui/class_panel.h"
#include "app/gui/cube_page.h"
#include "modules/core/error.h"

#include <QFileDialog>

namespace sensorium {

void CubePage::set_items(FindingItems items) {
  view_->set_items(std::move(items));
  if (session_ && is_open()) classes_->set_review(session_->findings(), session_->review().state());
}

void CubePage::select(const FindingItem* item) {
  view_->set_selected_item(item ? QString::fromStdString(item->finding.id) : QString());
  if (!item || item->finding.footprint.empty()) return;
  const auto& box = item->finding.box;
  view_->show_place(QRect(QPoint(box[0], box[1]), QPoint(box[3], box[4])));
}

bool CubePage::act_on_regions(const QString& action, bool on) {
  if (action == "brush" || action == "erase") {
    if (region_action_) region_action_->setChecked(false);
    view_->set_tool(action == "brush" ? CubeTool::Brush : CubeTool::Erase);
  } else if (action == "browse") {
    const bool region = region_action_ && region_action_->isChecked();
    view_->set_tool(region ? CubeTool::Region : CubeTool::Look);
  } else if (action == "brush_larger" || action == "brush_smaller") {
    view_->set_brush_radius(view_->brush_radius() + (action == "brush_larger" ? 1 : -1));
  } else if (action == "overlay") {
    const QAction* classes = actions_ ? actions_->find("cube_classes") : nullptr;
    view_->set_items_shown(on);
    view_->set_overlay_shown(on && (!classes || classes->isChecked()));
  } else {
    return false;
  }
  return true;
}

void CubePage::write_reviewed_map(const QString& file) {
  const QImage& map = classes_->reviewed_map();
  if (map.isNull())
    throw Error(ErrorCode::Usage, "there is no map of classes to save",
                "sort the pixels first: button Classes");
  if (!map.save(file, "PNG"))
    throw Error(ErrorCode::Resources,
                "the map of classes cannot be written to '" + file.toStdString() + "'",
                "choose a folder that can be written, and a name that ends in .png");
}

void CubePage::ask_reviewed_map() {
  if (!session_ || !is_open()) return;
  const QString own =
      QString::fromStdString((session_->entry().folder / "classes_reviewed.png").string());
  const QString file = QFileDialog::getSaveFileName(this, "Save the class map as reviewed", own,
                                                    "Palette picture (*.png)");
  if (file.isEmpty()) return;
  try {
    write_reviewed_map(file);
    emit session_->news("Class map written: " + file);
  } catch (const Error& e) {
    emit session_->problem(
        {QString::fromStdString(e.what()), QString::fromStdString(e.hint()), {}, {}});
  }
}

}
