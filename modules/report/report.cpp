#include "modules/report/report.h"

#include "modules/core/error.h"
#include "modules/report/application.h"
#include "modules/report/class_drawing.h"
#include "modules/report/flow.h"
#include "modules/report/pictures.h"
#include "modules/report/plot_drawing.h"
#include "modules/report/scrub.h"
#include "modules/review/mark_kinds.h"
#include "modules/review/reviewed.h"

#include <QBuffer>
#include <QGuiApplication>
#include <QImageReader>
#include <QPageSize>
#include <QPdfWriter>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace sensorium {
using nlohmann::json;
namespace {

QString q(std::string_view text) {
  return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

QString number(const Measure& m) {
  const QString unit = m.unit == "1" ? QString() : " " + q(m.unit);
  return QString::number(m.value, 'g', 5) + unit;
}

constexpr std::size_t most_key_frames = 4;
constexpr std::size_t most_regions = 150; // of a class map, in the table; decided ones come first

// Below 0 the method gives none from 0 to 1; then the mean of what it gives.
QString score_text(const Finding& f) {
  for (const Measure& m : f.measures)
    if (f.score < 0 && m.name.starts_with("mean ")) return QString::number(m.value, 'g', 4);
  return f.score < 0 ? QString("-") : QString::number(f.score, 'f', 2);
}

QString state_text(FindingState state) {
  switch (state) {
  case FindingState::Proposed:
    return "AI, undecided";
  case FindingState::Accepted:
    return "accepted";
  case FindingState::Rejected:
    return "rejected";
  case FindingState::Changed:
    return "changed";
  case FindingState::Drawn:
    return "drawn by hand";
  }
  return {};
}

// Everything one report needs while it is set.
struct Page {
  Flow& flow;
  const ReportInput& in;
  const Slices& slices;
  const Findings& kept; // after the review
};

std::string scale_text(const Spacing& s, const char* axis) {
  if (!s.known())
    return fmt::format("{}: pixels only, scale unknown ({})", axis,
                       s.field.empty() ? "the file does not say" : s.field);
  return fmt::format("{}: {:.5g} um ({}, {})", axis, s.micrometres,
                     to_json(s).at("source").get<std::string>(), s.field);
}

void title(Page& p) {
  const std::string name = p.in.pipeline ? p.in.pipeline->title : p.in.findings.pipeline;
  p.flow.text(q(name), Style::Title);
  p.flow.text(p.in.review.is_signed()
                  ? q(fmt::format("Signed by {} at {}", p.in.review.signature->reader,
                                  p.in.review.signature->time_utc))
                  : QString("Not signed"),
              Style::Body, ink::muted);
  if (!p.in.statement.empty())
    p.flow.text(q("Findings " + p.in.statement), Style::Body, ink::muted);
  p.flow.space(4 * pt);
  p.flow.notice("Not a medical device",
                "For research, and for review by qualified people only. No diagnosis or treatment "
                "may rest on this report.",
                ink::warning, ink::warning_shade);
  for (const std::string& note : p.in.findings.notes)
    if (p.in.findings.nothing_counted)
      p.flow.notice("Nothing was counted", q(note), ink::warning, ink::warning_shade);
}

bool is_recording(const Page& p) { return std::holds_alternative<Recording>(p.in.dataset); }

void patient(Page& p) {
  if (is_recording(p)) return; // a machine's currents
  if (p.in.options.deidentified) {
    p.flow.heading("Patient");
    p.flow.text("De-identified: fields that identify the patient are left out.", Style::Body,
                ink::muted);
    return;
  }
  const Patient& who = origin_of(p.in.dataset).patient;
  const auto field = [](const std::string& v) { return v.empty() ? QString("not given") : q(v); };
  p.flow.heading("Patient");
  p.flow.pairs({{"Name", field(who.name)},
                {"Identifier", field(who.id)},
                {"Date of birth", field(who.birth_date)},
                {"Sex", field(who.sex)}});
}

void recording(Page& p) {
  p.flow.heading("Recording and scale");
  const Origin& origin = origin_of(p.in.dataset);
  std::vector<std::pair<QString, QString>> rows;
  if (!p.in.options.deidentified) rows.emplace_back("File", q(origin.path));
  rows.emplace_back("Format", q(origin.format));
  if (const auto* v = std::get_if<Volume>(&p.in.dataset)) {
    rows.emplace_back("Size", q(fmt::format("{} x {} pixels, {} slice{}", v->width, v->height,
                                            v->depth, v->depth == 1 ? "" : "s")));
    rows.emplace_back("Eye", v->laterality == Laterality::Right  ? "right (OD)"
                             : v->laterality == Laterality::Left ? "left (OS)"
                                                                 : "not given");
    rows.emplace_back("Scale", q(scale_text(v->spacing[0], "along the scan") + "\n" +
                                 scale_text(v->spacing[1], "depth") + "\n" +
                                 scale_text(v->spacing[2], "between slices")));
  }
  if (const auto* r = std::get_if<Recording>(&p.in.dataset)) {
    std::string channels;
    for (const Channel& c : r->channels)
      channels += fmt::format("{}{}{}", channels.empty() ? "" : ", ", c.name,
                              c.unit.empty() ? "" : " [" + c.unit + "]");
    rows.emplace_back("Channels", q(channels));
    rows.emplace_back("Samples", q(fmt::format("{} of each channel", r->length)));
    rows.emplace_back("Sample rate",
                      q(r->rate.known()
                            ? fmt::format("{:.6g} Hz ({})", r->rate.hertz, r->rate.field)
                            : fmt::format("not in the file: {}", r->rate.field)));
  }
  for (const Fact& fact : origin.facts)
    if (!p.in.options.deidentified || !identifies(fact))
      rows.emplace_back(q(fact.name), q(fact.value));
  p.flow.pairs(rows);
  for (const std::string& warning : origin.warnings)
    p.flow.text(q(warning), Style::Small, ink::muted);
}

// A share that is stored to its last digit is shown in whole per cent.
QString shown_cell(const std::string& cell, const std::string& column) {
  const auto point = cell.find('.');
  if (!column.ends_with(", %") || point == std::string::npos || cell.size() - point <= 4)
    return q(cell);
  bool number = false;
  const double value = q(cell).toDouble(&number);
  return number ? QString::number(std::round(value)) : q(cell);
}

void summary(Page& p) {
  const ReviewState& review = p.in.review;
  p.flow.heading(review.findings.empty() ? "Result" : "Result after review");
  if (!review.findings.empty())
    p.flow.text(
        q(fmt::format("{} accepted, {} rejected, {} changed, {} drawn by hand, {} undecided{}.",
                      review.count(FindingState::Accepted), review.count(FindingState::Rejected),
                      review.count(FindingState::Changed), review.count(FindingState::Drawn),
                      review.count(FindingState::Proposed),
                      p.in.options.proposed_count ? " (undecided ones are counted below)"
                                                  : " (undecided ones are not counted below)")));
  if (const std::string waiting = review.waiting_text(); !waiting.empty())
    p.flow.text(q(waiting), Style::Small, ink::muted);
  std::vector<std::pair<QString, QString>> rows;
  for (const Measure& m : p.kept.summary)
    rows.emplace_back(q(m.name),
                      number(m) + (m.source.empty() ? QString() : "  (" + q(m.source) + ")"));
  p.flow.pairs(rows);
  for (const Table& table : p.kept.tables) {
    p.flow.space(4 * pt);
    p.flow.text(q(table.caption.empty() ? table.name : table.caption), Style::Strong);
    std::vector<Column> columns;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      columns.push_back({q(table.columns[i]), i == 0 ? 2.0 : 1.0, i > 0});
    std::vector<QStringList> cells;
    for (const auto& row : table.rows) {
      QStringList line;
      for (std::size_t i = 0; i < row.size(); ++i)
        line << (i < table.columns.size() ? shown_cell(row[i], table.columns[i]) : q(row[i]));
      cells.push_back(line);
    }
    p.flow.table(columns, cells);
  }
  if (!p.in.findings.nothing_counted)
    for (const std::string& note : p.in.findings.notes)
      p.flow.text(q(note), Style::Small, ink::muted);
}

bool is_video(const Page& p) { return std::holds_alternative<Video>(p.in.dataset); }
bool is_cube(const Page& p) { return std::holds_alternative<Cube>(p.in.dataset); }
// A video has frames, a stack B-scans unless its file says that it is no OCT; a cube has none.
std::string slice_word(const Page& p) {
  const auto* volume = std::get_if<Volume>(&p.in.dataset);
  if (is_cube(p)) return {};
  if (is_video(p)) return "frame";
  return volume && !volume->modality.empty() && volume->modality != "OCT" ? "slice" : "B-scan";
}

void map_of_findings(Page& p) {
  if (p.slices.empty() || p.slices.count() < 2 || is_video(p)) return;
  p.flow.heading("Seen from the front");
  const QImage image = en_face(p.slices);
  const double width = p.flow.width(), height = std::min(160 * pt, width * 0.45);
  const QRectF box = p.flow.take(height + 12 * pt);
  const QRectF area(box.left(), box.top(), width, height);
  p.flow.painter().drawImage(area, image);
  for (const ReviewedFinding& r : p.in.review.findings) {
    const QPointF at(area.left() + area.width() * (r.finding.centroid[0] + 0.5) / p.slices.width(),
                     area.top() + area.height() * (r.finding.centroid[2] + 0.5) / p.slices.count());
    p.flow.painter().setPen(QPen(color_of(r.state), 1.1 * pt));
    p.flow.painter().setBrush(Qt::NoBrush);
    p.flow.painter().drawEllipse(at, 2.2 * pt, 2.2 * pt);
  }
  p.flow.put(QRectF(box.left(), area.bottom() + 2 * pt, width, 10 * pt),
             q("Mean over depth; one row a " + slice_word(p) +
               ", stretched. Circles: findings, coloured by state."),
             Style::Small, ink::muted);
}

void crop(Page& p, const QRectF& box, const ReviewedFinding& r) {
  constexpr int half = 36;
  const int slice = main_slice(r.finding);
  const QImage picture = p.slices.picture(slice);
  const double aspect = p.slices.aspect();
  const int half_y = std::max(8, static_cast<int>(half / std::max(0.2, aspect)));
  const int x0 = static_cast<int>(r.finding.centroid[0]) - half,
            y0 = static_cast<int>(r.finding.centroid[1]) - half_y;
  const QRectF area(box.left(), box.top(), box.width(), box.width());
  QPainter& painter = p.flow.painter();
  painter.drawImage(area, picture.copy(x0, y0, 2 * half, 2 * half_y));
  painter.save();
  painter.setClipRect(area);
  painter.translate(area.left(), area.top());
  painter.scale(area.width() / (2 * half), area.height() / (2 * half_y));
  painter.translate(-x0, -y0);
  QPen pen = pen_of(r.state, 1.2 * pt);
  pen.setCosmetic(true);
  painter.setPen(pen);
  painter.setBrush(Qt::NoBrush);
  painter.drawPath(outline(r.finding.footprint, slice));
  painter.restore();
  p.flow.put(QRectF(box.left(), area.bottom() + 2 * pt, box.width(), 22 * pt),
             q(fmt::format("{}, {} {}, score {:.2f}\n", r.label, slice_word(p), slice + 1,
                           r.finding.score)) +
                 state_text(r.state),
             Style::Small, ink::muted);
}

// A frame with all of its findings: a crop says little of a clip.
void frame_with_marks(Page& p, const QRectF& box, int frame) {
  QPainter& painter = p.flow.painter();
  painter.drawImage(box, p.slices.picture(frame));
  painter.save();
  painter.setClipRect(box);
  painter.translate(box.left(), box.top());
  painter.scale(box.width() / p.slices.width(), box.height() / p.slices.height());
  painter.setBrush(Qt::NoBrush);
  for (const ReviewedFinding& r : p.in.review.findings) {
    if (r.state == FindingState::Rejected || main_slice(r.finding) != frame) continue;
    QPen pen = pen_of(r, 1.2 * pt);
    pen.setCosmetic(true);
    painter.setPen(pen);
    painter.drawPath(outline(r.finding.footprint, frame));
  }
  for (const Measurement& m : p.in.review.measurements) {
    if (m.points.size() != 2 || std::lround(m.points[0][2]) != frame) continue;
    QPen pen(Qt::white, 1 * pt);
    pen.setCosmetic(true);
    painter.setPen(pen);
    painter.drawLine(QPointF(m.points[0][0], m.points[0][1]),
                     QPointF(m.points[1][0], m.points[1][1]));
  }
  painter.restore();
}

// Frames with what a reader marked or measured first, then those with most findings.
std::vector<int> key_frames(const Page& p) {
  std::map<int, std::pair<int, int>> count; // own, all
  for (const ReviewedFinding& r : p.in.review.findings)
    if (r.state != FindingState::Rejected && !r.finding.footprint.empty()) {
      auto& [own, all] = count[main_slice(r.finding)];
      own += r.state != FindingState::Proposed;
      ++all;
    }
  for (const Measurement& m : p.in.review.measurements)
    if (m.points.size() == 2) ++count[static_cast<int>(std::lround(m.points[0][2]))].first;
  std::vector<std::pair<std::pair<int, int>, int>> order;
  for (const auto& [frame, n] : count)
    if (frame >= 0 && frame < p.slices.count()) order.push_back({n, frame});
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<int> out;
  for (std::size_t i = 0; i < order.size() && i < most_key_frames; ++i)
    out.push_back(order[i].second);
  std::sort(out.begin(), out.end());
  return out;
}

// Which colour is which kind, of the kinds that are there.
void kind_legend(Page& p) {
  std::vector<const MarkKind*> used;
  for (const MarkKind& kind : mark_kinds)
    if (std::ranges::any_of(p.in.review.findings, [&](const ReviewedFinding& r) {
          return r.label == kind.label && r.state != FindingState::Rejected;
        }))
      used.push_back(&kind);
  if (used.empty()) return;
  const QRectF box = p.flow.take(14 * pt);
  double x = box.left();
  for (const MarkKind* kind : used) {
    p.flow.painter().fillRect(QRectF(x, box.top() + 3 * pt, 7 * pt, 7 * pt), QColor(kind->color));
    p.flow.put(QRectF(x + 10 * pt, box.top() + 1 * pt, 86 * pt, 12 * pt), q(kind->label),
               Style::Small, ink::muted);
    x += 100 * pt;
  }
}

void clip_frames(Page& p) {
  if (p.slices.empty() || p.in.options.max_crops <= 0) return;
  const std::vector<int> frames = key_frames(p);
  if (frames.empty()) return;
  p.flow.heading(frames.size() == 1
                     ? q(fmt::format("Key frame, {} of {}", frames[0] + 1, p.slices.count()))
                     : QString("Key frames"));
  const std::size_t columns = frames.size() == 1 ? 1 : 2;
  const double gap = 8 * pt;
  const double width =
      (p.flow.width() - gap * static_cast<double>(columns - 1)) / static_cast<double>(columns);
  const QSizeF shown = QSizeF(p.slices.width(), p.slices.height() * p.slices.aspect())
                           .scaled(width, (columns == 1 ? 240 : 170) * pt, Qt::KeepAspectRatio);
  for (std::size_t i = 0; i < frames.size(); i += columns) {
    const QRectF row = p.flow.take(shown.height() + 16 * pt);
    for (std::size_t k = i; k < std::min(frames.size(), i + columns); ++k) {
      const QPointF corner(row.left() + static_cast<double>(k - i) * (width + gap), row.top());
      frame_with_marks(p, QRectF(corner, shown), frames[k]);
      if (columns > 1)
        p.flow.put(QRectF(corner + QPointF(0, shown.height() + 2 * pt), QSizeF(width, 12 * pt)),
                   q(fmt::format("frame {} of {}", frames[k] + 1, p.slices.count())), Style::Small,
                   ink::muted);
    }
  }
  kind_legend(p);
}

void key_findings(Page& p) {
  if (is_video(p)) return clip_frames(p);
  if (p.slices.empty() || p.in.review.findings.empty() || p.in.options.max_crops <= 0) return;
  std::vector<const ReviewedFinding*> order;
  for (const ReviewedFinding& r : p.in.review.findings)
    if (r.state != FindingState::Rejected && !r.finding.footprint.empty()) order.push_back(&r);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    const bool decided_a = a->state != FindingState::Proposed,
               decided_b = b->state != FindingState::Proposed;
    return decided_a != decided_b ? decided_a : a->finding.score > b->finding.score;
  });
  if (order.empty()) return;
  order.resize(std::min(order.size(), static_cast<std::size_t>(p.in.options.max_crops)));
  p.flow.heading("Key findings");
  constexpr int columns = 6;
  const double gap = 6 * pt, width = (p.flow.width() - (columns - 1) * gap) / columns;
  for (std::size_t i = 0; i < order.size(); i += columns) {
    const QRectF row = p.flow.take(width + 28 * pt);
    for (std::size_t k = i; k < std::min(order.size(), i + columns); ++k)
      crop(p,
           QRectF(row.left() + static_cast<double>(k - i) * (width + gap), row.top(), width,
                  row.height()),
           *order[k]);
  }
}

void pictures_of_run(Page& p) {
  const std::filesystem::path drawn = draw_class_map(p.flow, p.in);
  for (const auto& [path, caption] : p.in.pictures) {
    if (path == drawn || path.filename() == "class_map.png") continue; // its legend is elsewhere
    QImageReader reader(q(path.string()));
    reader.setAllocationLimit(0); // our own file; it is read at the size it is shown in
    const QSize size = reader.size();
    if (!size.isValid()) continue;
    const double width = p.flow.width(), most = 300 * pt;
    const QSizeF shown = QSizeF(size).scaled(width, most, Qt::KeepAspectRatio);
    if (size.width() > 2000 || size.height() > 2000)
      reader.setScaledSize(size.scaled(2000, 2000, Qt::KeepAspectRatio));
    const QImage image = reader.read();
    if (image.isNull()) continue;
    p.flow.heading("Picture");
    const QRectF box = p.flow.take(shown.height() + 24 * pt);
    p.flow.painter().drawImage(QRectF(box.topLeft(), shown), image);
    p.flow.put(QRectF(box.left(), box.top() + shown.height() + 2 * pt, width, 22 * pt), q(caption),
               Style::Small, ink::muted);
  }
}

// Spans that last as long as the recording say nothing about when.
void plots_of_run(Page& p) {
  const auto* r = std::get_if<Recording>(&p.in.dataset);
  if (r == nullptr || p.in.plots.empty()) return;
  std::vector<PlotSpan> spans;
  for (const ReviewedFinding& f : p.in.review.findings)
    if (f.state != FindingState::Rejected &&
        static_cast<std::uint64_t>(f.finding.box[3] - f.finding.box[0]) + 1 < r->length)
      spans.push_back({static_cast<double>(f.finding.box[0]), f.finding.box[3] + 1.0, q(f.label),
                       color_of(f.state)});
  draw_plots(p.flow, p.in.plots, spans);
}

QString size_of_finding(const Finding& finding) {
  for (const char* wanted : {"equivalent diameter", "diameter", "long axis", "area"})
    for (const Measure& m : finding.measures)
      if (m.name.find(wanted) != std::string::npos) return number(m);
  return finding.measures.empty() ? QString("-") : number(finding.measures.front());
}

void findings_in_time(Page& p) {
  std::vector<QStringList> rows;
  for (const ReviewedFinding& r : p.in.review.findings)
    if (static_cast<int>(rows.size()) < p.in.options.max_rows)
      rows.push_back({q(r.label), q(r.finding.text), QString::number(r.finding.score, 'f', 2),
                      state_text(r.state)});
  p.flow.table({{"Label", 1.2}, {"Evidence", 5}, {"Score", 0.6, true}, {"State", 1}}, rows);
}

void measurements(Page& p, const std::string& word) {
  if (p.in.review.measurements.empty()) return;
  p.flow.space(4 * pt);
  p.flow.text("Measured by hand", Style::Strong);
  std::vector<QStringList> rows;
  for (const Measurement& m : p.in.review.measurements)
    rows.push_back(
        {q(m.measure.name), q(fmt::format("{:.4g} {}", m.measure.value, m.measure.unit)),
         m.points.empty() ? QString("-") : QString::number(std::lround(m.points[0][2]) + 1),
         q(m.measure.source)});
  p.flow.table({{"Measure", 1.2},
                {"Value", 1, true},
                {q(word.empty() ? std::string("Slice") : word), 0.7, true},
                {"Scale from", 3}},
               rows);
}

void all_findings(Page& p) {
  if (p.in.review.findings.empty() && p.in.review.measurements.empty()) return;
  if (is_recording(p)) {
    p.flow.heading("All findings");
    return findings_in_time(p);
  }
  p.flow.heading("All findings");
  std::string word = slice_word(p);
  if (!word.empty()) word[0] = static_cast<char>(std::toupper(word[0]));
  const bool layers = std::ranges::any_of(p.in.review.findings, [](const ReviewedFinding& r) {
    return r.finding.attributes.contains("slab");
  });
  std::vector<Column> columns{{"Finding", 1.6}, {"Label", 1.2}};
  if (!word.empty()) columns.push_back({q(word), 0.7, true});
  columns.insert(columns.end(), {{"x, y (px)", 1, true}, {"Size", 1, true}});
  if (layers) columns.push_back({"Layer", 1.2});
  columns.insert(columns.end(), {{"Score", 0.6, true}, {"State", 1.2}});
  std::vector<const ReviewedFinding*> order;
  for (const ReviewedFinding& r : p.in.review.findings) order.push_back(&r);
  std::size_t most = static_cast<std::size_t>(p.in.options.max_rows);
  if (is_cube(p)) {
    most = std::min(most, most_regions);
    std::ranges::stable_partition(
        order, [](const ReviewedFinding* r) { return r->state != FindingState::Proposed; });
  }
  std::vector<QStringList> rows;
  for (const ReviewedFinding* one : order) {
    if (rows.size() >= most) break;
    const ReviewedFinding& r = *one;
    QStringList row{q(r.finding.id), q(r.label)};
    if (!word.empty()) row << QString::number(main_slice(r.finding) + 1);
    row << q(fmt::format("{:.0f}, {:.0f}", r.finding.centroid[0], r.finding.centroid[1]))
        << size_of_finding(r.finding);
    const auto slab = r.finding.attributes.find("slab");
    if (layers) row << (slab == r.finding.attributes.end() ? QString("-") : q(slab->second));
    rows.push_back(row << score_text(r.finding) << state_text(r.state));
  }
  p.flow.table(columns, rows);
  if (rows.size() < p.in.review.findings.size())
    p.flow.text(q(fmt::format("{} more findings are in findings.csv.",
                              p.in.review.findings.size() - rows.size())),
                Style::Small, ink::muted);
  measurements(p, word);
  for (const Note& note : p.in.review.notes)
    p.flow.text(q(fmt::format("Note by {} at {}{}: {}", note.reader, note.time_utc,
                              note.finding.empty() ? "" : " on " + note.finding, note.text)));
}

std::string card_value(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    std::string out;
    for (const json& item : value) out += (out.empty() ? "" : "; ") + card_value(item);
    return out;
  }
  if (value.is_object()) {
    std::string out;
    for (const auto& [key, item] : value.items())
      out += (out.empty() ? "" : "; ") + key + ": " + card_value(item);
    return out;
  }
  return value.dump();
}

void method(Page& p) {
  p.flow.heading("Method, model and how to repeat it");
  std::vector<std::pair<QString, QString>> rows;
  if (p.in.pipeline) {
    rows.emplace_back("Pipeline", q(p.in.pipeline->id + " " + p.in.pipeline->version + ", " +
                                    p.in.pipeline->maturity));
    rows.emplace_back("Intended use", q(p.in.pipeline->intended_use));
    rows.emplace_back("Limits", q(p.in.pipeline->limits));
    rows.emplace_back("Citation", q(p.in.pipeline->citation));
  }
  if (!p.in.model_card.is_object() || p.in.model_card.empty())
    rows.emplace_back("Model", "none was used");
  else
    for (const auto& [key, value] : p.in.model_card.items())
      rows.emplace_back("Model: " + q(key), q(card_value(value)));
  const json model = p.in.provenance.value("model", json::object());
  if (const std::string hash = model.value("sha256", ""); !hash.empty())
    rows.emplace_back("Model SHA-256", q(hash));
  rows.emplace_back("Input SHA-256", q(origin_of(p.in.dataset).sha256));
  rows.emplace_back("Parameters", q(p.in.findings.parameters_text));
  rows.emplace_back(
      "Program",
      q(fmt::format("Sensorium {}, {}, finished {}", p.in.provenance.value("program", ""),
                    p.in.provenance.value("device", ""), p.in.provenance.value("finished", ""))));
  if (!p.in.log_hash.empty())
    rows.emplace_back("Review log",
                      q(p.in.log_hash + (p.in.log_text.empty() ? "" : "; " + p.in.log_text)));
  if (!p.in.reader.empty()) rows.emplace_back("Reader", q(p.in.reader));
  p.flow.pairs(rows);
  if (!p.in.command.empty()) {
    p.flow.text("The same result again:", Style::Strong);
    p.flow.text(q(p.in.command), Style::Mono);
  }
}

int set_all(const ReportInput& in, const Slices& slices, const Findings& kept,
            const TextFilter& filter, int pages, QByteArray& bytes) {
  bytes.clear();
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  QPdfWriter writer(&buffer);
  set_up(writer, in.options.deidentified ? QString("Sensorium report")
                                         : filter(q("Sensorium report: " + in.findings.pipeline)));
  Flow flow(writer, "Sensorium. Not a medical device.", pages, filter);
  Page page{flow, in, slices, kept};
  for (const auto part : {title, patient, summary, plots_of_run, pictures_of_run, map_of_findings,
                          key_findings, recording, all_findings, method})
    part(page);
  const int count = flow.page();
  flow.painter().end();
  return count;
}

}

void ensure_application() {
  if (QCoreApplication::instance() != nullptr) return;
  static int argc = 1;
  static char name[] = "sensorium";
  static char* argv[] = {name, nullptr};
  qputenv("QT_QPA_PLATFORM", "offscreen");
  // Qt tells the terminal about folders that a batch node lacks; a library does not print.
  qInstallMessageHandler([](QtMsgType, const QMessageLogContext&, const QString&) {});
  static QGuiApplication application(argc, argv);
}

void write_pdf(const ReportInput& in, const std::filesystem::path& path) {
  ensure_application();
  const Slices slices(in.dataset);
  const Findings kept =
      reviewed_findings(in.findings, in.review, {.proposed = in.options.proposed_count});
  TextFilter filter = [](const QString& text) { return text; };
  if (in.options.deidentified)
    filter = [strings = identifying_strings(origin_of(in.dataset))](const QString& text) {
      return q(scrubbed(text.toStdString(), strings));
    };
  QByteArray bytes;
  const int pages = set_all(in, slices, kept, filter, 0, bytes);
  set_all(in, slices, kept, filter, pages, bytes);
  write_atomically(path, {bytes.constData(), static_cast<std::size_t>(bytes.size())});
}

}
