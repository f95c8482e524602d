// The look of the whole window: two palettes, one style sheet, icons in the palette's colour.
#pragma once

#include <QColor>
#include <QIcon>
#include <QString>

class QApplication;

namespace sensorium {

enum class Theme { Dark, Light };

// Text on window, panel and raised reaches WCAG AA (4.5:1) in both themes; tests/view checks it.
struct ThemeColors {
  QColor window, panel, raised, border, text, muted, accent, accent_text, warning, imaging;
};
const ThemeColors& theme_colors(Theme theme);
const ThemeColors& theme_colors(); // of the theme applied last
Theme current_theme();

// Sets palette, font sizes and style sheet; icons made before keep their colour, so ask for them
// again.
void apply_theme(QApplication& application, Theme theme);

// resources/icons/NAME.svg in the text colour of the current theme (or the given one), crisp at any
// scale.
QIcon icon(const QString& name);
QIcon icon(const QString& name, const QColor& color);

// WCAG 2.1 contrast ratio, 1 to 21.
double contrast_ratio(const QColor& a, const QColor& b);

// Three text sizes, in points.
inline constexpr int small_text = 8, body_text = 9, title_text = 15;
inline constexpr int grid = 8; // pixels

}
