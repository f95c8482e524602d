#include "hyperspectral/tissue_svm.h"

#include "hyperspectral/tissue_scores.h"
#include "modules/core/error.h"

#include <opencv2/ml.hpp>

#include <algorithm>
#include <cmath>
#include <set>

namespace sensorium::hyper {

struct Svm::State {
  cv::Ptr<cv::ml::SVM> svm;
  std::vector<float> mean, deviation;

  cv::Mat standardised(std::span<const float> rows) const {
    const int features = static_cast<int>(mean.size());
    const int count = static_cast<int>(rows.size() / mean.size());
    cv::Mat out(count, features, CV_32F);
    for (int i = 0; i < count; ++i)
      for (int f = 0; f < features; ++f) {
        const auto k = static_cast<std::size_t>(f);
        out.at<float>(i, f) =
            (rows[static_cast<std::size_t>(i) * mean.size() + k] - mean[k]) / deviation[k];
      }
    return out;
  }
};

Svm Svm::trained(std::span<const float> rows, std::span<const int> labels, int features,
                 const SvmOptions& options) {
  const auto width = static_cast<std::size_t>(features);
  const std::size_t count = labels.size();
  if (rows.size() != count * width || std::set<int>(labels.begin(), labels.end()).size() < 2 ||
      !std::all_of(rows.begin(), rows.end(), [](float v) { return std::isfinite(v); }))
    throw Error(ErrorCode::BadInput,
                "a support vector machine needs rows of numbers of at least two classes");
  auto state = std::make_shared<State>();
  state->mean.assign(width, 0);
  state->deviation.assign(width, 1);
  for (std::size_t f = 0; f < width; ++f) {
    double mean = 0, square = 0;
    for (std::size_t i = 0; i < count; ++i) mean += rows[i * width + f];
    mean /= static_cast<double>(count);
    for (std::size_t i = 0; i < count; ++i)
      square += (rows[i * width + f] - mean) * (rows[i * width + f] - mean);
    state->mean[f] = static_cast<float>(mean);
    state->deviation[f] =
        static_cast<float>(std::max(1e-6, std::sqrt(square / static_cast<double>(count))));
  }
  const cv::Mat x = state->standardised(rows);
  cv::Mat y(static_cast<int>(count), 1, CV_32S);
  for (std::size_t i = 0; i < count; ++i) y.at<int>(static_cast<int>(i), 0) = labels[i];
  const auto svm = cv::ml::SVM::create();
  svm->setType(cv::ml::SVM::C_SVC);
  svm->setKernel(cv::ml::SVM::RBF);
  svm->setC(options.c);
  svm->setGamma(options.gamma);
  svm->setTermCriteria({cv::TermCriteria::MAX_ITER + cv::TermCriteria::EPS, 20000, 1e-3});
  svm->train(x, cv::ml::ROW_SAMPLE, y);
  state->svm = svm;
  Svm out;
  out.state_ = state;
  out.options_ = options;
  return out;
}

Svm Svm::chosen(std::span<const float> rows, std::span<const int> labels,
                std::span<const float> check, std::span<const int> check_labels, int features,
                int classes) {
  Svm best;
  double most = -1;
  for (const double c : {1.0, 10.0, 100.0})
    for (const double g : {0.25, 1.0, 4.0}) {
      Svm one = trained(rows, labels, features, {.c = c, .gamma = g / features});
      Confusion table(classes);
      const std::vector<int> found = one.classes_of(check);
      for (std::size_t i = 0; i < found.size(); ++i) table.add(check_labels[i], found[i]);
      if (const double f1 = table.macro_f1(); f1 > most) {
        most = f1;
        best = one;
      }
    }
  return best;
}

std::vector<int> Svm::classes_of(std::span<const float> rows) const {
  cv::Mat out;
  state_->svm->predict(state_->standardised(rows), out);
  std::vector<int> classes(static_cast<std::size_t>(out.rows));
  for (int i = 0; i < out.rows; ++i)
    classes[static_cast<std::size_t>(i)] = static_cast<int>(std::lround(out.at<float>(i, 0)));
  return classes;
}

std::vector<double> Svm::margins(std::span<const float> rows) const {
  cv::Mat raw, labels;
  const cv::Mat x = state_->standardised(rows);
  state_->svm->predict(x, raw, cv::ml::StatModel::RAW_OUTPUT);
  state_->svm->predict(x, labels);
  // OpenCV's sign depends on the order in which it met the classes: take it from the answers.
  double agree = 0;
  for (int i = 0; i < raw.rows; ++i)
    agree += raw.at<float>(i, 0) * (labels.at<float>(i, 0) > 0.5f ? 1 : -1);
  std::vector<double> out(static_cast<std::size_t>(raw.rows));
  for (int i = 0; i < raw.rows; ++i)
    out[static_cast<std::size_t>(i)] = (agree < 0 ? -1 : 1) * raw.at<float>(i, 0);
  return out;
}

int Svm::support_vectors() const { return state_->svm->getSupportVectors().rows; }

}
