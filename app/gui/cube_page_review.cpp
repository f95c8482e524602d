// The class map over the picture of a cube, and the review of its regions. Decisions go through the
// session, like those on any other page.
#include "app/gui/actions.h"
#include "app/gui/class_panel.h"
#include "app/gui/cube_page.h"
#include "modules/report/class_picture.h"
#include "modules/view/slice_view.h"

#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>

#include <algorithm>

namespace sensorium {
namespace {

QString title_of(const Findings& findings) {
  const std::string method = findings.parameters().value("method", "");
  return method == "kmeans"  ? "Clusters"
         : method == "rx"    ? "Anomalies"
         : method == "unmix" ? "Largest abundance"
         : method == "sid"   ? "Nearest by divergence"
         : method == "sam"   ? "Nearest by angle"
                             : "Likeliest class";
}

std::vector<ClassEntry> entries_of(const ClassMap& map, const std::vector<std::string>& names) {
  const auto counts = class_counts(map, names.size());
  std::vector<ClassEntry> out;
  for (std::size_t k = 0; k < names.size(); ++k)
    out.push_back({QString::fromStdString(names[k]),
                   QString("%1 %").arg(100.0 * static_cast<double>(counts[k + 1]) /
                                           static_cast<double>(map.values.size()),
                                       0, 'f', 2)});
  return out;
}

}

void CubePage::load_classes(const CaseSession& session) {
  const int number = ++class_generation_;
  class_map_ = {};
  class_folder_ = session.entry().folder;
  classes_->set_map({}, {}, {});
  refresh_run();
  if (class_names(session.findings()).empty()) return;
  QPointer<CubePage> self(this);
  QPointer<const CaseSession> from(&session);
  QThreadPool::globalInstance()->start([self, from, number, cube = cube_, folder = class_folder_] {
    auto map = std::make_shared<ClassMap>(read_class_map(folder, cube->samples, cube->lines));
    QMetaObject::invokeMethod(QCoreApplication::instance(), [self, from, map, number, cube] {
      if (self && from && self->class_generation_ == number && self->cube_ == cube)
        self->take_classes(std::move(*map), *from);
    });
  });
}

void CubePage::take_classes(ClassMap map, const CaseSession& session) {
  if (session.entry().folder != class_folder_) return;
  if (map.empty()) {
    emit session_->problem({"The class map cannot be shown: it cannot be read, or is too large.",
                            "Run the pipeline again, or open the files of the result folder in "
                            "another program.",
                            {},
                            {}});
    return;
  }
  class_map_ = std::move(map);
  const std::vector<std::string> names = class_names(session.findings());
  classes_->set_map(class_image(class_map_), entries_of(class_map_, names),
                    title_of(session.findings()));
  made_what_ = "Class map";
  made_path_ = QString::fromStdString(class_map_file(class_folder_).string());
  refresh_run();
  refresh_classes();
  refresh_mark();
  emit label_colors_changed();
}

// The map follows the decisions of its own case; that of an earlier run stays as it was.
void CubePage::refresh_classes() {
  if (class_map_.empty() || !session_ || session_->entry().folder != class_folder_) return;
  const std::vector<std::string> names = class_names(session_->findings());
  const ClassMap map =
      reviewed_map(class_map_, names, session_->findings(), session_->review().state());
  classes_->update_map(class_image(map), entries_of(map, names));
}

void CubePage::set_items(FindingItems items) {
  items_ = std::move(items);
  view_->set_items(items_);
  refresh_classes();
  refresh_mark();
}

void CubePage::select(const FindingItem* item) {
  view_->set_selected(item ? QString::fromStdString(item->finding.id) : QString());
  if (!item || item->finding.footprint.empty()) return;
  const auto& box = item->finding.box;
  view_->show_region(QRect(QPoint(box[0], box[1]), QPoint(box[3], box[4])));
}

bool CubePage::paints() const {
  return is_open() && session_->stage() == CaseSession::Stage::Analysed &&
         !session_->labels().isEmpty();
}

void CubePage::set_tool(SliceTool tool) {
  const bool brush = tool == SliceTool::Brush || tool == SliceTool::Erase;
  if (brush && region_) region_->setChecked(false);
  classes_->choose(0);
  view_->set_tool(tool == SliceTool::Brush          ? CubeTool::Brush
                  : tool == SliceTool::Erase        ? CubeTool::Erase
                  : region_ && region_->isChecked() ? CubeTool::Region
                                                    : CubeTool::Look);
  if (brush) view_->setFocus();
  refresh_mark();
}

void CubePage::step_brush(int by) { view_->set_brush_radius(view_->brush_radius() + by); }

void CubePage::set_overlay_shown(bool shown) {
  const QAction* wanted = actions_ ? actions_->find("cube_classes") : nullptr;
  view_->set_overlay_shown(shown && (!wanted || wanted->isChecked()));
}

QColor CubePage::label_color(const QString& label) const { return classes_->color_of(label); }

void CubePage::refresh_mark() {
  if (!session_) return;
  const bool brush = view_->tool() == CubeTool::Brush;
  const int number = brush ? classes_->chosen() : 0;
  const QString name = classes_->name(number);
  if (is_open()) session_->set_mark(name);
  view_->set_brush_color(name.isEmpty() ? QColor() : classes_->color(number));
  classes_->set_hint(
      !paints()         ? QString()
      : !name.isEmpty() ? QString("The brush paints %1.").arg(name)
      : brush           ? QString("The brush adds to the region that it touches. Choose a class "
                                            "here to paint that one.")
      : view_->tool() == CubeTool::Erase
          ? QString("The eraser takes from the region that it touches.")
          : QString("Click: choose a region. Ctrl + click: keep the spectrum there."));
}

}
