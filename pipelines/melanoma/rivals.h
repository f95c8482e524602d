// What the network is measured against: either branch alone, a vision transformer, and a support
// vector machine on mean spectra. Only with LibTorch.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "hyperspectral/tissue_samples.h"
#include "hyperspectral/tissue_svm.h"
#include "modules/learn/model.h"
#include "pipelines/melanoma/judging.h"

#include <filesystem>
#include <map>
#include <string>

namespace sensorium::melanoma {

struct RivalOptions {
  int patients = 240, validation_patients = 24, steps = 600, batch_size = 8, seed = 1, threads = 1;
};

class Rivals {
public:
  // The same patients, steps, batches and rates for each network. Goes on where a folder holds a
  // part of it.
  Rivals(const RivalOptions& options, const std::filesystem::path& folder, const Context& context);
  // Scores of the lesion that the pipeline outlined, by method; 0 to 1, of the machine its margin.
  std::map<std::string, double> scores(const Judged& judged);
  // Parameters of each network by method.
  const std::map<std::string, std::int64_t>& parameters() const { return parameters_; }
  // From which score on a method calls a lesion melanoma-like.
  static double threshold(const std::string& method);

private:
  std::map<std::string, Model> networks_; // by kind
  std::map<std::string, std::int64_t> parameters_;
  hyper::Svm svm_;
};

// Mean spectra of the lesion (mask not 0) and of the skin around it, both over the mean of the
// skin's: what a machine without a picture has.
std::vector<float> mean_spectra(const hyper::Photograph& photo,
                                const std::vector<std::uint8_t>& mask);

inline constexpr const char* svm_method = "svm on mean spectra";

}

#endif
