#include "modules/review/consensus_desk.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
using nlohmann::json;
namespace {

// What each layer calls the lesion, in the order of the layers.
std::vector<std::string> labels_of(const json& item, const std::vector<std::string>& layers) {
  std::vector<std::string> out(layers.size());
  for (const json& vote : item.value("votes", json::array())) {
    const auto at =
        std::find(layers.begin(), layers.end(), vote.at(0).get_ref<const std::string&>());
    if (at != layers.end())
      out[static_cast<std::size_t>(at - layers.begin())] = vote.at(1).get<std::string>();
  }
  return out;
}

bool labels_differ(const std::vector<std::string>& labels) {
  std::string first;
  for (const std::string& label : labels) {
    if (label.empty()) continue;
    if (!first.empty() && label != first) return true;
    first = label;
  }
  return false;
}

}

ConsensusDesk::ConsensusDesk(Findings base, ReviewLog& log, const std::array<Spacing, 3>& spacing,
                             std::string person)
    : base_(std::move(base)), log_(log), spacing_(spacing), person_(std::move(person)),
      reader_(consensus_reader(person_)) {
  refresh();
}

void ConsensusDesk::make(const std::vector<Layer>& layers, ConsensusRule rule) {
  require_open(log_.events(), "there can be no consensus yet");
  const Consensus found = consensus(layers, spacing_, rule);
  if (found.findings.empty() && found.left_out.empty())
    throw Error(ErrorCode::Usage,
                "none of these layers holds a finding: there is nothing to agree on",
                "choose other readers, or let them decide first");
  log_.append(reader_, "import_layer", consensus_data(found, log_.events(), person_));
  refresh();
}

void ConsensusDesk::refresh() {
  rows_.clear();
  layers_.clear();
  rule_.clear();
  made_ = false;
  targets_ = undo_targets(log_.events(), reader_);
  const ReviewState state = fold(base_, log_.events(), reader_, &spacing_);
  std::map<std::string, const ReviewedFinding*> shown;
  for (const ReviewedFinding& f : state.findings) shown[f.finding.id] = &f;
  for (const Event& event : log_.events()) {
    if (event.reader != reader_ || event.kind != "import_layer") continue;
    std::vector<ConsensusRow> rows;
    const auto layers = event.data.value("layers", std::vector<std::string>{});
    for (const json& item : event.data.at("items")) {
      const auto at = shown.find(item.at("finding").get<std::string>());
      if (at == shown.end() || !at->second->original_label.empty()) continue;
      const ReviewedFinding& now = *at->second;
      ConsensusRow row{.finding = at->first, .place = now.finding};
      row.labels = labels_of(item, layers);
      row.seen = static_cast<int>(std::count_if(row.labels.begin(), row.labels.end(),
                                                [](const auto& l) { return !l.empty(); }));
      row.differs = row.seen < static_cast<int>(layers.size()) || labels_differ(row.labels);
      row.kept = now.state != FindingState::Rejected;
      row.decided = now.decided;
      rows.push_back(std::move(row));
    }
    if (rows.empty()) continue; // undone, or nothing was found by anyone
    made_ = true;
    made_at_ = event.number;
    rule_ = event.data.at("source").get<std::string>();
    layers_ = layers;
    rows_ = std::move(rows);
  }
  std::stable_sort(rows_.begin(), rows_.end(), [](const ConsensusRow& a, const ConsensusRow& b) {
    return std::pair(a.place.centroid[2], a.place.centroid[0]) <
           std::pair(b.place.centroid[2], b.place.centroid[0]);
  });
}

int ConsensusDesk::differing() const {
  return static_cast<int>(std::count_if(rows_.begin(), rows_.end(),
                                        [](const ConsensusRow& row) { return row.differs; }));
}

int ConsensusDesk::open() const {
  return static_cast<int>(std::count_if(rows_.begin(), rows_.end(), [](const ConsensusRow& row) {
    return row.differs && !row.decided;
  }));
}

std::vector<std::string> ConsensusDesk::changed_since() const {
  std::vector<std::string> out;
  for (const std::string& layer : layers_)
    if (std::any_of(log_.events().begin(), log_.events().end(), [&](const Event& event) {
          return event.reader == layer && event.number > made_at_ && event.kind != "sign_layer" &&
                 event.kind != "protocol" && event.kind != "sign";
        }))
      out.push_back(layer);
  return out;
}

std::vector<std::string> ConsensusDesk::others() const {
  std::vector<std::string> out = consensus_layers(log_.events());
  std::erase(out, reader_);
  return out;
}

void ConsensusDesk::decide(const char* kind, const std::string& finding, json data) {
  if (std::none_of(rows_.begin(), rows_.end(),
                   [&](const ConsensusRow& row) { return row.finding == finding; }))
    throw Error(ErrorCode::NotFound, fmt::format("the consensus has no lesion '{}'", finding),
                "choose one of the list");
  data["finding"] = finding;
  log_.append(reader_, kind, data);
  refresh();
}

void ConsensusDesk::keep(const std::string& finding) { decide("accept", finding, json::object()); }

void ConsensusDesk::leave_out(const std::string& finding) {
  decide("reject", finding, json::object());
}

void ConsensusDesk::relabel(const std::string& finding, const std::string& label) {
  decide("relabel", finding, {{"label", label}});
}

bool ConsensusDesk::undo() {
  const bool done = log_.undo(reader_).has_value();
  if (done) refresh();
  return done;
}

bool ConsensusDesk::redo() {
  const bool done = log_.redo(reader_).has_value();
  if (done) refresh();
  return done;
}

}
