#include "modules/review/fold.h"

#include "modules/core/error.h"
#include "modules/review/footprint.h"
#include "modules/review/in_force.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

namespace sensorium {
using nlohmann::json;
namespace {

bool is_action(const Event& event) {
  return event.kind != "undo" && event.kind != "redo" && event.kind != "sign" &&
         event.kind != "sign_layer" && event.kind != "protocol";
}

// The actions in force, and the two stacks. An undo of an undo is a redo; an undo of a redo is an
// undo.
class History {
public:
  History(std::span<const Event> events, const std::string& reader) {
    for (const Event& event : events) {
      if (!reader.empty() && event.reader != reader) continue;
      try {
        take(event);
      } catch (const std::exception&) {
        problems.push_back(
            fmt::format("event {} ({}) is damaged and is not shown", event.number, event.kind));
      }
    }
  }

  std::vector<const Event*> in_force() const {
    std::vector<const Event*> out;
    for (const Event* action : actions_)
      if (active_.at(action->number)) out.push_back(action);
    return out;
  }

  std::vector<std::int64_t> undo, redo;
  std::vector<std::string> problems;
  const Event* signature = nullptr;
  std::string last_time;

private:
  void take(const Event& event) {
    check_event(event.kind, event.data);
    last_time = event.time_utc;
    if (event.kind == "sign") {
      signature = &event;
    } else if (event.kind == "sign_layer" || event.kind == "protocol") {
      return; // about readers, not about findings: readers.h
    } else if (is_action(event)) {
      actions_.push_back(&event);
      active_[event.number] = true;
      undo.push_back(event.number);
      redo.clear();
    } else {
      revert(event);
    }
  }

  void revert(const Event& event) {
    std::int64_t target = event.data.at("number").get<std::int64_t>();
    bool on = event.kind == "redo";
    if (!active_.contains(target)) {
      const auto link = reverts_.find(target);
      if (link == reverts_.end()) throw Error(ErrorCode::BadInput, "there is no such event");
      on = on == link->second.on; // undoing a revert is the opposite of it, redoing it is the same
      target = link->second.action;
    }
    reverts_[event.number] = {target, on};
    if (active_[target] == on) return;
    active_[target] = on;
    std::erase(on ? redo : undo, target);
    (on ? undo : redo).push_back(target);
  }

  struct Revert {
    std::int64_t action;
    bool on;
  };
  std::vector<const Event*> actions_;
  std::unordered_map<std::int64_t, bool> active_;
  std::unordered_map<std::int64_t, Revert> reverts_;
};

// A finding while events are applied to it.
struct Working {
  Finding now;
  const Finding* original = nullptr; // null: drawn
  bool accepted = false, rejected = false, painted = false, touched = false, decided = false;
  std::string reader;
  std::vector<Run> normal; // of the original, made when first needed
  bool has_normal = false;

  FindingState state() const {
    const bool erased = now.footprint.empty() && painted;
    if (rejected || erased) return FindingState::Rejected;
    if (original == nullptr) return FindingState::Drawn;
    if (painted || now.label != original->label) return FindingState::Changed;
    return accepted ? FindingState::Accepted : FindingState::Proposed;
  }
};

class Folder {
public:
  Folder(const Findings& findings, const std::array<Spacing, 3>* spacing) : spacing_(spacing) {
    items_.reserve(findings.items.size());
    for (const Finding& f : findings.items) {
      by_id_.emplace(f.id, items_.size());
      items_.push_back({.now = f, .original = &f});
    }
    proposed_ = items_.size();
  }

  void apply(const Event& event);
  ReviewState finish();

private:
  using Waiting = std::unordered_map<std::string, std::size_t>;

  Working* find(const Event& event);
  Working* by_place(const std::vector<Run>& place);
  void decide(const Event& event, Working& item);
  void paint(const Event& event, Working& item);
  void draw(const Event& event, const json& data, const std::vector<Run>& footprint);
  void wait(const Event& event);
  void import_layer(const Event& event);

  const std::array<Spacing, 3>* spacing_;
  std::vector<Working> items_;
  std::size_t proposed_ = 0;
  std::unordered_map<std::string, std::size_t> by_id_;
  Waiting waiting_index_;
  ReviewState state_;
};

std::array<int, 6> box_of(const std::vector<Run>& runs) {
  Finding f;
  f.footprint = runs;
  place(f);
  return f.box;
}

bool boxes_touch(const std::array<int, 6>& a, const std::array<int, 6>& b) {
  for (std::size_t i = 0; i < 3; ++i)
    if (a[i] > b[i + 3] || b[i] > a[i + 3]) return false;
  return true;
}

Working* Folder::by_place(const std::vector<Run>& place) {
  const std::int64_t size = voxel_count(place);
  if (size == 0) return nullptr;
  const std::array<int, 6> box = box_of(place);
  Working* best = nullptr;
  std::int64_t most = 0;
  for (std::size_t i = 0; i < proposed_; ++i) {
    Working& item = items_[i];
    if (!boxes_touch(item.original->box, box)) continue;
    if (!item.has_normal) {
      item.normal = normalised(item.original->footprint);
      item.has_normal = true;
    }
    const std::int64_t shared = overlap(item.normal, place);
    if (shared > most && 2 * shared >= std::min(size, voxel_count(item.normal))) {
      best = &item;
      most = shared;
    }
  }
  return best;
}

Working* Folder::find(const Event& event) {
  const auto known = by_id_.find(event.data.at("finding").get_ref<const std::string&>());
  if (known != by_id_.end()) return &items_[known->second];
  if (!event.data.contains("place")) return nullptr;
  return by_place(normalised(runs_from_json(event.data["place"])));
}

void Folder::decide(const Event& event, Working& item) {
  if (event.kind == "relabel") item.now.label = event.data.at("label").get<std::string>();
  if (event.kind == "reset") {
    item.accepted = item.rejected = false;
    if (item.original != nullptr) {
      item.now = *item.original;
      item.painted = false;
    }
    return;
  }
  item.rejected = event.kind == "reject";
  item.accepted = !item.rejected;
}

void Folder::paint(const Event& event, Working& item) {
  const std::vector<Run> added = runs_from_json(event.data.at("added"));
  const std::vector<Run> removed = runs_from_json(event.data.at("removed"));
  item.now.footprint = subtracted(united(item.now.footprint, added), removed);
  if (const std::string label = event.data.value("label", ""); !label.empty())
    item.now.label = label;
  item.painted = true;
  item.rejected = false;
}

void Folder::draw(const Event& event, const json& data, const std::vector<Run>& footprint) {
  Working item;
  item.now.id = data.at("finding").get<std::string>();
  item.now.label = data.value("label", "");
  item.now.score = 1;
  item.now.footprint = normalised(footprint);
  item.now.text = fmt::format("drawn by {}", event.reader);
  item.reader = event.reader;
  item.painted = item.touched = true;
  if (const auto [at, fresh] = by_id_.emplace(item.now.id, items_.size()); !fresh)
    throw Error(ErrorCode::BadInput, "a finding with this id exists already");
  items_.push_back(std::move(item));
}

void Folder::import_layer(const Event& event) {
  for (const json& data : event.data.at("items")) {
    draw(event, data, runs_from_json(data.at("footprint")));
    items_.back().rejected = !data.value("kept", true);
  }
}

void Folder::wait(const Event& event) {
  const std::string& id = event.data.at("finding").get_ref<const std::string&>();
  const auto [at, fresh] = waiting_index_.emplace(id, state_.waiting.size());
  if (fresh) state_.waiting.push_back({.finding = id});
  WaitingDecision& w = state_.waiting[at->second];
  w.number = event.number;
  w.reader = event.reader;
  if (event.kind == "relabel" || event.kind == "paint") {
    w.state = FindingState::Changed;
    w.label = event.data.value("label", w.label);
  } else if (event.kind == "reset") {
    w.state = FindingState::Proposed;
    w.label.clear();
  } else {
    w.state = event.kind == "reject" ? FindingState::Rejected
              : w.label.empty()      ? FindingState::Accepted
                                     : FindingState::Changed;
  }
}

void Folder::apply(const Event& event) {
  const json& d = event.data;
  if (event.kind == "draw") {
    draw(event, d, runs_from_json(d.at("footprint")));
  } else if (event.kind == "import_layer") {
    import_layer(event);
  } else if (event.kind == "measure") {
    state_.measurements.push_back({event.number,
                                   d.at("points").get<std::vector<std::array<double, 3>>>(),
                                   {d.at("name"), d.at("value"), d.at("unit"), d.at("source")},
                                   event.reader});
  } else if (event.kind == "note") {
    state_.notes.push_back(
        {event.number, d.at("finding"), d.at("text"), event.reader, event.time_utc});
  } else if (event.kind == "remove") {
    const auto number = d.at("number").get<std::int64_t>();
    std::erase_if(state_.notes, [&](const Note& n) { return n.number == number; });
    std::erase_if(state_.measurements, [&](const Measurement& m) { return m.number == number; });
  } else if (event.kind == "fovea") {
    state_.fovea = std::array<double, 2>{d.at("x").get<double>(), d.at("z").get<double>()};
  } else if (event.kind == "parameters") {
    state_.parameters.update(d);
  } else if (event.kind.starts_with("exam_")) {
    return; // about an exam, not about findings: exam_board.h
  } else if (Working* item = find(event)) {
    event.kind == "paint" ? paint(event, *item) : decide(event, *item);
    item->touched = item->decided = event.kind != "reset";
    item->reader = event.reader;
  } else if (event.kind == "paint" && !d.contains("place")) {
    draw(event, d, subtracted(runs_from_json(d.at("added")), runs_from_json(d.at("removed"))));
  } else {
    wait(event);
  }
}

ReviewState Folder::finish() {
  for (Working& item : items_) {
    const bool drawn = item.original == nullptr;
    if (drawn && item.now.footprint.empty()) continue;
    if (item.painted) {
      place(item.now);
      spacing_ != nullptr ? remeasure(item.now, *spacing_) : item.now.measures.clear();
    }
    ReviewedFinding out;
    out.state = item.state();
    out.finding = std::move(item.now);
    out.label = out.finding.label;
    out.original_label = drawn ? "" : item.original->label;
    out.reader = item.touched || drawn ? item.reader : "";
    out.decided = item.decided;
    state_.findings.push_back(std::move(out));
  }
  std::unordered_map<std::string, ReviewedFinding*> shown;
  for (ReviewedFinding& f : state_.findings) shown[f.finding.id] = &f;
  for (const Note& note : state_.notes)
    if (const auto at = shown.find(note.finding); at != shown.end())
      at->second->notes.push_back(note.text);
  std::erase_if(state_.waiting,
                [](const WaitingDecision& w) { return w.state == FindingState::Proposed; });
  return std::move(state_);
}

}

std::string_view name_of(FindingState state) {
  switch (state) {
  case FindingState::Proposed:
    return "proposed";
  case FindingState::Accepted:
    return "accepted";
  case FindingState::Rejected:
    return "rejected";
  case FindingState::Changed:
    return "changed";
  case FindingState::Drawn:
    return "drawn";
  }
  return "proposed";
}

int ReviewState::count(FindingState wanted) const {
  return static_cast<int>(
      std::count_if(findings.begin(), findings.end(),
                    [&](const ReviewedFinding& f) { return f.state == wanted; }));
}

std::string ReviewState::waiting_text() const {
  if (waiting.empty()) return {};
  return waiting.size() == 1 ? "1 decision waits on a finding hidden by the parameters"
                             : fmt::format("{} decisions wait on findings hidden by the parameters",
                                           waiting.size());
}

ReviewState fold(const Findings& findings, std::span<const Event> events, const std::string& reader,
                 const std::array<Spacing, 3>* spacing) {
  const History history(events, reader);
  Folder folder(findings, spacing);
  std::vector<std::string> problems = history.problems;
  for (const Event* event : history.in_force()) {
    try {
      folder.apply(*event);
    } catch (const std::exception&) {
      problems.push_back(fmt::format("event {} ({}) could not be applied and is not shown",
                                     event->number, event->kind));
    }
  }
  ReviewState state = folder.finish();
  state.problems = std::move(problems);
  state.last_event_time = history.last_time;
  if (!history.undo.empty()) state.undo_number = history.undo.back();
  if (!history.redo.empty()) state.redo_number = history.redo.back();
  if (const Event* s = history.signature)
    state.signature =
        Signature{s->number, s->reader, s->time_utc, s->data.value("statement", ""), s->hash};
  return state;
}

std::vector<const Event*> events_in_force(std::span<const Event> events,
                                          const std::string& reader) {
  return History(events, reader).in_force();
}

UndoTargets undo_targets(std::span<const Event> events, const std::string& reader) {
  const History history(events, reader);
  UndoTargets targets;
  if (!history.undo.empty()) targets.undo = history.undo.back();
  if (!history.redo.empty()) targets.redo = history.redo.back();
  return targets;
}

}
