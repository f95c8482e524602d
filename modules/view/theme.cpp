#include "modules/view/theme.h"

#include <QApplication>
#include <QFile>
#include <QIconEngine>
#include <QPainter>
#include <QPalette>
#include <QPixmap>
#include <QPixmapCache>
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

// Drawn when a size is first asked for, and kept: most icons of a window are never seen.
class SvgIcon : public QIconEngine {
public:
  SvgIcon(const QString& name, const QByteArray& svg, const QColor& color)
      : name_(name), svg_(svg), color_(color) {}
  QIconEngine* clone() const override { return new SvgIcon(*this); }
  QSize actualSize(const QSize& size, QIcon::Mode, QIcon::State) override {
    const int side = std::min(size.width(), size.height());
    return {side, side};
  }
  QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State) override {
    const int side = std::min(size.width(), size.height());
    const QColor color = mode == QIcon::Disabled ? faint() : color_;
    const QString key = QString("sensorium-icon/%1/%2/%3").arg(name_, color.name()).arg(side);
    QPixmap drawn;
    if (side <= 0 || QPixmapCache::find(key, &drawn)) return drawn;
    QByteArray svg = svg_;
    svg.replace("currentColor", color.name().toUtf8());
    QSvgRenderer renderer(svg);
    drawn = QPixmap(side, side);
    drawn.fill(Qt::transparent);
    QPainter painter(&drawn);
    renderer.render(&painter);
    painter.end();
    QPixmapCache::insert(key, drawn);
    return drawn;
  }
  void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override {
    const double scale = painter->device() ? painter->device()->devicePixelRatio() : 1;
    QRect square(QPoint(), actualSize(rect.size(), mode, state));
    square.moveCenter(rect.center());
    painter->drawPixmap(square, pixmap(square.size() * scale, mode, state));
  }

private:
  QColor faint() const {
    return QColor::fromRgbF(color_.redF() * 0.55f + 0.22f, color_.greenF() * 0.55f + 0.22f,
                            color_.blueF() * 0.55f + 0.22f);
  }
  QString name_;
  QByteArray svg_;
  QColor color_;
};

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
  return QIcon(new SvgIcon(name, file.readAll(), color));
}

double contrast_ratio(const QColor& a, const QColor& b) {
  const double la = luminance(a), lb = luminance(b);
  return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

}
