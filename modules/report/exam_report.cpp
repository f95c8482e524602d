#include "modules/report/exam_report.h"

#include "modules/report/application.h"
#include "modules/report/flow.h"
#include "modules/report/zone_drawing.h"
#include "modules/review/exam_signing.h"
#include "modules/review/mark_kinds.h"

#include <QBuffer>
#include <QImageReader>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>
#include <fmt/format.h>

#include <set>

namespace sensorium {
namespace {

QString q(const std::string& text) { return QString::fromStdString(text); }

struct Page {
  Flow& flow;
  const ExamReportInput& in;
};

QString score_text(const std::optional<int>& score) {
  return score ? QString::number(*score) : QString("-");
}

QString zone_text(const BoardZone& zone) {
  if (zone.score) return QString::number(*zone.score);
  return zone.uninterpretable ? "uninterpretable" : "missing";
}

QString name_of(const Page& p, const BoardClip& clip) {
  return p.in.deidentified ? q(clip.clip.id)
                           : q(std::filesystem::path(clip.clip.file).filename().string());
}

void signature(Page& p) {
  const ExamBoard& b = p.in.board;
  if (!b.signature) return p.flow.text("Not signed.", Style::Strong);
  p.flow.text(q(p.in.deidentified ? fmt::format("Signed at {}.", b.signature->time_utc)
                                  : fmt::format("Signed by {} at {}.", b.signature->reader,
                                                b.signature->time_utc)),
              Style::Strong);
  for (const std::string& text : b.signature->unread)
    p.flow.text(q("When it was signed: " + text), Style::Body, ink::warning);
  if (b.changed.empty()) return;
  QStringList changes;
  for (const std::string& change : b.changes(!p.in.deidentified)) changes << q(change);
  p.flow.space(4 * pt);
  p.flow.notice("Changed since signed",
                changes.join("; ") + ". What follows is the exam as it is now, not as it was "
                                     "signed.",
                ink::warning, ink::warning_shade);
}

void title(Page& p) {
  p.flow.text("Lung ultrasound: exam by zones", Style::Title);
  p.flow.text(
      q(fmt::format("Made {}, {}, rule '{}'.{}", p.in.created, p.in.board.scheme.title,
                    p.in.board.rule,
                    p.in.deidentified ? std::string()
                                      : fmt::format(" Scores as reviewed by {}.",
                                                    p.in.reader.empty() ? "nobody" : p.in.reader))),
      Style::Body, ink::muted);
  signature(p);
  p.flow.space(4 * pt);
  p.flow.notice("Not a medical device",
                "For research, and for review by qualified people only. No diagnosis or treatment "
                "may rest on this report.",
                ink::warning, ink::warning_shade);
}

void patient(Page& p) {
  p.flow.heading("Patient");
  if (p.in.deidentified)
    return p.flow.text("De-identified: patient, file names and pictures are left out.", Style::Body,
                       ink::muted);
  const Patient& who = p.in.patient;
  if (who.id.empty() && who.name.empty())
    return p.flow.text("The clips do not say.", Style::Body, ink::muted);
  const auto field = [](const std::string& v) { return v.empty() ? QString("not given") : q(v); };
  p.flow.pairs({{"Name", field(who.name)},
                {"Identifier", field(who.id)},
                {"Date of birth", field(who.birth_date)},
                {"Sex", field(who.sex)}});
}

void sums(Page& p) {
  const ExamBoard& b = p.in.board;
  p.flow.heading("Result");
  p.flow.text(q(fmt::format("{}{} of {}", b.missing.empty() ? "" : "At least ", b.total, b.most())),
              Style::Figure);
  p.flow.text(q(fmt::format("Total score over {} of {} zones under the rule '{}'.", b.seen,
                            b.zones.size(), b.rule)));
  for (const std::string& note : b.notes(!p.in.deidentified))
    p.flow.text(q(note), Style::Strong, ink::warning);
  std::vector<QStringList> rows;
  for (std::size_t r = 0; r < b.rules.size(); ++r)
    rows.push_back({q(b.rules[r]), QString::number(b.totals[r]),
                    b.class_by_rule[r].empty() ? QString("-") : q(b.class_by_rule[r]),
                    b.rules[r] == b.rule ? "yes" : ""});
  p.flow.space(4 * pt);
  p.flow.table(
      {{"Rule", 1.5}, {"Total", 0.8, true}, {"Class (network)", 2, true}, {"Used", 0.6, true}},
      rows);
}

void thorax(Page& p) {
  const double height = 250 * pt;
  const QRectF box = p.flow.take(height);
  const std::vector<ZoneLook> looks = looks_of(p.in.board);
  QPainter& painter = p.flow.painter();
  painter.save();
  painter.setFont(Flow::font(Style::Body));
  const double width = std::min(box.width(), height * 1.05);
  const QRectF area(box.center().x() - width / 2, box.top(), width, height - 14 * pt);
  draw_zones(painter, zone_drawing(p.in.board.scheme, area, 11 * pt), looks,
             {.body = ink::shade,
              .line = QColor("#8a9096"),
              .text = ink::text,
              .muted = ink::muted,
              .accent = ink::accent,
              .decided = QColor("#8a3f75"),
              .dark = false},
             9 * pt);
  painter.restore();
  p.flow.put(QRectF(box.left(), box.bottom() - 12 * pt, box.width(), 12 * pt),
             "Schematic. Dashed: missing. Hatched: uninterpretable. ≠: the rules disagree. Bold "
             "purple border: scored by the reader.",
             Style::Small, ink::muted);
}

void zones(Page& p) {
  const ExamBoard& b = p.in.board;
  p.flow.heading("Zones: the worst pattern of each");
  std::vector<Column> columns{
      {"Zone", 0.6}, {"Place", 2.4}, {"Clips", 0.6, true}, {"Score", 1.9, true}};
  for (const std::string& rule : b.rules) columns.push_back({q(rule), 0.8, true});
  columns.push_back({"Worst pattern", 3.2});
  std::vector<QStringList> rows;
  for (const BoardZone& z : b.zones) {
    QStringList row{q(z.zone.id), q(z.zone.title), QString::number(z.clips.size()), zone_text(z)};
    for (const auto& s : z.by_rule) row << score_text(s);
    QString pattern = z.score && static_cast<std::size_t>(*z.score) < b.patterns.size()
                          ? q(b.patterns[static_cast<std::size_t>(*z.score)])
                          : QString("-");
    if (!z.decided_by.empty() && !p.in.deidentified) pattern += q("; by " + z.decided_by);
    rows.push_back(row << pattern);
  }
  p.flow.table(columns, rows);
}

QRectF strip(Page& p, const QRectF& box, const ClipResult& clip) {
  QPainter& painter = p.flow.painter();
  painter.fillRect(box, ink::shade);
  const double step = box.width() / std::max<std::size_t>(1, clip.frames.size());
  for (std::size_t i = 0; i < clip.frames.size(); ++i) {
    const ClipFrame& f = clip.frames[i];
    QRectF cell(box.left() + step * static_cast<double>(i), box.top(), step, box.height());
    if (!f.readable) {
      painter.fillRect(cell, QColor("#d3d7da"));
      continue;
    }
    cell.setTop(cell.bottom() - cell.height() * (f.score + 1) / 4);
    painter.fillRect(cell, score_color(f.score, false));
  }
  return box;
}

QString clip_line(const Page& p, const BoardClip& c) {
  if (!c.result.analysed)
    return "not analysed" +
           (p.in.deidentified || c.result.note.empty() ? QString() : ": " + q(c.result.note));
  QStringList rules;
  for (const RuleVerdict& r : c.result.rules)
    rules << q(r.rule) + " " + score_text(r.score) +
                 (r.named.empty() ? QString() : ", " + q(r.named));
  QString text = rules.join(" · ");
  if (!c.agree) text += "; the rules disagree";
  if (c.result.decided())
    text += QString("; %1%2: %3")
                .arg(q(std::string(name_of(c.result.state))),
                     p.in.deidentified || c.result.reader.empty() ? QString()
                                                                  : " by " + q(c.result.reader),
                     c.result.decided_score ? "score " + QString::number(*c.result.decided_score)
                                            : QString("no score"));
  QStringList marks;
  for (const auto& [label, count] : c.result.marks)
    marks << (count == 1 ? q(label) : QString("%1 × %2").arg(count).arg(q(label)));
  if (!marks.isEmpty()) text += "; marked: " + marks.join(", ");
  if (!c.change.empty()) text += "; changed since signed: " + q(c.change);
  return text;
}

// "key/clip-2-17.png" shows frame 17.
QString frame_of(const std::filesystem::path& picture) {
  return q(picture.stem().string()).section('-', -1);
}

void mark_legend(Page& p) {
  std::set<std::string> used;
  for (const BoardClip& c : p.in.board.clips)
    for (const auto& [label, count] : c.result.marks) used.insert(label);
  if (used.empty() || p.in.deidentified) return;
  const QRectF box = p.flow.take(12 * pt);
  double x = box.left();
  QPainter& painter = p.flow.painter();
  for (const MarkKind& kind : mark_kinds) {
    if (!used.contains(kind.label)) continue;
    painter.fillRect(QRectF(x, box.top() + 2 * pt, 7 * pt, 7 * pt), QColor(kind.color));
    p.flow.put(QRectF(x + 10 * pt, box.top(), 90 * pt, 12 * pt), kind.label, Style::Small,
               ink::muted);
    x += 100 * pt;
  }
}

void clips(Page& p) {
  p.flow.heading("Clips");
  p.flow.text("Strip: the score of each frame that was looked at, as height and colour; grey: not "
              "readable.",
              Style::Small, ink::muted);
  mark_legend(p);
  std::vector<std::size_t> order;
  for (const BoardZone& z : p.in.board.zones)
    order.insert(order.end(), z.clips.begin(), z.clips.end());
  order.insert(order.end(), p.in.board.unplaced.begin(), p.in.board.unplaced.end());
  for (const std::size_t i : order) {
    const BoardClip& c = p.in.board.clips[i];
    const auto found = p.in.key_pictures.find(c.clip.id);
    QImage picture;
    if (!p.in.deidentified && found != p.in.key_pictures.end())
      picture = QImageReader(q(found->second.string())).read();
    const double height = picture.isNull() ? 44 * pt : 92 * pt;
    p.flow.space(4 * pt);
    const QRectF box = p.flow.take(height);
    double left = box.left();
    if (!picture.isNull()) {
      const QSizeF size = QSizeF(picture.size()).scaled(116 * pt, height, Qt::KeepAspectRatio);
      p.flow.painter().drawImage(QRectF(box.topLeft(), size), picture);
      left += 124 * pt;
    }
    const double width = box.right() - left;
    double y = box.top();
    y += p.flow.put(QRectF(left, y, width, 12 * pt),
                    (c.zone.empty() ? QString("No zone") : q(c.zone)) + "  " + name_of(p, c),
                    Style::Strong);
    y += p.flow.put(QRectF(left, y, width, 24 * pt), clip_line(p, c), Style::Small, ink::muted);
    if (c.result.analysed) strip(p, QRectF(left, y + 3 * pt, width, 14 * pt), c.result);
    if (!picture.isNull())
      p.flow.put(QRectF(left, y + 20 * pt, width, 12 * pt), "Key frame " + frame_of(found->second),
                 Style::Small, ink::muted);
  }
}

void method(Page& p) {
  p.flow.heading("Method and how to repeat it");
  const ExamBoard& b = p.in.board;
  std::vector<std::pair<QString, QString>> rows{
      {"Scheme", q(b.scheme.title + ": " + b.scheme.source)},
      {"Score of a zone", "the worst of its clips; a reader's decision on a clip or a zone counts "
                          "under every rule"}};
  if (p.in.pipeline) {
    rows.emplace_back("Pipeline", q(p.in.pipeline->id + " " + p.in.pipeline->version + ", " +
                                    p.in.pipeline->maturity));
    rows.emplace_back("Intended use", q(p.in.pipeline->intended_use));
    rows.emplace_back("Limits", q(p.in.pipeline->limits));
    rows.emplace_back("Citation", q(p.in.pipeline->citation));
  }
  if (!p.in.log_hash.empty())
    rows.emplace_back("Log",
                      q(p.in.log_hash + (p.in.log_text.empty() ? "" : "; " + p.in.log_text)));
  p.flow.pairs(rows);
  if (p.in.command.empty() || p.in.deidentified) return;
  p.flow.text("The same report again:", Style::Strong);
  p.flow.text(q(p.in.command), Style::Mono);
}

int set_all(const ExamReportInput& in, int pages, QByteArray& bytes) {
  bytes.clear();
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  QPdfWriter writer(&buffer);
  set_up(writer, "Sensorium exam report");
  Flow flow(writer, "Sensorium. Not a medical device.", pages, [](const QString& t) { return t; });
  Page page{flow, in};
  for (const auto part : {title, patient, sums, thorax, zones, clips, method}) part(page);
  const int count = flow.page();
  flow.painter().end();
  return count;
}

}

void write_exam_pdf(const ExamReportInput& in, const std::filesystem::path& path) {
  ensure_application();
  QByteArray bytes;
  const int pages = set_all(in, 0, bytes);
  set_all(in, pages, bytes);
  write_atomically(path, {bytes.constData(), static_cast<std::size_t>(bytes.size())});
}

}
