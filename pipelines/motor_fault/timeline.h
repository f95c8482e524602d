// When a fault began and ended: the negative-sequence ratio over time, cut where it changes.
#pragma once

#include "pipelines/motor_fault/currents.h"

namespace sensorium::motor_fault {

// Windows of six periods, every fifth of a window.
struct Timeline {
  std::size_t length = 0, hop = 0;    // samples of a window, and from one to the next
  std::vector<Sequence> sequence;     // window k covers samples k hop .. k hop + length - 1
  std::vector<Complex> ratio() const; // I2 / I1, its angle against I1 of phase a
};
Timeline timeline_of(const Currents& currents);

// The piecewise constant course of the complex ratio: outside - inside - outside, with the two
// limits that leave the least squares, both parts at least ten windows (Hinkley's change-point
// model, Biometrika 57(1), 1970, with two limits and one level outside).
struct Course {
  std::size_t begin = 0, end = 0; // windows of the part with the larger |ratio|, [begin, end)
  bool wraps = false;             // the larger part is the outer one: begin .. end is the smaller
  Complex faulty, reference;      // mean ratio of the larger and of the smaller part
  double spread = 0;              // rms distance of a window's ratio from its part's mean
  double change() const { return std::abs(faulty - reference); }
};
Course course_of(const std::vector<Complex>& ratio);

// Samples whose windows lie wholly in the larger part; the wrapped case gives its longer piece.
std::pair<std::size_t, std::size_t> faulty_samples(const Course& course, const Timeline& timeline,
                                                   std::size_t size);

}
