// What fills the centre while a recording is open. Which page shows which kind of dataset (kind_of)
// is one table in dataset_page.cpp: a new kind is a new file NAME_page.cpp (found by its name) and
// one line there. Volumes are shown by ReviewArea, which the window itself holds.
//
// The window keeps everything else: opening, running, findings list, parameters, log, report. A
// page draws values that it is handed and says what was clicked; it computes no result.
#pragma once

#include "app/gui/case_session.h"
#include "modules/view/finding_item.h"

#include <QWidget>

#include <memory>
#include <string_view>

namespace sensorium {

class ActionSet;
class SliceView;
enum class SliceTool;

class DatasetPage : public QWidget {
  Q_OBJECT
public:
  using QWidget::QWidget;
  // Once, after it was made: a page that starts runs or brings actions of its own.
  virtual void attach(CaseSession& session, ActionSet& actions) { (void)session, (void)actions; }
  // A recording was opened: what was shown before is forgotten. Never null, of the page's kind.
  virtual void show_dataset(std::shared_ptr<const Dataset> dataset) = 0;
  // After a run, and when a stored result was loaded: read session.findings(), maps(),
  // parameters(), provenance() here; keep no reference.
  virtual void show_result(const CaseSession& session) { (void)session; }
  // The findings as reviewed, after each event and each live recount. May be null: none.
  virtual void set_items(FindingItems items) { (void)items; }
  // Shows this finding; null: none is chosen.
  virtual void select(const FindingItem* item) { (void)item; }
  // What is painted and measured on; null: this page has no slices or frames.
  virtual SliceView* slice_view() const { return nullptr; }
  // Strokes: whether there is something to paint on here, the tool, the brush's size, and hiding
  // all overlays for a moment. By default those of slice_view().
  virtual bool paints() const { return slice_view() != nullptr; }
  virtual void set_tool(SliceTool tool);
  virtual void step_brush(int by);
  virtual void set_overlay_shown(bool shown);
  // The colour of a label where the page has one; else invalid.
  virtual QColor label_color(const QString& label) const { return (void)label, QColor(); }
  // The window's actions that mean something here ("fit", "play", "slice_next" ...), and doing one.
  // The others are disabled.
  virtual bool takes(const QString& action) const { return (void)action, false; }
  virtual void act(const QString& action, bool on) { (void)action, (void)on; }
  // The status bar's left text: each scale with its unit and source ("20 kHz (file header)").
  virtual QString scale_text() const { return {}; }
  // What "Save this view as a picture" writes: no names, no file names, no patient text.
  virtual QWidget* pictures() { return this; }

signals:
  void item_clicked(const QString& id);
  void stroke_finished(const std::vector<sensorium::Run>& runs, bool erase);
  void label_colors_changed();
};

// "file header", "vendor field" ... for texts beside a number.
QString text_of(ScaleSource source);

// The page for this kind, owned by the caller. Null: ReviewArea shows it. A kind without a page
// gets one that says so and shows the facts that the file states.
DatasetPage* make_dataset_page(std::string_view kind);

}
