// Patches of reviewed recordings (modules/core/training_set.h). A group is one patient.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "modules/core/training_set.h"
#include "pipelines/oct_hrf/patches.h"

namespace sensorium::oct_hrf {

// options.scans B-scans of one item, as ReviewedSamples loads them.
std::vector<TrainingBscan> reviewed_bscans(const TrainingSet& set, const TrainingItem& item,
                                           const SampleOptions& options, int threads);
// Throws Error Usage when the set is of another pipeline.
void check_pipeline(const TrainingSet& set);

class ReviewedSamples : public SampleSource {
public:
  // Loads options.scans B-scans of each item of the part: those with lesions first, then others,
  // both evenly spread. Foci, exudates and choroidal foci are the target; what nobody decided is
  // not counted. Throws Error as read_training_set and verify; Usage when the set is of another
  // pipeline; BadInput when image and mask differ in size.
  ReviewedSamples(const TrainingSet& set, const std::string& part, const SampleOptions& options,
                  const Context& context);
  std::size_t size() const override;
  std::string group(std::size_t index) const override;
  Sample get(std::size_t index, std::uint64_t seed) const override;
  std::size_t recordings() const { return recordings_; }

private:
  SampleOptions options_;
  std::vector<TrainingBscan> bscans_;
  std::size_t recordings_ = 0;
};

// Two sources, one after the other.
class BothSources : public SampleSource {
public:
  BothSources(const SampleSource& first, const SampleSource& second);
  std::size_t size() const override;
  std::string group(std::size_t index) const override;
  Sample get(std::size_t index, std::uint64_t seed) const override;

private:
  const SampleSource& first_;
  const SampleSource& second_;
};

// `wanted` B-scans of a stack: of those that are marked as many as there is room for, then others;
// both evenly spread, in order.
std::vector<int> chosen_bscans(const std::vector<bool>& marked, int wanted);

}

#endif
