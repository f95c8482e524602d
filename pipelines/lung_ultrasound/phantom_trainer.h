// Training on the pipeline's own phantoms, whose signs are known. Only with LibTorch.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "pipelines/lung_ultrasound/trainer.h"

#include <nlohmann/json_fwd.hpp>

namespace sensorium::lung_ultrasound {

// The network after options.phantom_steps on phantoms (their score 0 to 3 is the class), with a
// fresh last layer; untrained without phantoms.
Graph first_network(const TrainerOptions& options, int classes, std::uint64_t seed,
                    const std::filesystem::path& folder, const Context& context);

// The signs network: logits of sign_names, after options.phantom_steps on `phantoms` phantoms. A
// fifth as many pictures again are spoiled (variation.h), so that they show nothing. A tenth of the
// phantoms is kept apart: `figures` gets the areas under the curve of each sign on it.
Graph signs_network(const TrainerOptions& options, int phantoms, std::uint64_t seed,
                    const std::filesystem::path& folder, const Context& context,
                    nlohmann::json& figures);

}

#endif
