// What counts as a focus. Definitions in the literature differ, so each is a named profile with its
// source.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sensorium::oct_hrf {

struct Profile {
  std::string id, title, citation;
  double longest_um = 0;         // greatest long axis; 0: no limit
  bool longest_excluded = false; // "<" instead of "<="
  bool no_shadow = false;
  double least_of_rpe =
      0; // least mean intensity as a part of the pigment epithelium's; 0: no limit
  double least_of_rnfl = 0; // the same of the nerve fibre layer's
  bool exudates = false;    // larger ones with a shadow are exudates, and counted apart
};

// inflammatory_30um, boulevard_50um, amd_rpe_reflectivity, all_candidates.
const std::vector<Profile>& profiles();
std::vector<std::string> profile_ids();
const Profile& profile(const std::string& id); // throws Error Usage

// What a profile asks about an object; empty where it could not be measured.
struct ProfileFacts {
  std::optional<double> long_axis_um;
  std::optional<bool> shadow;
  std::optional<double> of_rpe, of_rnfl; // mean intensity divided by the layer's
};

enum class Verdict { Focus, Exudate, TooLarge, Shadowed, TooDark };

// A condition whose fact is missing is not applied.
Verdict judge(const Profile& profile, const ProfileFacts& facts);

}
