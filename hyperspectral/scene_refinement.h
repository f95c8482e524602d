// Maps of classes that follow the edges of a picture.
#pragma once

#include <span>

namespace sensorium::hyper {

// Each class's plane becomes, in every square of 2 radius + 1 pixels a side, the straight line of
// the guide that fits it best, and at each pixel the mean over the squares that hold it: smooth
// where the guide is, with edges where the guide has them (guided filter: He, Sun, Tang 2013, IEEE
// TPAMI 35(6):1397-1409; OpenCV's). epsilon: variance of the guide below which a square is flat.
// planes: [class][line][sample]; guide: [line][sample], about 0 to 1. Both are finite.
void follow_edges(std::span<float> planes, std::span<const float> guide, int lines, int samples,
                  int radius, double epsilon);

}
