// A synthetic scene on the disk, with its truth.
#pragma once

#include "hyperspectral/tissue_camera.h"
#include "modules/core/context.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace sensorium::hyper {

// Throws Error Usage when a phantom's command was given recordings.
void refuse_recordings(const std::string& command, const std::vector<std::string>& files);

// cube.hdr, truth.hdr (class numbers) and truth.json in the folder; returns where they are and how
// many pixels each class has. content: what truth.json says of the scene.
nlohmann::json write_phantom(const TissueScene& scene, const CameraOptions& camera,
                             std::uint64_t seed, std::span<const char* const> class_names,
                             const std::string& content, const nlohmann::json& parameters,
                             const std::filesystem::path& folder, const Context& context);

}
