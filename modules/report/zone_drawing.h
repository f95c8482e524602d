// A schematic thorax with the zones of an exam, drawn alike in the window and in the report: front
// and back as one faces them (the patient's right is on the left of the front view), both sides.
#pragma once

#include "modules/review/zones.h"

#include <QColor>
#include <QPainterPath>
#include <QString>

#include <vector>

class QPainter;

namespace sensorium {

struct ZoneShape {
  QString id;
  QPainterPath area;
};
struct BodyView {
  QString name; // "front" ...
  QRectF box;
  QPainterPath body;
};
struct ZoneDrawing {
  std::vector<BodyView> views; // those that the scheme has zones on
  std::vector<ZoneShape> zones;
};
// caption: height of a view's name above it.
ZoneDrawing zone_drawing(const ZoneScheme& scheme, const QRectF& area, double caption);

// The colours of scores 0 to 3 (Okabe and Ito), and of text on them; each reaches 4.5:1.
QColor score_color(int score, bool dark);
QColor text_on_score(int score, bool dark);

struct ZoneLook {
  QString id, score;                      // score: what is written in the zone: "2", "?", or empty
  int level = -1;                         // 0 to 3: its colour; -1: none
  bool disagree = false, decided = false; // by a reader
  bool strong = false;                    // chosen, or under the pointer
};
struct ExamBoard;
std::vector<ZoneLook> looks_of(const ExamBoard& board);
struct ZoneInk {
  QColor body, line, text, muted, accent, decided;
  bool dark = false;
};
// looks: of any of the zones, the others are missing.
void draw_zones(QPainter& painter, const ZoneDrawing& drawing, const std::vector<ZoneLook>& looks,
                const ZoneInk& ink, double points);

}
