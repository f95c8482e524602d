// Several readers of one case: whose events a person may see, each reader's own layer, a consensus.
//
// A blinded second read is an agreement in the log itself: one "protocol" event names the readers;
// until each of them has signed their own layer ("sign_layer"), nobody is shown another's events.
// Afterwards anyone may compare them, make a consensus, and "sign" the case.
#pragma once

#include "modules/review/agreement.h"

#include <map>

namespace sensorium {

inline constexpr std::string_view ai_layer = "AI";

// What the last "protocol" event in the log says.
struct Protocol {
  bool blinded = false;
  std::vector<std::string> readers;         // whose layers are kept apart
  std::vector<std::string> signed_readers;  // of them, in the order of signing
  std::vector<std::string> missing() const; // who has yet to sign
  // A blinded read whose readers have not all signed.
  bool closed() const { return blinded && !missing().empty(); }
  std::string text() const; // one sentence for the user; empty when the read is not blinded
};
Protocol protocol_of(std::span<const Event> events);
nlohmann::json protocol_data(bool blinded, const std::vector<std::string>& readers);
nlohmann::json sign_layer_data(const std::string& statement);
bool layer_is_signed(std::span<const Event> events, const std::string& reader);

// The events that this reader may see: all of them, or while a blinded read is closed the reader's
// own alone (the pipeline's proposal is not an event and stays visible).
std::vector<Event> visible_events(std::span<const Event> events, const std::string& reader);
// The readers whose layers this reader may see, in order of appearance, themself included.
std::vector<std::string> visible_readers(std::span<const Event> events, const std::string& reader);
// Throws Error Conflict, naming who has yet to sign, while a blinded read is closed. Call it before
// anything that puts two readers side by side, and before an export that merges readers.
void require_open(std::span<const Event> events, const std::string& what);

// One column of a comparison.
struct Layer {
  std::string name; // the reader's name, or ai_layer
  std::vector<Finding> findings;
  int undecided = 0; // of the pipeline's findings that this reader left as they were
  bool signed_layer = false;
};
// What the reader accepted, changed, drew or imported; with_proposed: the undecided ones too.
Layer reader_layer(const Findings& base, std::span<const Event> events, const std::string& reader,
                   const std::array<Spacing, 3>& spacing, bool with_proposed = false);
Layer ai_layer_of(const Findings& base); // the pipeline's findings as proposed

// Who a finding was seen by. One lesion of any layer, with its match in each of the others.
struct Lesion {
  std::vector<int> of_layer;       // index into that layer's findings, -1 where it has none
  int seen = 0;                    // layers that have it
  std::string label;               // the most frequent; the first layer's on a tie
  bool labels_agree = true;        // among those who have it
  std::vector<Run> majority, both; // voxels in more than half of, and in all of, those who have it
};
// Joined layer by layer: the second is matched to the first, the third to what both gave, and so
// on, each time with agreement()'s rule.
std::vector<Lesion> lesions_of(const std::vector<Layer>& layers,
                               const std::array<Spacing, 3>& spacing, const MatchRule& rule = {});

enum class ConsensusRule { Majority, Intersection, Union };
std::string_view name_of(ConsensusRule rule);
ConsensusRule consensus_rule_of(std::string_view name); // throws Error Usage

// A layer that has the lesion, and what it calls it.
struct Vote {
  std::string layer, label;
};

struct Consensus {
  std::vector<Finding> findings;          // ids "consensus-1" ...; attributes "seen_by", "labels"
  std::vector<std::vector<Vote>> votes;   // of each of findings
  std::vector<Lesion> left_out;           // too few saw it: for a person to decide
  std::vector<Finding> left_out_findings; // the same, all voxels that anyone marked
  std::vector<std::vector<Vote>> left_out_votes;
  std::vector<std::string> layers;
  int disputed_labels = 0; // kept, but their labels differ
  std::string rule;        // in words
};
// Majority: seen by more than half of the layers, voxels of more than half of those who saw it.
// Intersection: seen by all, voxels of all. Union: seen by any, all its voxels.
// Throws Error Usage for fewer than two layers.
Consensus consensus(const std::vector<Layer>& layers, const std::array<Spacing, 3>& spacing,
                    ConsensusRule rule, const MatchRule& match = {});
// A consensus decided by a named person is that person's own layer under this name: an import_layer
// event with the consensus, then their accepts, rejects, strokes and labels as events of the same
// name.
std::string consensus_reader(const std::string& person); // "consensus by NAME"
bool is_consensus_reader(std::string_view reader);
// The consensus layers that hold something: one that was undone is none.
std::vector<std::string> consensus_layers(std::span<const Event> events);
// The one consensus that speaks for the case in reports and exports; empty: none, or more than one.
std::string speaking_consensus(std::span<const Event> events);
// The import_layer event's data: the lesions kept, and those left out as not kept, each with its
// votes; "layers" names who was asked. Throws Error Conflict when this person has a consensus
// already.
nlohmann::json consensus_data(const Consensus& consensus, std::span<const Event> events,
                              const std::string& person);

}
