// The legend of a map of classes, and how strongly it lies over the picture. Makes the overlay that
// a CubeView paints.
#pragma once

#include <QImage>
#include <QString>
#include <QWidget>

#include <vector>

class QLabel;
class QListWidget;
class QSlider;

namespace sensorium {

struct ClassEntry {
  QString name, share; // share: text, with its unit
};

class ClassPanel : public QWidget {
  Q_OBJECT
public:
  explicit ClassPanel(QWidget* parent = nullptr);
  // map: Indexed8, a pixel's value is its class from 1, 0 is none; colours from its table. A null
  // map clears. Entries: of the classes 1, 2 ...
  void set_map(QImage map, std::vector<ClassEntry> classes, const QString& title);
  bool has_map() const { return !map_.isNull(); }
  const QImage& overlay() const { return overlay_; } // ARGB32; hidden classes are transparent
  double opacity() const;                            // 0 to 1
  void set_opacity(double opacity);
  void set_shown(int number, bool shown); // a class from 1
  QString name_at(QPoint pixel) const;    // of the class there; empty: none
  QColor color(int number) const;
  QListWidget* list() const { return list_; }

signals:
  void changed();

private:
  void remake();
  QImage map_, overlay_;
  std::vector<ClassEntry> classes_;
  QLabel *heading_, *percent_;
  QListWidget* list_;
  QSlider* slider_;
  bool quiet_ = false;
};

}
