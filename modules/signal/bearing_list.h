// The list of bearings that a person keeps: the common ones and their own.
#pragma once

#include "modules/signal/machine.h"

namespace sensorium {

// The file of a person's own bearings: bearings.json in the user's data folder.
std::filesystem::path own_bearings_file();

// Those of the file; none where it is not there. Throws Error BadInput naming what is wrong in it.
std::vector<Bearing> own_bearings(const std::filesystem::path& file = own_bearings_file());

// Puts the bearing into the file; one of the same name is replaced. Throws Error BadInput (no name,
// the name of a common bearing, a geometry that is none, more than 500), Resources.
void keep_bearing(const Bearing& bearing, const std::filesystem::path& file = own_bearings_file());

// Takes it out of the file; false when it is not in it.
bool forget_bearing(const std::string& name,
                    const std::filesystem::path& file = own_bearings_file());

}
