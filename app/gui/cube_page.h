// The centre for a hyperspectral cube: its picture (one band, three wavelengths, or a picture that
// hs2rgb made), and the spectra of places in it.
#pragma once

#include "app/gui/dataset_page.h"
#include "modules/review/class_map.h"
#include "modules/view/cube_view.h"

#include <QImage>

class QComboBox;
class QDoubleSpinBox;
class QHBoxLayout;
class QLabel;
class QProgressBar;
class QPushButton;
class QSlider;
class QSplitter;
class QStackedWidget;
class QToolButton;

namespace sensorium {

class ClassPanel;
class ElidedLabel;
class SpectraPanel;

class CubePage : public DatasetPage {
  Q_OBJECT
public:
  explicit CubePage(QWidget* parent = nullptr);
  void attach(CaseSession& session, ActionSet& actions) override;
  void show_dataset(std::shared_ptr<const Dataset> dataset) override;
  void show_result(const CaseSession& session) override;
  void set_items(FindingItems items) override;
  void select(const FindingItem* item) override;
  bool paints() const override;
  void set_tool(SliceTool tool) override;
  void step_brush(int by) override;
  void set_overlay_shown(bool shown) override;
  QColor label_color(const QString& label) const override;
  bool takes(const QString& action) const override;
  void act(const QString& action, bool on) override;
  QString scale_text() const override;
  QWidget* pictures() override;

  // "band", "three", or a route of hs2rgb that is made by a run: "cie", "pca", "mnf".
  void choose_show(const QString& what);
  QString shown() const;
  void set_band(int band);                             // of the one band that is shown
  void set_three(const std::array<double, 3>& places); // nm, or band numbers where nm are unknown
  void make_picture();                                 // a run of hs2rgb with what is chosen
  // A run of cube_analysis: "sam" and "unmix" with the kept spectra, or, where from_library is set,
  // with the library; "kmeans" and "rx" need neither.
  void sort_pixels(const QString& method, bool from_library);
  void open_library(const QString& file);
  ClassPanel* classes() const { return classes_; }
  // Throws Error as SpectraPanel::write_csv.
  void write_spectra(const QString& file);
  CubeView* view() const { return view_; }
  SpectraPanel* spectra() const { return spectra_; }
  QSlider* band_slider() const { return slider_; }
  QComboBox* show_box() const { return show_; }
  QString band_text() const;
  QString run_text() const; // the line about the file that the last run made
  QString hover_text() const;
  QString picture_path() const { return picture_path_; } // empty: none was made

protected:
  void showEvent(QShowEvent*) override;
  void hideEvent(QHideEvent*) override;
  void resizeEvent(QResizeEvent*) override;

private:
  QWidget* build_tools();
  QWidget* build_rows();
  QWidget* build_run_row();
  void connect_parts();
  void enable_shows();
  void refresh_show();
  void follow_parameters();
  void refresh_run();
  void show_bands();
  void load_picture();
  void add_class_actions(ActionSet& actions);
  void load_classes(const CaseSession& session);
  void take_classes(ClassMap map, const CaseSession& session);
  void refresh_classes(); // after a decision
  void refresh_mark();    // what the brush paints, and what a click does
  QString job_words() const;
  void ask_library();
  void ask_references();
  bool sorts_pixels() const; // the pipeline chosen is cube_analysis
  void place_hover(const QString& text);
  void say_passing(QPoint pixel, const std::vector<double>& values);
  void band_from_plot(int band);
  void ask_export();
  void enable_actions(bool on);
  std::array<int, 3> three_bands() const;
  std::array<double, 3> first_three() const;
  bool has_wavelengths() const { return cube_ && !cube_->wavelengths_nm.empty(); }
  bool is_open() const;
  bool makes_pictures() const; // there is a pipeline hs2rgb
  QString name_of_band(int band) const;

  CaseSession* session_ = nullptr;
  ActionSet* actions_ = nullptr;
  std::vector<QAction*> own_actions_;
  std::shared_ptr<const Cube> cube_;
  CubeView* view_;
  SpectraPanel* spectra_;
  ClassPanel* classes_;
  QSplitter* halves_ = nullptr;
  QHBoxLayout* tools_ = nullptr;
  QComboBox *show_, *stretch_;
  QStackedWidget* rows_;
  QSlider* slider_;
  QLabel *band_text_, *three_text_, *route_text_, *hover_;
  std::array<QDoubleSpinBox*, 3> three_{};
  QPushButton *make_three_, *make_route_;
  QWidget* run_row_;
  QProgressBar* progress_;
  QPushButton *stop_, *folder_, *copy_;
  ElidedLabel* run_text_;
  bool running_ = false, quiet_ = false;
  QString picture_route_, picture_path_, picture_failure_;
  QString made_what_, made_path_; // by the last run
  ClassMap class_map_;            // as analysed
  std::filesystem::path class_folder_;
  FindingItems items_;
  QAction* region_ = nullptr;
  QImage picture_;
  int generation_ = 0, class_generation_ = 0;
};

}
