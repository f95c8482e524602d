// The spectra of a cube: the one under the pointer, and those that were kept, as curves and as a
// list. Read in other threads; a spectrum's place, name and colour are there at once.
#pragma once

#include "app/gui/library_panel.h"
#include "modules/imaging/spectra.h"
#include "modules/view/cube_view.h"
#include "modules/view/spectrum_plot.h"

#include <QThreadPool>
#include <QWidget>

#include <atomic>
#include <filesystem>
#include <memory>

class QLabel;
class QListWidget;
class QPushButton;

namespace sensorium {

class SpectraPanel : public QWidget {
  Q_OBJECT
public:
  explicit SpectraPanel(QWidget* parent = nullptr);
  ~SpectraPanel() override;
  // store: where the kept places are written after each change, and read from now; empty: nowhere.
  // Returns why the stored places could not be read, or nothing.
  QString set_cube(std::shared_ptr<const Cube> cube, const std::filesystem::path& store);
  void pass(QPoint pixel); // the latest wins
  void pass_nothing();
  int keep(const QRect& place); // returns its id
  void remove(int id);
  void remove_all();
  void select(int id); // 0: none
  int selected() const { return selected_; }
  void set_bands(std::vector<std::pair<int, QColor>> bands) { plot_->set_bands(std::move(bands)); }

  int count() const { return static_cast<int>(kept_.size()); }
  bool busy() const; // a kept spectrum is still being read
  QString name(int id) const;
  QRect place(int id) const;
  std::vector<CubeMarker> markers() const;
  const Spectrum* values(int id) const; // null while it is read
  std::vector<QRect> places() const;    // in the order of the list
  LibraryPanel* library() const { return library_; }
  SpectrumPlot* plot() const { return plot_; }
  QListWidget* list() const { return list_; }
  // Throws Error Conflict while one is read, Resources.
  void write_csv(const std::filesystem::path& file) const;

signals:
  void changed(); // the markers
  void selected_changed(QRect place);
  void passed(QPoint pixel, const std::vector<double>& values);
  void band_clicked(int band);
  void export_asked();
  void library_asked();
  void store_failed(const QString& why);

protected:
  void changeEvent(QEvent*) override;

private:
  struct Kept {
    int id = 0, slot = 0;
    QRect place;
    std::shared_ptr<const Spectrum> values;
    std::shared_ptr<std::atomic<bool>> stop = std::make_shared<std::atomic<bool>>(false);
    int percent = 0;
    QString failure;
  };
  const Kept* find(int id) const;
  void add(int slot, const QRect& place);
  void read(const Kept& kept);
  void take(int id, std::shared_ptr<const Spectrum> values, const QString& failure);
  void read_passing(QPoint pixel);
  void drop_all();
  void load();
  void save();
  void refresh();
  void refresh_list();
  void compare();
  std::shared_ptr<const Cube> cube_;
  std::filesystem::path store_;
  std::vector<Kept> kept_;
  int next_id_ = 1, selected_ = 0, generation_ = 0;
  std::optional<QPoint> wanted_, passing_;
  SpectrumPlot* plot_;
  QListWidget* list_;
  QLabel* heading_;
  QPushButton *remove_, *clear_, *export_, *known_;
  LibraryPanel* library_;
  int compared_ = -1; // the kept spectrum that the library was asked about
  bool quiet_ = false;
  QThreadPool pool_;
};

}
