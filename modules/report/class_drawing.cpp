#include "modules/report/class_drawing.h"

#include "modules/report/class_picture.h"
#include "modules/report/pictures.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
namespace {

QString q(const std::string& text) { return QString::fromStdString(text); }

QColor colour_of(const ClassMap& map, std::size_t k) {
  if (k >= map.colours.size()) return Qt::gray;
  const auto& c = map.colours[k];
  return QColor(c[0], c[1], c[2]);
}

QImage picture_of(const ClassMap& map) {
  const QImage image = class_image(map);
  constexpr int most = 2000; // pixels a side that a page shows
  return image.width() > most || image.height() > most
             ? image.scaled(most, most, Qt::KeepAspectRatio, Qt::FastTransformation)
             : image;
}

void legend(Flow& flow, const ClassMap& map, const std::vector<std::string>& names) {
  constexpr std::size_t columns = 3;
  const double width = flow.width() / columns;
  QRectF box;
  for (std::size_t k = 0; k < names.size(); ++k) {
    if (k % columns == 0) box = flow.take(13 * pt);
    const double x = box.left() + static_cast<double>(k % columns) * width;
    flow.painter().fillRect(QRectF(x, box.top() + 3 * pt, 7 * pt, 7 * pt), colour_of(map, k + 1));
    flow.put(QRectF(x + 11 * pt, box.top() + 1 * pt, width - 14 * pt, 12 * pt), q(names[k]),
             Style::Small, ink::muted);
  }
  flow.space(4 * pt);
}

void outlines(Flow& flow, const ReportInput& in, const ClassMap& map, const QRectF& area) {
  QPainter& painter = flow.painter();
  painter.save();
  painter.setClipRect(area);
  painter.translate(area.topLeft());
  painter.scale(area.width() / map.width, area.height() / map.height);
  painter.setBrush(Qt::NoBrush);
  for (const ReviewedFinding& f : in.review.findings) {
    if (f.state == FindingState::Proposed) continue;
    const QPainterPath path = outline(f.finding.footprint, 0);
    QPen below(Qt::black, 2 * pt), pen = pen_of(f.state, 0.9 * pt);
    below.setCosmetic(true);
    pen.setCosmetic(true);
    painter.strokePath(path, below);
    painter.strokePath(path, pen);
  }
  painter.restore();
}

}

std::filesystem::path draw_class_map(Flow& flow, const ReportInput& in) {
  const auto* cube = std::get_if<Cube>(&in.dataset);
  const std::vector<std::string> names = class_names(in.findings);
  const bool decided =
      std::any_of(in.review.findings.begin(), in.review.findings.end(),
                  [](const ReviewedFinding& f) { return f.state != FindingState::Proposed; });
  if (cube == nullptr || names.empty() || in.pictures.empty() || !decided) return {};
  const std::filesystem::path folder = in.pictures.front().first.parent_path();
  const ClassMap map = read_class_map(folder, cube->samples, cube->lines);
  if (map.empty()) return {};
  const ClassMap after =
      reviewed_map(map, names, in.findings, in.review, {.proposed = in.options.proposed_count});
  const QImage image = picture_of(after);
  const QSizeF shown =
      QSizeF(map.width, map.height).scaled(flow.width(), 300 * pt, Qt::KeepAspectRatio);
  flow.need(shown.height() + 60 * pt); // the heading stays with its picture
  flow.heading("Class map after review");
  const QRectF box = flow.take(shown.height() + 24 * pt);
  const QRectF area(box.topLeft(), shown);
  flow.painter().drawImage(area, image);
  outlines(flow, in, map, area);
  flow.put(QRectF(box.left(), area.bottom() + 2 * pt, flow.width(), 22 * pt),
           "Rejected regions are left out, relabelled ones have their new class. Outlines: regions "
           "that were decided on, by state. Pixels of no listed region are as proposed.",
           Style::Small, ink::muted);
  legend(flow, map, names);
  const auto proposed = class_counts(map, names.size()), left = class_counts(after, names.size());
  std::vector<QStringList> rows;
  for (std::size_t k = 0; k <= names.size(); ++k) {
    const std::size_t at = (k + 1) % (names.size() + 1); // "none" comes last
    rows.push_back({at == 0 ? QString("none") : q(names[at - 1]), QString::number(proposed[at]),
                    QString::number(left[at]),
                    q(fmt::format("{:.2f}", 100.0 * static_cast<double>(left[at]) /
                                                static_cast<double>(map.values.size())))});
  }
  flow.table({{"Class", 2},
              {"Pixels, proposed", 1, true},
              {"Pixels, after review", 1, true},
              {"Share, %", 1, true}},
             rows);
  return class_map_file(folder);
}

}
