#include "modules/view/theme.h"

#include <QApplication>
#include <QFile>
#include <QPainter>
#include <QPalette>
#include <QPixmap>
#include <QStyleFactory>
#include <QSvgRenderer>

#include <algorithm>
#include <array>
#include <cmath>

namespace sensorium {
namespace {

Theme applied = Theme::Dark;

QString sheet_of(const ThemeColors& c) {
  QFile file(":/sensorium/view/theme.qss");
  if (!file.open(QIODevice::ReadOnly)) return {};
  QString sheet = QString::fromUtf8(file.readAll());
  const std::array<std::pair<const char*, QColor>, 10> names{{{"@window", c.window},
                                                              {"@panel", c.panel},
                                                              {"@raised", c.raised},
                                                              {"@border", c.border},
                                                              {"@text", c.text},
                                                              {"@muted", c.muted},
                                                              {"@accenttext", c.accent_text},
                                                              {"@accent", c.accent},
                                                              {"@warning", c.warning},
                                                              {"@imaging", c.imaging}}};
  sheet.replace("@theme", applied == Theme::Dark ? "dark" : "light");
  for (const auto& [name, color] : names) sheet.replace(QLatin1String(name), color.name());
  return sheet;
}

QPixmap draw_svg(const QByteArray& svg, int size, const QColor& color) {
  QByteArray colored = svg;
  colored.replace("currentColor", color.name().toUtf8());
  QSvgRenderer renderer(colored);
  QPixmap pixmap(size, size);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  renderer.render(&painter);
  return pixmap;
}

double luminance(const QColor& color) {
  const auto linear = [](double v) {
    return v <= 0.03928 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) +
         0.0722 * linear(color.blueF());
}

}

const ThemeColors& theme_colors(Theme theme) {
  static const ThemeColors dark{.window = "#1a1a1a",
                                .panel = "#222324",
                                .raised = "#2f3133",
                                .border = "#414447",
                                .text = "#e9ebed",
                                .muted = "#a6abb0",
                                .accent = "#56b4e9",
                                .accent_text = "#06202f",
                                .warning = "#f0b94d",
                                .imaging = "#1a1a1a"};
  static const ThemeColors light{.window = "#eef0f2",
                                 .panel = "#ffffff",
                                 .raised = "#e4e7ea",
                                 .border = "#c3c8cd",
                                 .text = "#1c2126",
                                 .muted = "#545c64",
                                 .accent = "#00649f",
                                 .accent_text = "#ffffff",
                                 .warning = "#8a5a00",
                                 .imaging = "#2a2a2a"};
  return theme == Theme::Dark ? dark : light;
}

const ThemeColors& theme_colors() { return theme_colors(applied); }
Theme current_theme() { return applied; }

void apply_theme(QApplication& application, Theme theme) {
  applied = theme;
  const ThemeColors& c = theme_colors(theme);
  application.setStyle(QStyleFactory::create("Fusion"));
  QFont font("DejaVu Sans");
  font.setStyleHint(QFont::SansSerif);
  font.setPointSize(body_text);
  application.setFont(font);
  QPalette p;
  p.setColor(QPalette::Window, c.window);
  p.setColor(QPalette::WindowText, c.text);
  p.setColor(QPalette::Base, c.panel);
  p.setColor(QPalette::AlternateBase, c.raised);
  p.setColor(QPalette::Text, c.text);
  p.setColor(QPalette::Button, c.raised);
  p.setColor(QPalette::ButtonText, c.text);
  p.setColor(QPalette::ToolTipBase, c.raised);
  p.setColor(QPalette::ToolTipText, c.text);
  p.setColor(QPalette::PlaceholderText, c.muted);
  p.setColor(QPalette::Highlight, c.accent);
  p.setColor(QPalette::HighlightedText, c.accent_text);
  p.setColor(QPalette::Link, c.accent);
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
    p.setColor(QPalette::Disabled, role,
               theme == Theme::Dark ? QColor("#75797d") : QColor("#8b9299"));
  application.setPalette(p);
  application.setStyleSheet(sheet_of(c));
}

QIcon icon(const QString& name) { return icon(name, theme_colors().text); }

QIcon icon(const QString& name, const QColor& color) {
  QFile file(":/sensorium/icons/" + name + ".svg");
  if (!file.open(QIODevice::ReadOnly)) return {};
  const QByteArray svg = file.readAll();
  QIcon out;
  QColor faint = color;
  faint.setRgbF(color.redF() * 0.55f + 0.22f, color.greenF() * 0.55f + 0.22f,
                color.blueF() * 0.55f + 0.22f);
  for (const int size : {16, 20, 24, 32, 40, 48}) {
    out.addPixmap(draw_svg(svg, size, color));
    out.addPixmap(draw_svg(svg, size, faint), QIcon::Disabled);
  }
  return out;
}

double contrast_ratio(const QColor& a, const QColor& b) {
  const double la = luminance(a), lb = luminance(b);
  return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

}
