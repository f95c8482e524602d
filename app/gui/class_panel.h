// The legend of a map of classes, how strongly it lies over the picture, and the tools of its
// review. Makes the overlay that a CubeView paints.
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

class ActionSet;

class ClassPanel : public QWidget {
  Q_OBJECT
public:
  explicit ClassPanel(QWidget* parent = nullptr);
  // map: Indexed8, a pixel's value is its class from 1, 0 is none; colours from its table. A null
  // map clears. Entries: of the classes 1, 2 ...
  void set_map(QImage map, std::vector<ClassEntry> classes, const QString& title);
  // The same classes at other pixels, or with other shares: what is hidden stays hidden.
  void update_map(QImage map, std::vector<ClassEntry> classes);
  void add_tools(ActionSet& actions); // of the review
  void set_hint(const QString& text); // below the legend; empty: none
  QString hint() const;
  int chosen() const;      // the class that is chosen in the legend, from 1; 0: none
  void choose(int number); // 0: none
  bool has_map() const { return !map_.isNull(); }
  const QImage& overlay() const { return overlay_; } // ARGB32; hidden classes are transparent
  double opacity() const;                            // 0 to 1
  void set_opacity(double opacity);
  void set_shown(int number, bool shown); // a class from 1
  QString name_at(QPoint pixel) const;    // of the class there; empty: none
  QColor color(int number) const;
  QColor color_of(const QString& name) const; // invalid: no such class
  QString name(int number) const;
  QListWidget* list() const { return list_; }

signals:
  void changed();
  void class_chosen(int number);    // 0: none
  void class_activated(int number); // by a double click, or Return

private:
  void remake();
  QImage map_, overlay_;
  std::vector<ClassEntry> classes_;
  QLabel *heading_, *percent_, *hint_;
  QWidget* tools_;
  QListWidget* list_;
  QSlider* slider_;
  bool quiet_ = false;
};

}
