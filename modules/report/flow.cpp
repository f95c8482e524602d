#include "modules/report/flow.h"

#include "modules/core/error.h"

#include <QFontDatabase>
#include <QFontMetricsF>
#include <QPdfWriter>
#include <QTextLayout>

#include <algorithm>
#include <numeric>

namespace sensorium {
namespace {

constexpr double page_width = 595.2 * pt, page_height = 841.8 * pt;
constexpr double margin = 46 * pt, top = 44 * pt, foot_height = 40 * pt;
constexpr double cell_padding = 3 * pt;

double line_height(const QFont& font, const QPaintDevice* device) {
  const QFontMetricsF metrics(font, device);
  return (metrics.ascent() + metrics.descent()) * 1.14;
}

// Control characters would break a line or vanish.
QString plain(QString text) {
  for (QChar& c : text) {
    if (c == '\n' || c == QChar::ParagraphSeparator)
      c = QChar::LineSeparator;
    else if (c.category() == QChar::Other_Control)
      c = ' ';
  }
  return text;
}

}

void set_up(QPdfWriter& writer, const QString& title) {
  writer.setPageSize(QPageSize(QPageSize::A4));
  writer.setPageMargins(QMarginsF(0, 0, 0, 0));
  writer.setResolution(units_per_inch);
  writer.setTitle(title);
  writer.setCreator("Sensorium");
}

QFont Flow::font(Style style) {
  QFont font;
  font.setFamilies(style == Style::Mono ? QStringList{"DejaVu Sans Mono", "monospace"}
                                        : QStringList{"DejaVu Sans", "sans-serif"});
  font.setHintingPreference(QFont::PreferNoHinting);
  // Joined letters would hide words from a search: any spacing parts them.
  font.setLetterSpacing(QFont::AbsoluteSpacing, 0.05);
  double size = 8.2;
  switch (style) {
  case Style::Title:
    size = 17;
    break;
  case Style::Heading:
    size = 11;
    break;
  case Style::Figure:
    size = 19;
    break;
  case Style::Small:
    size = 6.9;
    break;
  case Style::Mono:
    size = 7;
    break;
  case Style::Body:
  case Style::Strong:
    break;
  }
  font.setPixelSize(static_cast<int>(size * pt));
  font.setBold(style == Style::Title || style == Style::Heading || style == Style::Strong ||
               style == Style::Figure);
  return font;
}

Flow::Flow(QPdfWriter& device, QString foot, int pages, TextFilter filter)
    : device_(device), foot_(std::move(foot)), pages_(pages), filter_(std::move(filter)) {
  if (!painter_.begin(&device_)) throw Error(ErrorCode::Internal, "the PDF cannot be begun");
  painter_.setRenderHint(QPainter::Antialiasing);
  painter_.setRenderHint(QPainter::SmoothPixmapTransform);
  painter_.setRenderHint(QPainter::LosslessImageRendering);
  begin_page();
}

double Flow::width() const { return page_width - 2 * margin; }
double Flow::left() const { return margin; }
double Flow::bottom() const { return page_height - foot_height - 14 * pt; }

void Flow::begin_page() {
  if (page_++ > 0) device_.newPage();
  y_ = top;
  const QRectF foot(margin, page_height - foot_height, width(), 20 * pt);
  painter_.setPen(QPen(ink::rule, 0.6 * pt));
  painter_.drawLine(QPointF(foot.left(), foot.top() - 4 * pt),
                    QPointF(foot.right(), foot.top() - 4 * pt));
  put(QRectF(foot.left(), foot.top(), foot.width() - 70 * pt, foot.height()), foot_, Style::Small,
      ink::muted);
  put(QRectF(foot.right() - 68 * pt, foot.top(), 68 * pt, foot.height()),
      QString("Page %1 of %2").arg(page_).arg(pages_), Style::Small, ink::muted, Qt::AlignRight);
}

void Flow::need(double height) {
  if (y_ + height > bottom() && y_ > top) begin_page();
}

QRectF Flow::take(double height) {
  need(height);
  const QRectF box(margin, y_, width(), height);
  y_ += height;
  return box;
}

QStringList Flow::wrap(const QString& text, const QFont& font, double width) {
  const QString shown = plain(filter_ ? filter_(text) : text);
  QTextLayout layout(shown, font, &device_);
  QTextOption option;
  option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
  layout.setTextOption(option);
  layout.beginLayout();
  for (QTextLine line = layout.createLine(); line.isValid(); line = layout.createLine())
    line.setLineWidth(width);
  layout.endLayout();
  QStringList lines;
  for (int i = 0; i < layout.lineCount(); ++i) {
    QString part = shown.mid(layout.lineAt(i).textStart(), layout.lineAt(i).textLength());
    while (!part.isEmpty() && (part.back() == QChar::LineSeparator || part.back() == ' '))
      part.chop(1);
    lines << part;
  }
  return lines.isEmpty() ? QStringList{QString()} : lines;
}

void Flow::draw_lines(const QStringList& lines, const QRectF& box, const QFont& font,
                      const QColor& color, Qt::Alignment align) {
  const QFontMetricsF metrics(font, &device_);
  const double step = line_height(font, &device_);
  painter_.setFont(font);
  painter_.setPen(color);
  double y = box.top() + metrics.ascent() + (step - metrics.ascent() - metrics.descent()) / 2;
  for (const QString& line : lines) {
    const double free = box.width() - metrics.horizontalAdvance(line);
    const double x = align & Qt::AlignRight     ? box.left() + free
                     : align & Qt::AlignHCenter ? box.left() + free / 2
                                                : box.left();
    painter_.drawText(QPointF(x, y), line);
    y += step;
  }
}

double Flow::put(const QRectF& box, const QString& text, Style style, const QColor& color,
                 Qt::Alignment align) {
  const QFont f = font(style);
  const QStringList lines = wrap(text, f, box.width());
  draw_lines(lines, box, f, color, align);
  return static_cast<double>(lines.size()) * line_height(f, &device_);
}

double Flow::height_of(const QString& text, Style style, double width) {
  const QFont f = font(style);
  return static_cast<double>(wrap(text, f, width).size()) * line_height(f, &device_);
}

void Flow::heading(const QString& text) {
  need(60 * pt);
  space(12 * pt);
  const double height = height_of(text, Style::Heading, width());
  put(take(height), text, Style::Heading, ink::text);
  painter_.setPen(QPen(ink::accent, 1.2 * pt));
  painter_.drawLine(QPointF(margin, y_ + 1.5 * pt), QPointF(margin + 26 * pt, y_ + 1.5 * pt));
  space(6 * pt);
}

void Flow::text(const QString& text, Style style, const QColor& color) {
  const QFont f = font(style);
  const double step = line_height(f, &device_);
  for (const QString& line : wrap(text, f, width()))
    draw_lines({line}, take(step), f, color, Qt::AlignLeft);
  space(2 * pt);
}

void Flow::notice(const QString& title, const QString& text, const QColor& bar,
                  const QColor& shade) {
  const double inner = width() - 22 * pt;
  const double title_height = height_of(title, Style::Strong, inner);
  const double text_height = text.isEmpty() ? 0 : height_of(text, Style::Body, inner);
  const double height = title_height + text_height + 11 * pt;
  if (height > bottom() - top) { // longer than a page: as running text
    this->text(title, Style::Strong, bar);
    this->text(text);
    return;
  }
  const QRectF box = take(height);
  painter_.fillRect(box, shade);
  painter_.fillRect(QRectF(box.left(), box.top(), 3 * pt, box.height()), bar);
  put(QRectF(box.left() + 12 * pt, box.top() + 5 * pt, inner, title_height), title, Style::Strong,
      ink::text);
  if (!text.isEmpty())
    put(QRectF(box.left() + 12 * pt, box.top() + 5.5 * pt + title_height, inner, text_height), text,
        Style::Body, ink::text);
  space(6 * pt);
}

void Flow::pairs(const std::vector<std::pair<QString, QString>>& rows) {
  const double name_width = 118 * pt;
  const QFont f = font(Style::Body);
  const double step = line_height(f, &device_);
  for (const auto& [name, value] : rows) {
    const QStringList names = wrap(name, f, name_width - 6 * pt),
                      values = wrap(value, f, width() - name_width);
    for (int i = 0; i < std::max(names.size(), values.size()); ++i) {
      const QRectF line = take(step);
      if (i < names.size()) draw_lines({names[i]}, line, f, ink::muted, Qt::AlignLeft);
      if (i < values.size())
        draw_lines({values[i]},
                   QRectF(line.left() + name_width, line.top(), line.width() - name_width, step), f,
                   ink::text, Qt::AlignLeft);
    }
    space(1.6 * pt);
  }
}

void Flow::table_row(const std::vector<Column>& columns, const std::vector<double>& widths,
                     const QStringList& row, bool head) {
  const QFont f = font(head ? Style::Small : Style::Body);
  const double step = line_height(f, &device_);
  std::vector<QStringList> cells;
  qsizetype lines = 1;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const QString text =
        static_cast<qsizetype>(c) < row.size() ? row[static_cast<qsizetype>(c)] : QString();
    cells.push_back(wrap(text, f, widths[c] - 2 * cell_padding));
    lines = std::max(lines, cells.back().size());
  }
  if (const double height = static_cast<double>(lines) * step + 2 * cell_padding;
      height < (bottom() - top) / 2)
    need(height);
  y_ += cell_padding * 0.7;
  for (qsizetype i = 0; i < lines; ++i) { // a row longer than a page goes on on the next
    const QRectF line = take(step);
    if (head)
      painter_.fillRect(line.adjusted(0, i == 0 ? -cell_padding * 0.7 : 0, 0,
                                      i + 1 == lines ? cell_padding * 0.7 : 0),
                        ink::shade);
    double x = line.left();
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (i < cells[c].size())
        draw_lines(
            {cells[c][i]}, QRectF(x + cell_padding, line.top(), widths[c] - 2 * cell_padding, step),
            f, head ? ink::muted : ink::text, columns[c].right ? Qt::AlignRight : Qt::AlignLeft);
      x += widths[c];
    }
  }
  y_ += cell_padding * 0.7;
  painter_.setPen(QPen(ink::rule, 0.4 * pt));
  painter_.drawLine(QPointF(margin, y_), QPointF(margin + width(), y_));
}

void Flow::table(const std::vector<Column>& columns, const std::vector<QStringList>& rows) {
  double weights = 0;
  for (const Column& c : columns) weights += c.weight;
  std::vector<double> widths;
  QStringList titles;
  for (const Column& c : columns) {
    widths.push_back(width() * c.weight / weights);
    titles << c.title;
  }
  need(50 * pt);
  int page = page_;
  table_row(columns, widths, titles, true);
  for (const QStringList& row : rows) {
    if (y_ + 26 * pt > bottom()) begin_page();
    if (page != page_) {
      table_row(columns, widths, titles, true);
      page = page_;
    }
    table_row(columns, widths, row, false);
  }
  space(8 * pt);
}

}
