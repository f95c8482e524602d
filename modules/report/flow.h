// Sets text, tables and pictures on A4 pages. Private to modules/report.
#pragma once

#include <QColor>
#include <QFont>
#include <QPainter>
#include <QRectF>
#include <QString>
#include <QStringList>

#include <functional>
#include <vector>

class QPdfWriter;

namespace sensorium {

// All lengths in units of a tenth of a point (720 dpi).
inline constexpr double pt = 10;
inline constexpr int units_per_inch = 720;

enum class Style { Title, Heading, Body, Strong, Small, Mono, Figure };

namespace ink {
inline const QColor text("#1b1d1f"), muted("#5a5f64"), rule("#d3d7da"), shade("#f3f5f6"),
    accent("#0072b2"), warning("#b35c00"), warning_shade("#fff3e0");
}

struct Column {
  QString title;
  double weight = 1;
  bool right = false;
};

// A4 without margins of the writer's own, in the units above; before the first Flow on it.
void set_up(QPdfWriter& writer, const QString& title);

using TextFilter = std::function<QString(const QString&)>;

class Flow {
public:
  // pages: what the foot of each page says as their number; 0 in the pass that counts them.
  Flow(QPdfWriter& device, QString foot, int pages, TextFilter filter);

  QPainter& painter() { return painter_; }
  double width() const;
  double left() const;
  int page() const { return page_; }

  void space(double height) { y_ += height; }
  void need(double height);   // begins a page when less is left
  QRectF take(double height); // a full-width box on one page
  void heading(const QString& text);
  void text(const QString& text, Style style = Style::Body, const QColor& color = ink::text);
  void notice(const QString& title, const QString& text, const QColor& bar, const QColor& shade);
  void pairs(const std::vector<std::pair<QString, QString>>& rows);
  void table(const std::vector<Column>& columns, const std::vector<QStringList>& rows);

  // One piece of text inside a box, wrapped; returns the height used.
  double put(const QRectF& box, const QString& text, Style style, const QColor& color = ink::text,
             Qt::Alignment align = Qt::AlignLeft);
  double height_of(const QString& text, Style style, double width);
  static QFont font(Style style);

private:
  QStringList wrap(const QString& text, const QFont& font, double width);
  void begin_page();
  void draw_lines(const QStringList& lines, const QRectF& box, const QFont& font,
                  const QColor& color, Qt::Alignment align);
  double bottom() const;
  struct Cell {
    QStringList lines;
  };
  void table_row(const std::vector<Column>& columns, const std::vector<double>& widths,
                 const QStringList& row, bool head);

  QPdfWriter& device_;
  QPainter painter_;
  QString foot_;
  int pages_, page_ = 0;
  double y_ = 0;
  TextFilter filter_;
};

}
