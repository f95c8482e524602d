#include "app/gui/dataset_page.h"

#include "app/gui/clip_page.h"
#include "app/gui/cube_page.h"
#include "app/gui/no_view_page.h"
#include "app/gui/signal_page.h"
#include "modules/view/slice_view.h"

namespace sensorium {
namespace {

struct PageOfKind {
  std::string_view kind;
  DatasetPage* (*make)();
};

// One line for each kind.
constexpr PageOfKind pages[] = {
    {"volume", nullptr},
    {"video", []() -> DatasetPage* { return new ClipPage; }},
    {"cube", []() -> DatasetPage* { return new CubePage; }},
    {"recording", []() -> DatasetPage* { return new SignalPage; }},
};

}

void DatasetPage::set_tool(SliceTool tool) {
  if (SliceView* view = slice_view()) view->set_tool(tool);
}

void DatasetPage::step_brush(int by) {
  if (SliceView* view = slice_view()) view->set_brush_radius(view->brush_radius() + by);
}

void DatasetPage::set_overlay_shown(bool shown) {
  if (SliceView* view = slice_view()) view->set_overlay_shown(shown);
}

QString text_of(ScaleSource source) {
  switch (source) {
  case ScaleSource::HeaderTag:
    return "file header";
  case ScaleSource::VendorField:
    return "vendor field";
  case ScaleSource::UserEntry:
    return "entered by hand";
  case ScaleSource::Phantom:
    return "phantom";
  case ScaleSource::Unknown:
    break;
  }
  return "unknown";
}

DatasetPage* make_dataset_page(std::string_view kind) {
  for (const PageOfKind& page : pages)
    if (page.kind == kind) return page.make ? page.make() : nullptr;
  return new NoViewPage(QString::fromUtf8(kind.data(), static_cast<qsizetype>(kind.size())));
}

}
