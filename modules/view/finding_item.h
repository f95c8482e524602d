// A finding as the reader sees it now, and its five looks.
#pragma once

#include "modules/core/findings.h"

#include <QColor>
#include <QPainterPath>
#include <QPen>
#include <QString>

#include <memory>
#include <vector>

namespace sensorium {

// The four last are for comparisons: a finding of layer A or B that the other has too, and one that
// only this layer has.
enum class FindingLook { Machine, Accepted, Rejected, Changed, Drawn, InA, InB, OnlyA, OnlyB };

struct FindingItem {
  Finding finding; // after the reviewer's events
  FindingLook look = FindingLook::Machine;
  double uncertainty = 0; // 0 (sure) to 1 (score at the threshold); orders the queue
};
using FindingItems = std::shared_ptr<const std::vector<FindingItem>>;

// Okabe-Ito colours; the line style differs too, so that colour is never the only sign. tests/view
// checks that they stay apart under simulated protanopia and deuteranopia.
QPen pen_of(FindingLook look, double width = 1.5);
QColor color_of(FindingLook look);
// What is stroked for an outline in widget pixels: the outline, or a ring around it where it is too
// small (16 pixels) for a line style to be seen and would hide what it marks.
QPainterPath marker_of(const QPainterPath& outline);
QString text_of(FindingLook look);  // "proposed", "accepted" ...
QString glyph_of(FindingLook look); // one character for tables

// "12.4 um", or "35 px (scale unknown)"; the first of diameter, area, volume that the finding has.
QString size_text(const Finding& finding);
double size_value(const Finding& finding);
// Two digits; where the method gives no score from 0 to 1, its mean over the pixels ("mean spectral
// angle"), else a dash. The value orders the list.
QString score_text(const Finding& finding);
double score_value(const Finding& finding);
QString measure_text(const Measure& measure);

}
