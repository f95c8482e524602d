// What leaves a review: reviewed findings, their table and their mask.
#pragma once

#include "modules/review/fold.h"

namespace sensorium {

// Accepted, changed and drawn findings; proposed ones too unless turned off; never rejected ones.
struct Keep {
  bool proposed = true;
};

// What an export holds: the review when there is one, or the pipeline's proposal.
enum class ExportState { AsReviewed, AsProposed };
// "as reviewed" or "as proposed": what the output says of itself.
std::string_view name_of(ExportState state);

// Each item carries the attributes "review" (state) and "reader". Of summary and tables,
// what follows from the findings is counted anew, what was measured of the recording stays.
Findings reviewed_findings(const Findings& base, const ReviewState& state, Keep keep = {});
// 1 inside any kept finding. Sizes in voxels; index [z][y][x].
std::vector<std::uint8_t> reviewed_mask(const ReviewState& state, int width, int height, int depth,
                                        Keep keep = {});
// Every finding, rejected ones included: the columns of to_csv, then review, original_label,
// reader, notes.
std::string reviewed_csv(const ReviewState& state);
nlohmann::json to_json(const ReviewState& state);

}
