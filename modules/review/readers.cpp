#include "modules/review/readers.h"

#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/review/footprint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr std::string_view consensus_prefix = "consensus by ";

bool holds(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// Voxels that at least `wanted` of the footprints have.
std::vector<Run> voxels_of_many(const std::vector<const std::vector<Run>*>& footprints,
                                int wanted) {
  std::vector<std::tuple<int, int, int, int>> edges; // z, y, x, +1 or -1
  for (const std::vector<Run>* footprint : footprints)
    for (const Run& r : normalised(*footprint)) {
      edges.emplace_back(r.z, r.y, r.x, 1);
      edges.emplace_back(r.z, r.y, r.x + r.length, -1);
    }
  std::sort(edges.begin(), edges.end());
  std::vector<Run> out;
  int depth = 0, begin = 0;
  for (const auto& [z, y, x, step] : edges) {
    const bool was = depth >= wanted;
    depth += step;
    const bool is = depth >= wanted;
    if (!was && is) begin = x;
    if (was && !is && x > begin) out.push_back({z, y, begin, x - begin});
  }
  return normalised(std::move(out));
}

const Finding& member(const std::vector<Layer>& layers, const Lesion& lesion, std::size_t layer) {
  return layers[layer].findings[static_cast<std::size_t>(lesion.of_layer[layer])];
}

void finish(const std::vector<Layer>& layers, Lesion& lesion) {
  std::vector<const std::vector<Run>*> footprints;
  std::vector<std::pair<std::string, int>> labels;
  for (std::size_t k = 0; k < layers.size(); ++k) {
    if (lesion.of_layer[k] < 0) continue;
    const Finding& f = member(layers, lesion, k);
    footprints.push_back(&f.footprint);
    const auto at = std::find_if(labels.begin(), labels.end(),
                                 [&](const auto& entry) { return entry.first == f.label; });
    at == labels.end() ? (void)labels.emplace_back(f.label, 1) : (void)++at->second;
  }
  lesion.seen = static_cast<int>(footprints.size());
  lesion.labels_agree = labels.size() == 1;
  lesion.label = std::max_element(labels.begin(), labels.end(), [](const auto& a, const auto& b) {
                   return a.second < b.second;
                 })->first;
  lesion.majority = voxels_of_many(footprints, lesion.seen / 2 + 1);
  lesion.both = voxels_of_many(footprints, lesion.seen);
}

// What the layers so far gave, as one layer to match the next one with.
Finding joined(const std::vector<Layer>& layers, const Lesion& lesion) {
  Finding out;
  for (std::size_t k = 0; k < lesion.of_layer.size(); ++k)
    if (lesion.of_layer[k] >= 0)
      out.footprint = united(out.footprint, member(layers, lesion, k).footprint);
  place(out);
  return out;
}

std::vector<Vote> votes_of(const std::vector<Layer>& layers, const Lesion& lesion) {
  std::vector<Vote> out;
  for (std::size_t k = 0; k < layers.size(); ++k)
    if (lesion.of_layer[k] >= 0) out.push_back({layers[k].name, member(layers, lesion, k).label});
  return out;
}

std::vector<Run> footprint_for(const std::vector<Layer>& layers, const Lesion& lesion,
                               ConsensusRule rule) {
  if (rule == ConsensusRule::Union) return joined(layers, lesion).footprint;
  return rule == ConsensusRule::Majority ? lesion.majority : lesion.both;
}

std::string words_of(ConsensusRule rule, const std::vector<Layer>& layers) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) names.push_back(layer.name);
  const char* what = rule == ConsensusRule::Majority
                         ? "lesions that more than half of them have, and of these the voxels that "
                           "more than half of those who have it marked"
                     : rule == ConsensusRule::Intersection
                         ? "lesions that all of them have, and of these the voxels that all marked"
                         : "lesions that any of them has, with all their voxels";
  return fmt::format("consensus ({}) of {}: {}", name_of(rule), fmt::join(names, ", "), what);
}

}

std::vector<std::string> Protocol::missing() const {
  std::vector<std::string> out;
  for (const std::string& reader : readers)
    if (!holds(signed_readers, reader)) out.push_back(reader);
  return out;
}

std::string Protocol::text() const {
  if (!blinded) return {};
  if (!closed()) return "blinded read, open: all readers have signed";
  return fmt::format("blinded read, closed until signed by {}", fmt::join(missing(), ", "));
}

Protocol protocol_of(std::span<const Event> events) {
  Protocol out;
  std::vector<std::string> signers;
  for (const Event& event : events) {
    if (event.kind == "protocol" && event.data.is_object()) {
      out.blinded = event.data.value("blinded", false);
      out.readers = event.data.value("readers", std::vector<std::string>{});
    } else if (event.kind == "sign_layer" && !holds(signers, event.reader)) {
      signers.push_back(event.reader);
    }
  }
  for (const std::string& reader : signers)
    if (holds(out.readers, reader)) out.signed_readers.push_back(reader);
  return out;
}

json protocol_data(bool blinded, const std::vector<std::string>& readers) {
  return {{"blinded", blinded}, {"readers", readers}};
}

json sign_layer_data(const std::string& statement) { return {{"statement", statement}}; }

bool layer_is_signed(std::span<const Event> events, const std::string& reader) {
  return std::any_of(events.begin(), events.end(), [&](const Event& event) {
    return event.kind == "sign" || (event.kind == "sign_layer" && event.reader == reader);
  });
}

std::vector<Event> visible_events(std::span<const Event> events, const std::string& reader) {
  std::vector<Event> out;
  const bool closed = protocol_of(events).closed();
  for (const Event& event : events)
    if (!closed || event.reader == reader || event.kind == "protocol") out.push_back(event);
  return out;
}

std::vector<std::string> visible_readers(std::span<const Event> events, const std::string& reader) {
  std::vector<std::string> out;
  const bool closed = protocol_of(events).closed();
  for (const Event& event : events)
    if (event.kind != "protocol" && (!closed || event.reader == reader) &&
        !holds(out, event.reader))
      out.push_back(event.reader);
  return out;
}

void require_open(std::span<const Event> events, const std::string& what) {
  const Protocol protocol = protocol_of(events);
  if (!protocol.closed()) return;
  throw Error(ErrorCode::Conflict,
              fmt::format("{}: this is a blinded read, and {} {} not signed yet", what,
                          fmt::join(protocol.missing(), ", "),
                          protocol.missing().size() == 1 ? "has" : "have"),
              "let them sign their layer first, or name one reader alone");
}

Layer reader_layer(const Findings& base, std::span<const Event> events, const std::string& reader,
                   const std::array<Spacing, 3>& spacing, bool with_proposed) {
  const ReviewState state = fold(base, events, reader, &spacing);
  Layer out{reader, layer_of(state, with_proposed), state.count(FindingState::Proposed),
            layer_is_signed(events, reader)};
  return out;
}

Layer ai_layer_of(const Findings& base) { return {std::string(ai_layer), base.items, 0, false}; }

std::vector<Lesion> lesions_of(const std::vector<Layer>& layers,
                               const std::array<Spacing, 3>& spacing, const MatchRule& rule) {
  std::vector<Lesion> lesions;
  for (std::size_t k = 0; k < layers.size(); ++k) {
    std::vector<Finding> before;
    for (const Lesion& lesion : lesions) before.push_back(joined(layers, lesion));
    const Agreement found = agreement(before, layers[k].findings, spacing, rule);
    for (const auto& [lesion, finding] : found.pairs)
      lesions[static_cast<std::size_t>(lesion)].of_layer[k] = finding;
    for (const int finding : found.only_b) {
      Lesion lesion;
      lesion.of_layer.assign(layers.size(), -1);
      lesion.of_layer[k] = finding;
      lesions.push_back(std::move(lesion));
    }
  }
  for (Lesion& lesion : lesions) finish(layers, lesion);
  return lesions;
}

std::string_view name_of(ConsensusRule rule) {
  switch (rule) {
  case ConsensusRule::Majority:
    return "majority";
  case ConsensusRule::Intersection:
    return "intersection";
  case ConsensusRule::Union:
    return "union";
  }
  return "majority";
}

ConsensusRule consensus_rule_of(std::string_view name) {
  for (const ConsensusRule rule :
       {ConsensusRule::Majority, ConsensusRule::Intersection, ConsensusRule::Union})
    if (name_of(rule) == name) return rule;
  throw Error(ErrorCode::Usage, fmt::format("there is no consensus rule '{}'", name),
              "the rules are majority, intersection and union");
}

Consensus consensus(const std::vector<Layer>& layers, const std::array<Spacing, 3>& spacing,
                    ConsensusRule rule, const MatchRule& match) {
  if (layers.size() < 2)
    throw Error(ErrorCode::Usage,
                fmt::format("a consensus needs two layers or more, not {}", layers.size()),
                "name at least two readers");
  const int count = static_cast<int>(layers.size());
  const int wanted = rule == ConsensusRule::Majority       ? count / 2 + 1
                     : rule == ConsensusRule::Intersection ? count
                                                           : 1;
  Consensus out;
  out.rule = words_of(rule, layers);
  for (const Layer& layer : layers) out.layers.push_back(layer.name);
  for (Lesion& lesion : lesions_of(layers, spacing, match)) {
    Finding f;
    f.footprint = footprint_for(layers, lesion, rule);
    f.label = lesion.label;
    f.score = static_cast<double>(lesion.seen) / count;
    f.attributes["seen_by"] = fmt::format("{} of {}", lesion.seen, count);
    if (!lesion.labels_agree) f.attributes["labels"] = "differ";
    // Lesions paired by their distance may share no voxel: then there is nothing to agree on.
    if (lesion.seen < wanted || f.footprint.empty()) {
      f.footprint = joined(layers, lesion).footprint;
      f.id = fmt::format("left-out-{}", out.left_out.size() + 1);
      place(f);
      remeasure(f, spacing);
      out.left_out_findings.push_back(std::move(f));
      out.left_out_votes.push_back(votes_of(layers, lesion));
      out.left_out.push_back(std::move(lesion));
      continue;
    }
    f.id = fmt::format("consensus-{}", out.findings.size() + 1);
    place(f);
    remeasure(f, spacing);
    if (!lesion.labels_agree) ++out.disputed_labels;
    out.votes.push_back(votes_of(layers, lesion));
    out.findings.push_back(std::move(f));
  }
  return out;
}

std::string consensus_reader(const std::string& person) {
  return std::string(consensus_prefix) + person;
}

bool is_consensus_reader(std::string_view reader) { return reader.starts_with(consensus_prefix); }

std::vector<std::string> consensus_layers(std::span<const Event> events) {
  std::vector<std::string> out;
  for (const Event& event : events)
    if (is_consensus_reader(event.reader) && !holds(out, event.reader)) out.push_back(event.reader);
  std::erase_if(
      out, [&](const std::string& reader) { return fold({}, events, reader).findings.empty(); });
  return out;
}

std::string speaking_consensus(std::span<const Event> events) {
  const std::vector<std::string> layers = consensus_layers(events);
  return layers.size() == 1 ? layers.front() : std::string();
}

json consensus_data(const Consensus& consensus, std::span<const Event> events,
                    const std::string& person) {
  const std::string reader = consensus_reader(person);
  if (!fold({}, events, reader).findings.empty())
    throw Error(ErrorCode::Conflict, fmt::format("there is a layer '{}' already", reader),
                "decide the findings there, or undo it first");
  std::vector<Finding> all = consensus.findings;
  all.insert(all.end(), consensus.left_out_findings.begin(), consensus.left_out_findings.end());
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i].id = fmt::format("consensus-{}-{}", sha256(person).substr(0, 6), i + 1);
  json out = import_data(consensus.rule, all);
  out["layers"] = consensus.layers;
  const std::size_t kept = consensus.findings.size();
  for (std::size_t i = 0; i < all.size(); ++i) {
    json votes = json::array();
    for (const Vote& vote : i < kept ? consensus.votes[i] : consensus.left_out_votes[i - kept])
      votes.push_back({vote.layer, vote.label});
    out["items"][i]["votes"] = votes;
    if (i >= kept) out["items"][i]["kept"] = false;
  }
  return out;
}

}
