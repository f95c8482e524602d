#include "modules/review/exam_board.h"

#include "modules/core/error.h"
#include "modules/review/exam_signing.h"
#include "modules/review/in_force.h"
#include "modules/review/mark_kinds.h"
#include "modules/review/pooling.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr int worst_score = 3;

std::optional<int> number_in(std::string_view text) {
  int value = 0;
  const auto [at, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || at != text.data() + text.size()) return std::nullopt;
  return value;
}

// A share in per cent; cases of earlier versions hold whole numbers. 0 for what is none.
double share_in(const std::string& text) {
  double value = 0;
  const auto [at, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = fault == std::errc() && at == text.data() + text.size();
  return whole && value >= 0 && value <= 100 ? value / 100 : 0;
}

std::optional<int> score_in(std::string_view text) {
  if (text.starts_with("score ")) text.remove_prefix(6);
  const auto value = number_in(text);
  return value && *value >= 0 && *value <= worst_score ? value : std::nullopt;
}

const Table* table_named(const Findings& findings, std::string_view name) {
  for (const Table& table : findings.tables)
    if (table.name == name) return &table;
  return nullptr;
}

std::size_t column_of(const Table& table, std::string_view name) {
  return static_cast<std::size_t>(std::find(table.columns.begin(), table.columns.end(), name) -
                                  table.columns.begin());
}

std::string cell(const std::vector<std::string>& row, std::size_t column) {
  return column < row.size() ? row[column] : std::string();
}

void take_rules(const Findings& findings, ClipResult& out) {
  const Table* table = table_named(findings, "verdicts");
  if (table == nullptr) return;
  const std::size_t rule = column_of(*table, "rule"), score = column_of(*table, "score"),
                    named = column_of(*table, "class");
  for (const auto& row : table->rows)
    if (!cell(row, rule).empty())
      out.rules.push_back({cell(row, rule), score_in(cell(row, score)), cell(row, named)});
}

// Columns behind the score are the classes' shares in per cent.
void take_frames(const Findings& findings, ClipResult& out) {
  const Table* table = table_named(findings, "frames");
  if (table == nullptr) return;
  const std::size_t number = column_of(*table, "frame"), readable = column_of(*table, "readable"),
                    score = column_of(*table, "score");
  for (std::size_t c = score + 1; c < table->columns.size(); ++c)
    if (const std::string& name = table->columns[c]; name.ends_with(", %"))
      out.classes.push_back(name.substr(0, name.size() - 3));
  for (const auto& row : table->rows) {
    const auto frame = number_in(cell(row, number));
    if (!frame || *frame < 1) continue;
    ClipFrame f{.frame = *frame - 1, .readable = cell(row, readable) == "yes"};
    f.score = score_in(cell(row, score)).value_or(0);
    for (std::size_t k = 0; f.readable && k < out.classes.size(); ++k)
      f.shares.push_back(share_in(cell(row, score + 1 + k)));
    out.frame_count = std::max(out.frame_count, *frame);
    out.frames.push_back(std::move(f));
  }
}

// A reader's own marks come first, then any that were not rejected, then the worst frame.
int key_frame_of(const ReviewState& review, const ClipResult& clip) {
  const ReviewedFinding* marked = nullptr;
  for (const ReviewedFinding& f : review.findings) {
    if (f.finding.footprint.empty() || f.state == FindingState::Rejected) continue;
    const bool own = f.state != FindingState::Proposed;
    if (marked == nullptr || (own && marked->state == FindingState::Proposed)) marked = &f;
  }
  if (marked != nullptr) return marked->finding.box[2];
  const ClipFrame* worst = nullptr;
  for (const ClipFrame& f : clip.frames)
    if (f.readable && (worst == nullptr || f.score > worst->score)) worst = &f;
  return worst == nullptr ? -1 : worst->frame;
}

void take_review(const ReviewState& review, ClipResult& out) {
  bool verdict = false;
  for (const ReviewedFinding& f : review.findings) {
    out.unread += f.state == FindingState::Proposed;
    if (!f.finding.footprint.empty() && mark_kind(f.label) != nullptr &&
        f.state != FindingState::Proposed && f.state != FindingState::Rejected)
      ++out.marks[f.label];
    if (verdict || !f.finding.id.starts_with("clip-")) continue;
    verdict = true;
    out.state = f.state;
    out.reader = f.reader;
    if (f.state != FindingState::Rejected) out.decided_score = score_in(f.label);
  }
}

void apply(const Event& event, ExamState& state) {
  const json& d = event.data;
  const auto clip = [&]() -> ExamClip& {
    const std::string id = d.at("clip");
    for (ExamClip& c : state.clips)
      if (c.id == id) return c;
    throw Error(ErrorCode::BadInput, fmt::format("there is no clip '{}'", id));
  };
  if (event.kind == "exam_clips") {
    for (const json& item : d.at("items"))
      state.clips.push_back({item.at("clip"), item.at("file")});
  } else if (event.kind == "exam_remove") {
    const std::string id = clip().id;
    std::erase_if(state.clips, [&](const ExamClip& c) { return c.id == id; });
  } else if (event.kind == "exam_zone") {
    clip().placed = true;
    clip().place = d.at("place");
  } else if (event.kind == "exam_score") {
    const std::string score = d.at("score");
    if (score.empty())
      state.decisions.erase(d.at("place"));
    else
      state.decisions[d.at("place")] = {score, event.reader};
  } else if (event.kind == "parameters") {
    state.scheme = d.value("scheme", state.scheme);
    state.rule = d.value("rule", state.rule);
  }
}

std::string zone_of(const ExamClip& clip, const ZoneScheme& scheme) {
  if (!clip.placed)
    return zone_in_name(std::filesystem::path(clip.file).filename().string(), scheme);
  for (const Zone& zone : scheme.zones)
    if (zone.title == clip.place) return zone.id;
  return {};
}

bool rules_agree(const ClipResult& clip) {
  if (!clip.analysed || clip.rules.empty()) return true;
  const RuleVerdict& first = clip.rules.front();
  return std::all_of(clip.rules.begin(), clip.rules.end(), [&](const RuleVerdict& r) {
    return (clip.decided() || r.score == first.score) && r.named == first.named;
  });
}

void score_zone(BoardZone& zone, const ExamBoard& board) {
  for (const std::string& rule : board.rules) {
    std::optional<int> worst;
    for (const std::size_t i : zone.clips)
      if (const auto score = score_of(board.clips[i].result, rule))
        worst = std::max(worst.value_or(0), *score);
    if (!zone.decision.empty()) worst = score_in(zone.decision);
    zone.by_rule.push_back(worst);
    if (rule == board.rule) zone.score = worst;
  }
  if (!zone.decision.empty()) zone.score = score_in(zone.decision);
  zone.agree = std::all_of(zone.by_rule.begin(), zone.by_rule.end(),
                           [&](const auto& s) { return s == zone.by_rule.front(); });
  const bool read = std::any_of(zone.clips.begin(), zone.clips.end(),
                                [&](std::size_t i) { return board.clips[i].result.analysed; });
  zone.uninterpretable = !zone.score && (!zone.decision.empty() || read);
}

// Rules that a clip has, in its order; those that only later clips have come behind.
std::vector<std::string> rules_of(const std::vector<BoardClip>& clips) {
  std::vector<std::string> out;
  for (const BoardClip& c : clips)
    for (const RuleVerdict& r : c.result.rules)
      if (std::find(out.begin(), out.end(), r.rule) == out.end()) out.push_back(r.rule);
  return out;
}

// Columns have short names ("viral"), verdicts whole ones ("viral pneumonia").
std::string whole_name(const std::string& name, const ExamBoard& board) {
  for (const BoardClip& c : board.clips)
    for (const RuleVerdict& r : c.result.rules)
      if (r.named.starts_with(name)) return r.named;
  return name;
}

std::string class_under(const ExamBoard& board, const std::string& rule) {
  std::vector<std::vector<double>> parts;
  std::vector<std::string> names;
  for (const BoardClip& c : board.clips) {
    if (c.result.classes.empty() || (!names.empty() && names != c.result.classes)) continue;
    names = c.result.classes;
    std::vector<std::vector<double>> frames;
    for (const ClipFrame& f : c.result.frames)
      if (f.readable) frames.push_back(f.shares);
    if (auto all = pooled_shares(frames, rule, c.result.top)) parts.push_back(std::move(*all));
  }
  if (parts.empty()) return {};
  const double top = board.clips.front().result.top;
  return whole_name(names[best_share(*pooled_shares(parts, rule, top))], board);
}

std::string change_text(const BoardClip& c, const std::string& name) {
  return fmt::format("{}{} ({})", name, c.zone.empty() ? "" : " in " + c.zone, c.change);
}

void compare_with_signature(const ExamState& state, ExamBoard& board) {
  board.signature = state.signature;
  if (!board.signature) return;
  for (BoardClip& c : board.clips) {
    const auto then = board.signature->clips.find(c.clip.id);
    c.change = then == board.signature->clips.end() ? "not signed with the others"
                                                    : change_of(then->second, c.result.version);
    if (!c.change.empty()) board.changed.push_back(change_text(c, c.clip.id));
  }
}

void sum_up(ExamBoard& board) {
  board.totals.assign(board.rules.size(), 0);
  for (const BoardZone& zone : board.zones) {
    for (std::size_t r = 0; r < board.rules.size(); ++r)
      board.totals[r] += zone.by_rule[r].value_or(0);
    board.agree = board.agree && zone.agree;
    if (zone.score) {
      ++board.seen;
      board.total += *zone.score;
    } else {
      board.missing.push_back(zone.zone.id);
    }
  }
  const auto known = [](const std::string& rule) {
    return std::find(pooling_rules.begin(), pooling_rules.end(), rule) != pooling_rules.end();
  };
  for (const std::string& rule : board.rules)
    board.class_by_rule.push_back(known(rule) ? class_under(board, rule) : std::string());
  for (const std::string& name : board.class_by_rule)
    board.classes_agree =
        board.classes_agree && (name.empty() || name == board.class_by_rule.front());
}

}

json exam_clips_data(const std::vector<std::pair<std::string, std::string>>& clips) {
  json items = json::array();
  for (const auto& [id, file] : clips) items.push_back({{"clip", id}, {"file", file}});
  return {{"items", items}};
}

json exam_zone_data(const std::string& clip, const Zone* zone) {
  return {{"clip", clip}, {"zone", zone ? zone->id : ""}, {"place", zone ? zone->title : ""}};
}

json exam_score_data(const Zone& zone, const std::string& score) {
  return {{"zone", zone.id}, {"place", zone.title}, {"score", score}};
}

ExamState exam_state(std::span<const Event> events) {
  ExamState state;
  for (const Event& event : events) {
    try {
      check_event(event.kind, event.data);
      if (auto signature = exam_signature(event)) state.signature = std::move(signature);
    } catch (const std::exception&) {
      if (event.kind == "sign")
        state.problems.push_back(
            fmt::format("event {} ({}) is damaged and is not shown", event.number, event.kind));
    }
  }
  for (const Event* event : events_in_force(events)) {
    try {
      apply(*event, state);
    } catch (const std::exception&) {
      state.problems.push_back(fmt::format("event {} ({}) could not be applied and is not shown",
                                           event->number, event->kind));
    }
  }
  return state;
}

ClipResult clip_result(const Findings& findings, const ReviewState& review) {
  ClipResult out;
  out.analysed = true;
  take_rules(findings, out);
  take_frames(findings, out);
  out.key_frame = key_frame_of(review, out);
  const json parameters = findings.parameters();
  if (const auto top = parameters.find("top"); top != parameters.end() && top->is_number())
    out.top = std::clamp(top->get<double>(), 0.0, 1.0);
  take_review(review, out);
  return out;
}

std::optional<int> score_of(const ClipResult& clip, const std::string& rule) {
  if (clip.decided()) return clip.decided_score;
  for (const RuleVerdict& r : clip.rules)
    if (r.rule == rule) return r.score;
  return std::nullopt;
}

ExamBoard exam_board(const ExamState& state, const ZoneBook& book,
                     const std::map<std::string, ClipResult>& results) {
  ExamBoard board;
  const ZoneScheme* scheme = find_scheme(book, state.scheme);
  board.scheme = scheme != nullptr ? *scheme : book.schemes.at(0);
  board.patterns = book.patterns;
  board.rule = state.rule;
  for (const ExamClip& clip : state.clips) {
    BoardClip c{.clip = clip, .zone = zone_of(clip, board.scheme)};
    if (const auto found = results.find(clip.id); found != results.end()) c.result = found->second;
    c.agree = rules_agree(c.result);
    board.analysed += c.result.analysed;
    board.clips.push_back(std::move(c));
  }
  compare_with_signature(state, board);
  board.rules = rules_of(board.clips);
  if (board.rules.empty()) board.rules = {board.rule};
  for (const Zone& zone : board.scheme.zones) {
    BoardZone z{.zone = zone};
    for (std::size_t i = 0; i < board.clips.size(); ++i)
      if (board.clips[i].zone == zone.id) z.clips.push_back(i);
    if (const auto found = state.decisions.find(zone.title); found != state.decisions.end()) {
      z.decision = found->second.score;
      z.decided_by = found->second.reader;
    }
    score_zone(z, board);
    board.zones.push_back(std::move(z));
  }
  for (std::size_t i = 0; i < board.clips.size(); ++i)
    if (board.clips[i].zone.empty()) board.unplaced.push_back(i);
  sum_up(board);
  return board;
}

std::vector<std::string> ExamBoard::changes(bool with_file_names) const {
  if (!with_file_names) return changed;
  std::vector<std::string> out;
  for (const BoardClip& c : clips)
    if (!c.change.empty())
      out.push_back(change_text(c, std::filesystem::path(c.clip.file).filename().string()));
  return out;
}

std::vector<std::string> ExamBoard::notes(bool with_file_names) const {
  std::vector<std::string> out;
  if (!changed.empty())
    out.push_back(
        fmt::format("Changed since signed: {}.{}", fmt::join(changes(with_file_names), "; "),
                    signature->total && *signature->total != total
                        ? fmt::format(" The total was {} when it was signed.", *signature->total)
                        : std::string()));
  if (!missing.empty())
    out.push_back(fmt::format("Zones without a score: {}. The total is a lower bound.",
                              fmt::join(missing, ", ")));
  if (!agree)
    out.push_back("The rules disagree on scores: look at the clips before you report the total.");
  if (!classes_agree) out.push_back("The rules disagree on the exam's class.");
  if (!unplaced.empty())
    out.push_back(fmt::format("{} {} in no zone: not part of the score.", unplaced.size(),
                              unplaced.size() == 1 ? "clip is" : "clips are"));
  const auto failed = std::count_if(clips.begin(), clips.end(),
                                    [](const BoardClip& c) { return !c.result.analysed; });
  if (failed > 0)
    out.push_back(
        fmt::format("{} {} not analysed.", failed, failed == 1 ? "clip is" : "clips are"));
  return out;
}

}
