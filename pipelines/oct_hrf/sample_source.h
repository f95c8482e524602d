// Patches of phantom B-scans. A group is one phantom seed.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "pipelines/oct_hrf/patches.h"
#include "pipelines/oct_hrf/phantom.h"

namespace sensorium::oct_hrf {

// The B-scans of one phantom, ready for training.
std::vector<TrainingBscan> phantom_bscans(const PhantomOptions& phantom,
                                          const SampleOptions& options);

class PhantomSamples : public SampleSource {
public:
  // Makes all B-scans at once (about 0.8 MB each). Throws Error Usage, Cancelled.
  PhantomSamples(const SampleOptions& options, const PhantomOptions& phantom,
                 const Context& context);
  std::size_t size() const override;
  std::string group(std::size_t index) const override;
  Sample get(std::size_t index, std::uint64_t seed) const override;

private:
  SampleOptions options_;
  std::vector<TrainingBscan> bscans_;
};

}

#endif
