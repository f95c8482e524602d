// Patches of phantom B-scans for training a network on foci.
//
// Input [1, side, side]: the B-scan as the pipeline prepares it (normalise.h, then enhance.h where
// `input` says so), so that training and use see the same values. Target of the same shape: 1 on
// retinal foci, exudates and choroidal foci, else 0. A group is one phantom seed.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "modules/learn/training.h"
#include "pipelines/oct_hrf/phantom.h"

namespace sensorium::oct_hrf {

struct SampleOptions {
  int first_seed = 1, seeds = 60;
  int scans = 4;              // B-scans of each seed
  int patches = 4;            // of each B-scan and epoch
  int side = 128;             // a multiple of 8
  double on_lesions = 0.6;    // part of the patches that hold a lesion
  std::string input = "both"; // "raw", "enhanced", "both" (either, by the sample's seed)
  bool augment = true;        // flip, scale, gamma, gain, noise, blur
};
void describe(ParameterVisitor& v, SampleOptions& o);

class PhantomSamples : public SampleSource {
public:
  // Makes all B-scans at once (about 0.8 MB each). Throws Error Usage, Cancelled.
  PhantomSamples(const SampleOptions& options, const PhantomOptions& phantom,
                 const Context& context);
  std::size_t size() const override;
  std::string group(std::size_t index) const override;
  Sample get(std::size_t index, std::uint64_t seed) const override;

private:
  struct Bscan {
    int seed = 0, width = 0, height = 0;
    std::vector<std::uint8_t> raw, enhanced, target;
    std::vector<std::array<int, 2>> lesions; // x, y
    int retina_top = 0, retina_bottom = 0;
  };
  SampleOptions options_;
  std::vector<Bscan> bscans_;
};

}

#endif
