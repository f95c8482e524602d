// Several clips of one patient: a score for each zone of the chest, and their sum.
#pragma once

#include "modules/core/findings.h"
#include "modules/review/zones.h"
#include "pipelines/lung_ultrasound/look.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sensorium::lung_ultrasound {

// Throws Error Usage naming those there are.
ZoneScheme zone_scheme(const std::string& id);
std::vector<ZoneScheme> zone_schemes();

struct ExamItem {
  std::filesystem::path file;
  std::string zone; // id; empty: not known
};
// A folder: its files in the order of their names, zones from the names. A table: columns file and
// zone, files relative to its folder. Several files: as of a folder. Throws Error BadInput naming
// the line of a zone that the scheme does not have, NotFound for no file.
std::vector<ExamItem> exam_items(const std::vector<std::string>& paths, const ZoneScheme& scheme);

struct ExamClip {
  ExamItem item;
  std::string failure; // empty, or why it could not be read
  Judgement judgement;
  std::vector<Probabilities> readable;    // of its readable frames
  std::optional<Probabilities> attention; // of the clip network
};

struct ZoneScore {
  Zone zone;
  int clips = 0;            // that name this zone, read or not
  std::optional<int> score; // the worst of its clips; nothing: no clip with a score
};
struct ExamScore {
  std::vector<ZoneScore> zones; // all of the scheme, in its order
  int seen = 0;                 // zones with a score
  int total = 0;                // over those: a lower bound where zones are missing
  std::vector<std::string> missing;
  int without_zone = 0;  // clips that count for the class alone
  ClassVerdicts classes; // clips put together by the rule that put their frames together
};
// The worst pattern of a zone is its score (Rouby et al. 2018).
ExamScore score_exam(const std::vector<ExamClip>& clips, const ZoneScheme& scheme,
                     const LungParameters& parameters);

// Findings without a place, tables "zones", "exam" and "clips", summary and notes for the report.
Findings exam_findings(const std::vector<ExamClip>& clips, const ExamScore& score,
                       const ZoneScheme& scheme, const LungParameters& parameters);

}
