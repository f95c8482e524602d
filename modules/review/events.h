// What a reader did, as events. A log of them is undo, autosave, audit trail and inter-reader data
// at once. The kinds of an exam are in exam_board.h.
#pragma once

#include "modules/core/findings.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium {

// clang-format off
// kind          data (a * is optional)
// accept        finding, place*
// reject        finding, place*
// reset         finding, place*            back to what the pipeline proposed
// relabel       finding, label, place*
// paint         finding*, added, removed, label*, place*   runs as in runs_to_json; an unknown finding becomes a drawn one
// draw          finding*, label, footprint a new finding by hand
// measure       points [[x, y, z], ...] in voxels, name, value, unit, source
// note          finding ("" for the case), text
// remove        number                     takes back a measure or a note
// fovea         x, z in voxels
// parameters    any object                 the live parameters chosen; later keys replace earlier ones
// import_layer  source, items [{finding, label, footprint, kept*, votes*}]; kept false: known, but not in the layer until it
//               is accepted (what a consensus left out); votes [[layer, label], ...]: who saw it
// undo, redo    number                     of the event that is undone or done again
// sign          statement                  freezes the whole log
// sign_layer    statement                  freezes this reader's events
// protocol      blinded, readers           a read whose readers do not see each other (readers.h)
// place is the finding's footprint as the reader saw it: by it a decision finds its finding again under another threshold.
// Of a region of a class map ("region-...") it is empty: such a finding is known by its id alone.
// clang-format on
struct Event {
  std::int64_t number = 0; // 1, 2, 3 ...
  std::string time_utc;
  std::string reader;
  std::string kind;
  nlohmann::json data;
  std::string previous_hash,
      hash; // SHA-256, lower-case hex; the first event's previous_hash is empty
};

// Throws Error Usage naming the kind and the key when an event of this kind cannot have this data.
void check_event(std::string_view kind, const nlohmann::json& data);
// SHA-256 over the length-prefixed fields ("4:kind," ...) previous_hash, number, time, reader,
// kind, data as stored text.
std::string event_hash(std::string_view previous_hash, std::int64_t number,
                       std::string_view time_utc, std::string_view reader, std::string_view kind,
                       std::string_view data_text);
// Text to JSON with bounded nesting. Throws Error BadInput.
nlohmann::json parse_event_data(std::string_view text);

// The data of each kind.
nlohmann::json decision_data(const Finding& finding); // accept, reject, reset
nlohmann::json relabel_data(const Finding& finding, const std::string& label);
nlohmann::json paint_data(const Finding& finding, const std::vector<Run>& added,
                          const std::vector<Run>& removed);
// The log gives the new finding its id ("drawn-17").
nlohmann::json draw_data(const std::vector<Run>& footprint, const std::string& label);
nlohmann::json measure_data(const std::vector<std::array<double, 3>>& points,
                            const Measure& measure);
nlohmann::json note_data(const std::string& finding, const std::string& text);
nlohmann::json fovea_data(double x, double z);
nlohmann::json import_data(const std::string& source, const std::vector<Finding>& items);

// Distinct readers in order of appearance.
std::vector<std::string> readers_of(const std::vector<Event>& events);

}
