// What the page of a recording draws of what was computed.
#include "app/gui/signal_comparison.h"
#include "app/gui/signal_page.h"
#include "modules/view/heat_plot.h"
#include "modules/view/locus_plot.h"
#include "modules/view/notice_bar.h"
#include "modules/view/signal_plot.h"
#include "modules/view/span_strip.h"
#include "modules/view/theme.h"

#include <QComboBox>
#include <QFrame>
#include <QLabel>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium {
namespace {

QString of(const std::string& text) { return QString::fromStdString(text); }

// The longest power of two of samples that lasts at most a quarter of a second, or a part of the
// span where the rate is unknown.
std::size_t segment_for(double rate, std::uint64_t length) {
  const double wanted = rate > 0 ? rate / 4 : static_cast<double>(length) / 40;
  std::size_t segment = 64;
  while (segment * 2 <= wanted && segment < 16384) segment *= 2;
  return segment;
}

double attribute(const Finding& finding, const char* name, double otherwise) {
  for (const Measure& m : finding.measures)
    if (m.name == name) return m.value;
  return otherwise;
}

// "Inter-turn short: phase A, ...; I2/I1 rises ..." in what is found, and what speaks for it.
std::pair<QString, QString> parts_of(const QString& text) {
  const auto semicolon = text.indexOf("; "), stands = text.indexOf(" stands at ");
  if (semicolon > 0) return {text.left(semicolon), text.mid(semicolon + 2)};
  if (stands > 0) return {text.left(stands), "It" + text.mid(stands)};
  return {text, {}};
}

}

void SignalPage::ask_overview() {
  if (!recording_ || shown_.empty()) {
    overview_ = {};
    if (recording_) show_overview(overview_);
    return;
  }
  const auto [a, b] = time_->x_view();
  const std::uint64_t from = sample_of(a), to = std::max(sample_of(b), from + 1);
  // One column a pixel; a margin on both sides so that panning does not show an edge.
  desk_->ask_overview(from, std::min(to, recording_->length),
                      static_cast<std::size_t>(std::clamp(time_->width(), 200, 4000)), shown_);
}

void SignalPage::ask_spectrogram() {
  if (!recording_ || shown_.empty()) return heat_->set_map({});
  const auto [a, b] = time_->x_view();
  const std::uint64_t from = sample_of(a), to = sample_of(b);
  if (to <= from) return;
  desk_->ask_spectrogram(shown_.front(), from, to, rate() > 0 ? rate() : 1, 480,
                         segment_for(rate(), to - from));
}

void SignalPage::ask_analysis() {
  show_span_text();
  if (!recording_ || !session_) return;
  time_->set_chosen(to_ - from_ < recording_->length
                        ? std::optional(std::pair(x_of(static_cast<double>(from_)),
                                                  x_of(static_cast<double>(to_))))
                        : std::nullopt);
  heat_->set_chosen(to_ - from_ < recording_->length ? x_of(static_cast<double>(from_)) : 0,
                    to_ - from_ < recording_->length ? x_of(static_cast<double>(to_)) : 0);
  SpanRequest q{.from = from_, .to = to_, .channels = shown_};
  if (phases_) {
    q.phases = phases_->index;
    for (const std::size_t c : phases_->index)
      if (std::find(q.channels.begin(), q.channels.end(), c) == q.channels.end())
        q.channels.push_back(c);
  }
  q.rate = rate() > 0 ? rate() : 1;
  q.rate_known = rate() > 0;
  q.window = session_->parameters().value("window", std::string("hann"));
  q.nameplate = nameplate();
  desk_->ask_span(q);
  comparison_->ask(q, entered_rate());
}

void SignalPage::sync_time(double from, double to) {
  for (SignalPlot* plot : {time_, ratio_})
    if (plot->x_view() != std::pair(from, to)) plot->set_x_view(from, to);
  heat_->set_x_view(from, to);
  strip_->set_x_view(from, to);
  overview_timer_.start();
  spectrogram_timer_.start();
}

void SignalPage::show_overview(const Overview& overview) {
  overview_ = overview;
  double least = std::numeric_limits<double>::infinity(), most = -least;
  for (const OverviewLine& line : overview.lines)
    for (const auto* values : {&line.least, &line.greatest})
      for (const double v : *values)
        if (std::isfinite(v)) least = std::min(least, v), most = std::max(most, v);
  if (!(least <= most)) least = -1, most = 1;
  if (least == most) least -= 1, most += 1;
  const double middle = (least + most) / 2, half = (most - least) / 2 * 1.08;
  std::vector<PlotSeries> series;
  std::vector<std::pair<double, QString>> names;
  const auto count = static_cast<int>(overview.lines.size());
  QStringList units;
  for (int k = 0; k < count; ++k) {
    const OverviewLine& line = overview.lines[static_cast<std::size_t>(k)];
    const Channel& channel = recording_->channels[line.channel];
    const auto place = [&](double v) {
      return lanes_ ? (v - middle) / (2 * half) + count - 1 - k + 0.5 : v;
    };
    PlotSeries s{of(channel.name), {}, {}, {}, series_color(k)};
    for (const double sample : line.sample) s.x.push_back(x_of(sample));
    for (const double v : line.least) s.y.push_back(place(v));
    for (const double v : line.greatest) s.upper.push_back(place(v));
    series.push_back(std::move(s));
    names.emplace_back(count - 1 - k + 0.5, of(channel.name).left(9));
    if (const QString unit = of(channel.unit); !units.contains(unit)) units << unit;
  }
  const bool one_unit = units.size() == 1 && !units.front().isEmpty();
  time_->set_y_names(lanes_ ? names : std::vector<std::pair<double, QString>>{});
  time_->set_axes({}, lanes_ ? QString() : one_unit ? units.front() : "file units");
  time_->set_units(rate() > 0 ? "s" : "",
                   lanes_     ? QString()
                   : one_unit ? units.front()
                              : "",
                   rate() > 0 ? 4 : 0, 2);
  time_->set_series(std::move(series));
  if (lanes_)
    time_->set_y_view(0, std::max(1, count));
  else
    time_->set_y_view(middle - half, middle + half);
}

void SignalPage::show_analysis() {
  if (!analysis_ || !recording_ || analysis_->spectra.empty()) {
    spectrum_->set_series({});
    spectrum_->set_bands({});
    spectrum_->set_empty_text("No span of at least 16 samples is chosen.");
    spectrum_text_->set_text({});
    return;
  }
  if (looked_at_->currentIndex() > 0)
    show_view();
  else
    show_spectrum();
  const SpanAnalysis& a = *analysis_;
  const bool known = rate() > 0;
  const QString unit = phases_ ? of(recording_->channels[phases_->index[0]].unit) : QString();
  locus_->set_axes(unit.isEmpty() ? "id" : "id, " + unit, unit.isEmpty() ? "iq" : "iq, " + unit);
  locus_->set_curve(a.park.d, a.park.q);
  if (phases_ && known && a.fundamental > 0) {
    const QString wanted = QString::number(std::round(a.fundamental * 10) / 10);
    if (ratio_asked_ != wanted) {
      ratio_asked_ = wanted;
      desk_->ask_ratio(phases_->index, rate(), a.fundamental);
    }
  } else if (phases_) {
    ratio_->set_empty_text(known ? "No alternating current: no I2/I1."
                                 : "I2/I1 over time needs the sample rate.");
  }
  show_span_text();
}

void SignalPage::show_spectrum() {
  const SpanAnalysis& a = *analysis_;
  const bool known = rate() > 0;
  const int row = line_->currentIndex();
  const bool all = phases_ && row <= 0;
  const auto one = static_cast<std::size_t>(std::max(0, phases_ ? row - 1 : row));
  const FrequencySpectrum& shown =
      all && !a.joint.values.empty() ? a.joint : a.spectra[std::min(one, a.spectra.size() - 1)];
  double reference = a.reference;
  if (!all || !(reference > 0)) {
    reference = 0;
    const double bin = a.fundamental / shown.step;
    for (std::size_t k = 1; k < shown.values.size(); ++k)
      if (!(a.fundamental > 0) || std::abs(static_cast<double>(k) - bin) <= 1)
        reference = std::max(reference, shown.values[k]);
  }
  PlotSeries s{all ? "all phases" : line_->currentText(), {}, {}, {}, series_color(all ? 0 : row)};
  for (std::size_t k = 0; k < shown.values.size(); ++k) {
    s.x.push_back(static_cast<double>(k) * shown.step);
    s.y.push_back(std::max(-160.0, decibels(shown.values[k], reference)));
  }
  std::vector<double> sorted = s.y;
  const auto low = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 20);
  std::nth_element(sorted.begin(), low, sorted.end());
  const double highest = s.x.back();
  const auto difference = shows_difference() ? difference_series(shown, reference) : std::nullopt;
  const auto other = shows_difference() ? std::nullopt : compared_series();
  spectrum_->set_axes(known ? "Hz" : "periods per sample", difference ? "dB, A − B" : "dB");
  spectrum_->set_units(known ? "Hz" : "1/sample", "dB", known ? 2 : 5, 1);
  spectrum_->set_x_limits(0, highest);
  // Above the lines there is room for the labels of the bands.
  spectrum_->set_y_view(std::clamp(std::floor(*low / 10) * 10 - 5, -150.0, -40.0),
                        a.bands.empty() ? 8 : 34);
  const auto [from, to] = spectrum_->x_view();
  std::vector<PlotSeries> lines;
  if (difference) {
    double most = 10;
    for (const double v : difference->y) most = std::max(most, std::abs(v));
    most = std::min(60.0, std::ceil(most / 10) * 10);
    spectrum_->set_y_view(-most, a.bands.empty() ? most : 1.6 * most);
    lines = {*difference};
  } else {
    if (other) s.name = "A";
    lines = {std::move(s)};
    if (other) lines.push_back(*other);
  }
  spectrum_->set_level(difference ? std::optional(0.0) : std::nullopt, "A = B");
  spectrum_->set_series(std::move(lines));
  if (!std::exchange(fitted_, true) || to > highest * 1.0001 || to <= from) {
    const double end = a.fundamental > 0 ? std::min(highest, 8 * a.fundamental) : highest;
    spectrum_->set_x_view(0, end);
    heat_->set_y_view(0, end);
  }
  show_bands();
  QStringList text;
  const QString unit = phases_ ? of(recording_->channels[phases_->index[0]].unit) : QString();
  if (a.fundamental > 0)
    text << QString("0 dB: %1 %2, %3 %4")
                .arg(a.fundamental, 0, 'f', known ? 2 : 5)
                .arg(known ? "Hz" : "periods per sample")
                .arg(reference, 0, 'g', 3)
                .arg(unit)
                .trimmed();
  else
    text << "0 dB: the strongest line; there is no fundamental";
  if (phases_ && a.fundamental > 0)
    text
        << QString("I2/I1 %1, THD %2 %").arg(a.ratio, 0, 'f', 3).arg(100 * a.distortion, 0, 'f', 1);
  text << QString("rms %1 %2, crest %3")
              .arg(a.level, 0, 'g', 3)
              .arg(unit)
              .arg(a.crest, 0, 'f', 2)
              .replace(" ,", ",");
  if (phases_) text.back() += QString(", unbalance %1 %").arg(100 * a.unbalance, 0, 'f', 1);
  if (a.pieces > 1) text << QString("mean of %1 pieces").arg(a.pieces);
  if (known && a.bands.empty() && phases_) text << "no fault bands without a speed";
  if (const QStringList b = comparison_text(); !b.isEmpty()) {
    text.prepend(b.front());
    text << b.mid(1);
  }
  spectrum_text_->set_text(text.join("  ·  "));
  spectrum_text_->setToolTip(text.join("\n") + (a.slip.text.empty() ? "" : "\n" + of(a.slip.text)));
}

void SignalPage::show_bands() {
  const int look = looked_at_->currentIndex(); // the bands lie on an axis of the current's hertz
  if (look > 0 && look != static_cast<int>(SpanView::Averaged) + 1 &&
      look != static_cast<int>(SpanView::Zoom) + 1)
    return;
  std::vector<PlotBand> bands;
  const auto& parameters = session_->parameters();
  for (BandLevel b : analysis_->bands) {
    const char* name = b.band.fault == "broken bar"     ? "broken_bar_from"
                       : b.band.fault == "eccentricity" ? "eccentricity_from"
                                                        : "bearing_from";
    judge_band(b, parameters.value(name, b.band.thresholds[0]));
    PlotBand band{.from = b.band.centre - b.band.half_width,
                  .to = b.band.centre + b.band.half_width,
                  .raised = b.severity > 0,
                  .threshold = b.band.thresholds[0],
                  .has_threshold = true,
                  .movable = true};
    const QString place = of(b.band.label).replace(" - ", "−").replace(" + ", "+");
    band.label = b.resolved ? QString("%1 %2 dB").arg(place).arg(b.level_db, 0, 'f', 0)
                            : QString("%1 ?").arg(place);
    const auto of_other = band_of_other(b);
    if (of_other && shows_difference()) {
      band.label = QString("%1 %2%3 dB")
                       .arg(place, b.level_db >= *of_other ? "+" : "−")
                       .arg(std::abs(b.level_db - *of_other), 0, 'f', 0);
      band.has_threshold = band.movable = false;
    }
    band.text =
        b.resolved
            ? QString("%1, %2: %3 dB at %4 Hz, %5 dB above its surroundings. Incipient from %6 dB; "
                      "thresholds are empirical.")
                  .arg(of(b.band.fault), of(b.band.label))
                  .arg(b.level_db, 0, 'f', 1)
                  .arg(b.peak_hz, 0, 'f', 2)
                  .arg(b.level_db - b.floor_db, 0, 'f', 1)
                  .arg(b.band.thresholds[0], 0, 'f', 0)
            : QString(
                  "%1, %2: too near to the fundamental or a harmonic for a span of this length. "
                  "Nothing is said about it.")
                  .arg(of(b.band.fault), of(b.band.label));
    if (of_other) band.text += QString(" B: %1 dB.").arg(*of_other, 0, 'f', 1);
    bands.push_back(std::move(band));
  }
  spectrum_->set_bands(std::move(bands));
}

void SignalPage::show_ratio(const RatioCourse& course) {
  PlotSeries s{"I2/I1", {}, course.ratio, {}, series_color(3)};
  for (const std::uint64_t sample : course.middle) s.x.push_back(x_of(static_cast<double>(sample)));
  double most = 0.08;
  for (const double v : course.ratio) most = std::max(most, v);
  ratio_->set_series(course.ratio.empty() ? std::vector<PlotSeries>{}
                                          : std::vector<PlotSeries>{std::move(s)});
  ratio_->set_y_view(0, most * 1.25);
  const double limit = session_ ? session_->parameters().value("least_ratio", 0.0) : 0;
  ratio_->set_level(limit > 0 ? std::optional(limit) : std::nullopt,
                    QString("faulty from %1 (empirical)").arg(limit, 0, 'f', 2));
}

void SignalPage::show_spectrogram(const SpectrogramView& view) {
  if (view.columns == 0) return heat_->set_map({});
  const double half = static_cast<double>(view.rows - 1), // half a segment, in samples
      from = x_of(static_cast<double>(view.from) + half),
               to = x_of(static_cast<double>(view.to) - half);
  heat_->set_map({.columns = view.columns,
                  .rows = view.rows,
                  .values = view.decibels,
                  .x_from = from,
                  .x_to = std::max(to, from + 1e-9),
                  .y_from = 0,
                  .y_to = view.highest,
                  .lowest = -70,
                  .highest = 0});
  if (analysis_ && analysis_->fundamental > 0)
    heat_->set_y_view(0, std::min(view.highest, 8 * analysis_->fundamental));
  else
    heat_->set_y_view(0, view.highest);
}

void SignalPage::show_span_text() {
  if (!recording_) return span_label_->set_text({});
  const auto length = static_cast<double>(to_ - from_);
  const bool whole = to_ - from_ == recording_->length;
  const QString size = rate() > 0 ? QString("%1 s").arg(length / rate(), 0, 'f', 2)
                                  : QString("%1 samples").arg(length, 0, 'f', 0);
  span_label_->set_text(whole ? "Whole recording, " + size
                              : QString("%1 to %2, %3")
                                    .arg(time_text(static_cast<double>(from_)),
                                         time_text(static_cast<double>(to_)), size));
}

void SignalPage::set_items(FindingItems items) {
  items_ = std::move(items);
  if (analysis_) show_bands(); // the thresholds are live parameters
  show_strip();
  show_card();
}

void SignalPage::show_strip() {
  std::vector<SpanBar> bars;
  if (items_ && recording_)
    for (const FindingItem& item : *items_) {
      const Finding& f = item.finding;
      // One raised line alone is unsure: of what, says its id.
      const QString label =
          f.label == "unsure" && f.id != "inter-turn" ? "unsure: " + of(f.id) : of(f.label);
      bars.push_back({of(f.id), label, of(f.text.empty() ? f.label : f.text), x_of(f.box[0]),
                      x_of(f.box[3] + 1.0), item.look});
    }
  // The short ones first: they tell when.
  std::stable_sort(bars.begin(), bars.end(),
                   [](const auto& a, const auto& b) { return a.to - a.from < b.to - b.from; });
  strip_->set_bars(std::move(bars));
}

void SignalPage::show_result(const CaseSession& session) {
  notes_ = session.notes();
  follow_parameters();
  show_card();
}

// Choosing a finding shows what it speaks of: its span, or its lines in the spectrum.
void SignalPage::select(const FindingItem* item) {
  const QString id = item ? of(item->finding.id) : QString();
  strip_->set_selected(id);
  if (std::exchange(selected_, id) == id || !item || !recording_) return;
  const Finding& f = item->finding;
  choose_span(static_cast<std::uint64_t>(std::max(0, f.box[0])),
              static_cast<std::uint64_t>(f.box[3]) + 1);
  const double hz = attribute(f, "frequency", 0), main = analysis_ ? analysis_->fundamental : 0;
  if (hz > 0 && main > 0) {
    const double reach = std::max(15.0, 1.6 * std::abs(hz - main));
    spectrum_->set_x_view(std::max(0.0, main - reach), main + reach);
    spectrum_->set_cursor(0, hz);
  }
}

void SignalPage::show_card() {
  if (!session_ || !recording_) return;
  using Stage = CaseSession::Stage;
  QString head, proof;
  if (session_->stage() == Stage::Running) {
    head = "The recording is being analysed.";
  } else if (session_->stage() != Stage::Analysed) {
    head = phases_ ? "Not analysed yet." : "Spectra alone: a diagnosis needs three currents.";
    proof = !phases_      ? QString()
            : rate() <= 0 ? "Enter the sample rate, then Run."
            : nameplate().rated_rpm > 0 || nameplate().pole_pairs > 0
                ? "Run looks for faults and says since when."
                : "Run looks for faults. With the nameplate it also judges the fault bands.";
  } else {
    std::vector<const FindingItem*> open;
    if (items_)
      for (const FindingItem& item : *items_)
        if (item.look != FindingLook::Rejected) open.push_back(&item);
    const auto by_machine = std::find_if(
        open.begin(), open.end(), [](const FindingItem* i) { return !i->finding.text.empty(); });
    if (by_machine != open.end()) {
      std::tie(head, proof) = parts_of(of((*by_machine)->finding.text));
      if ((*by_machine)->look != FindingLook::Machine)
        head += QString(" (%1 by the reader)").arg(text_of((*by_machine)->look));
      const auto more = open.size() - 1;
      if (more > 0) proof += QString(" %1 more finding%2.").arg(more).arg(more == 1 ? "" : "s");
    } else if (!open.empty()) {
      head = QString("%1 span%2 marked by the reader.")
                 .arg(open.size())
                 .arg(open.size() == 1 ? "" : "s");
    } else if (items_ && !items_->empty()) {
      head = "All findings were rejected by the reader.";
    } else {
      const auto note = std::find_if(notes_.begin(), notes_.end(), [](const QString& n) {
        return n.startsWith("No sign of a fault");
      });
      const QString text = note != notes_.end() ? *note : "No findings at these parameters.";
      head = text.section(": ", 0, 0);
      proof = text.section(": ", 1);
      if (!head.endsWith('.')) head += '.';
    }
    if (session_->outdated()) proof = "Parameters have changed: run again. " + proof;
  }
  headline_->setText(head);
  evidence_->setText(proof.isEmpty() ? proof : proof.left(1).toUpper() + proof.mid(1));
  evidence_->setVisible(!proof.isEmpty());
}

}
