// Known spectra beside the kept ones: which are nearest to the chosen one, and one of them as a
// curve.
#pragma once

#include "modules/imaging/spectral_library.h"
#include "modules/view/spectrum_plot.h"

#include <QWidget>

#include <optional>
#include <vector>

class QLabel;
class QListWidget;

namespace sensorium {

class LibraryPanel : public QWidget {
  Q_OBJECT
public:
  explicit LibraryPanel(QWidget* parent = nullptr);
  void set_library(SpectralLibrary library, const QString& file);
  void clear();
  bool has_library() const { return library_.has_value(); }
  QString file() const { return file_; }
  // The chosen spectrum; empty values: none.
  void compare(const QString& name, const std::vector<double>& values,
               const std::vector<double>& nm, const std::vector<std::uint8_t>& bad);
  // The match that is chosen in the list, scaled to the compared spectrum by least squares.
  std::optional<SpectrumCurve> curve() const;
  QListWidget* list() const { return list_; }
  QString heading() const;

signals:
  void changed();

private:
  void choose(int row);
  std::optional<SpectralLibrary> library_;
  QString file_;
  std::vector<double> values_, nm_;
  std::vector<std::uint8_t> bad_;
  std::vector<LibraryMatch> matches_;
  int chosen_ = -1;
  QLabel *heading_, *note_;
  QListWidget* list_;
};

}
