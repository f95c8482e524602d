// A support vector machine to measure networks against: RBF kernel, one against one, as OpenCV has
// it (C. J. C. Burges 1998; LIBSVM inside).
#pragma once

#include <memory>
#include <span>
#include <vector>

namespace sensorium::hyper {

struct SvmOptions {
  double c = 10, gamma = 0.02;
};

class Svm {
public:
  // rows: [row][feature]; labels: 0 .. classes-1. Features are standardised by the rows' own mean
  // and deviation. Throws Error BadInput: fewer than two classes, values that are no numbers.
  static Svm trained(std::span<const float> rows, std::span<const int> labels, int features,
                     const SvmOptions& options);
  // The best of a grid of C (1, 10, 100) and gamma (0.25, 1, 4 over features) by the macro F1 on
  // further rows.
  static Svm chosen(std::span<const float> rows, std::span<const int> labels,
                    std::span<const float> check, std::span<const int> check_labels, int features,
                    int classes);
  std::vector<int> classes_of(std::span<const float> rows) const;
  // For two classes: the signed distance, greater where class 1 is likelier.
  std::vector<double> margins(std::span<const float> rows) const;
  int support_vectors() const;
  SvmOptions options() const { return options_; }

private:
  struct State;
  std::shared_ptr<const State> state_;
  SvmOptions options_;
};

}
