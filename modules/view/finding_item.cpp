#include "modules/view/finding_item.h"

#include <QMap>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

const Measure* size_measure(const Finding& finding) {
  for (const char* name : {"diameter", "equivalent diameter", "largest diameter", "area", "volume"})
    for (const Measure& m : finding.measures)
      if (m.name == name) return &m;
  return finding.measures.empty() ? nullptr : &finding.measures.front();
}

QString pretty_unit(const QString& unit) {
  static const QMap<QString, QString> names{{"um", "µm"},   {"um2", "µm²"}, {"um3", "µm³"},
                                            {"mm2", "mm²"}, {"mm3", "mm³"}, {"px2", "px²"},
                                            {"px3", "px³"}, {"1", ""}};
  return names.value(unit, unit);
}

}

QColor color_of(FindingLook look) {
  switch (look) {
  case FindingLook::Machine:
    return "#e69f00";
  case FindingLook::Accepted:
    return "#1fc795"; // bluish green, lifted for black surroundings
  case FindingLook::Rejected:
    return "#d55e00";
  case FindingLook::Changed:
    return "#cc79a7";
  case FindingLook::Drawn:
    return "#f0e442";
  case FindingLook::InA:
  case FindingLook::OnlyA:
    return "#56b4e9";
  case FindingLook::InB:
  case FindingLook::OnlyB:
    return "#e69f00";
  }
  return "#ffffff";
}

QPen pen_of(FindingLook look, double width) {
  QPen pen(color_of(look), width);
  pen.setCosmetic(true);
  pen.setCapStyle(Qt::FlatCap);
  pen.setJoinStyle(Qt::MiterJoin);
  switch (look) {
  case FindingLook::Machine:
    pen.setDashPattern({4, 2});
    break;
  case FindingLook::Accepted:
    pen.setWidthF(width * 1.35);
    break;
  case FindingLook::Rejected:
    pen.setDashPattern({1, 2.5});
    break;
  case FindingLook::Changed:
    pen.setDashPattern({6, 2, 1, 2});
    break;
  case FindingLook::Drawn:
    pen.setWidthF(width * 2);
    break;
  case FindingLook::InA:
    break;
  case FindingLook::OnlyA:
    pen.setWidthF(width * 2);
    break;
  case FindingLook::InB:
    pen.setDashPattern({3, 2});
    break;
  case FindingLook::OnlyB:
    pen.setWidthF(width * 2);
    pen.setDashPattern({3, 1.5});
    break;
  }
  return pen;
}

QPainterPath marker_of(const QPainterPath& outline) {
  constexpr double least = 16;
  const QRectF box = outline.boundingRect();
  const double size = std::max(box.width(), box.height());
  if (size >= least) return outline;
  const double radius = std::max(least, size + 8) / 2;
  QPainterPath ring;
  ring.addEllipse(box.center(), radius, radius);
  return ring;
}

QString text_of(FindingLook look) {
  switch (look) {
  case FindingLook::Machine:
    return "proposed";
  case FindingLook::Accepted:
    return "accepted";
  case FindingLook::Rejected:
    return "rejected";
  case FindingLook::Changed:
    return "changed";
  case FindingLook::Drawn:
    return "drawn";
  case FindingLook::InA:
  case FindingLook::InB:
    return "both";
  case FindingLook::OnlyA:
    return "only A";
  case FindingLook::OnlyB:
    return "only B";
  }
  return {};
}

QString glyph_of(FindingLook look) {
  switch (look) {
  case FindingLook::Machine:
    return QStringLiteral("◌");
  case FindingLook::Accepted:
    return QStringLiteral("✓");
  case FindingLook::Rejected:
    return QStringLiteral("✕");
  case FindingLook::Changed:
    return QStringLiteral("✎");
  case FindingLook::Drawn:
    return QStringLiteral("●");
  case FindingLook::InA:
  case FindingLook::InB:
    return QStringLiteral("=");
  case FindingLook::OnlyA:
    return QStringLiteral("A");
  case FindingLook::OnlyB:
    return QStringLiteral("B");
  }
  return {};
}

QString measure_text(const Measure& m) {
  const QString unit = pretty_unit(QString::fromStdString(m.unit));
  const int decimals = m.value == static_cast<long long>(m.value) || m.value >= 100 ? 0 : 1;
  QString text = QString::number(m.value, 'f', decimals);
  if (!unit.isEmpty()) text += QChar(0x202f) + unit;
  return text;
}

QString size_text(const Finding& finding) {
  const Measure* m = size_measure(finding);
  return m ? measure_text(*m) : QStringLiteral("—");
}

double size_value(const Finding& finding) {
  const Measure* m = size_measure(finding);
  return m ? m->value : 0;
}

namespace {

const Measure* mean_measure(const Finding& finding) {
  const auto found = std::ranges::find_if(
      finding.measures, [](const Measure& m) { return m.name.starts_with("mean "); });
  return found == finding.measures.end() ? nullptr : &*found;
}

}

QString score_text(const Finding& finding) {
  if (finding.score >= 0) return QString::number(finding.score, 'f', 2);
  const Measure* m = mean_measure(finding);
  if (!m) return QStringLiteral("—");
  const double size = std::abs(m->value);
  return size >= 1e5 || (size < 0.001 && size > 0) ? QString::number(m->value, 'g', 2)
         : size >= 100                             ? QString::number(m->value, 'f', 0)
         : size >= 1                               ? QString::number(m->value, 'g', 3)
                                                   : QString::number(m->value, 'f', 3);
}

double score_value(const Finding& finding) {
  if (finding.score >= 0) return finding.score;
  const Measure* m = mean_measure(finding);
  return m ? m->value : 0;
}

}
