#include "pipelines/oct_hrf/profile.h"

#include "modules/core/error.h"
#include "modules/core/parameters.h"

#include <algorithm>

namespace sensorium::oct_hrf {

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> all{
      {.id = "inflammatory_30um",
       .title = "inflammatory foci: at most 30 um, no shadow, as bright as the nerve fibre layer",
       .citation = "Midena et al. 2021, Front. Immunol. 12:613051; J. Ophthalmol. 2021:6096017 "
                   "(larger ones with a shadow: hard exudates)",
       .longest_um = 30,
       .no_shadow = true,
       .least_of_rnfl = 0.75,
       .exudates = true},
      {.id = "boulevard_50um",
       .title = "long axis below 50 um, not darker than the pigment epithelium",
       .citation = "BOULEVARD reading protocol, Invest. Ophthalmol. Vis. Sci., article 2789617",
       .longest_um = 50,
       .longest_excluded = true,
       .least_of_rpe = 0.9},
      {.id = "amd_rpe_reflectivity",
       .title = "at least as bright as the pigment epithelium, any size",
       .citation = "J. Clin. Med. 2022, 11(24):7404",
       .least_of_rpe = 1.0},
      {.id = "all_candidates",
       .title = "every component of the thresholded map",
       .citation = "no published definition; for search and for scans without scale"}};
  return all;
}

std::vector<std::string> profile_ids() {
  std::vector<std::string> ids;
  for (const Profile& p : profiles()) ids.push_back(p.id);
  return ids;
}

const Profile& profile(const std::string& id) {
  const auto& all = profiles();
  const auto it =
      std::find_if(all.begin(), all.end(), [&](const Profile& p) { return p.id == id; });
  if (it != all.end()) return *it;
  throw Error(ErrorCode::Usage, "'" + id + "' is no definition profile",
              "did you mean '" + nearest(id, profile_ids()) + "'?");
}

Verdict judge(const Profile& p, const ProfileFacts& facts) {
  const bool too_large = p.longest_um > 0 && facts.long_axis_um &&
                         (p.longest_excluded ? *facts.long_axis_um >= p.longest_um
                                             : *facts.long_axis_um > p.longest_um);
  const bool shadow = facts.shadow.value_or(false);
  if (p.exudates && too_large && shadow) return Verdict::Exudate;
  if (too_large) return Verdict::TooLarge;
  if (p.no_shadow && shadow) return Verdict::Shadowed;
  if (p.least_of_rpe > 0 && facts.of_rpe && *facts.of_rpe < p.least_of_rpe) return Verdict::TooDark;
  if (p.least_of_rnfl > 0 && facts.of_rnfl && *facts.of_rnfl < p.least_of_rnfl)
    return Verdict::TooDark;
  return Verdict::Focus;
}

}
