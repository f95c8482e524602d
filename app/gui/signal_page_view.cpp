// The page of a recording: other looks at its span, thresholds that are dragged, a span as a file.
#include "app/gui/command_call.h"
#include "app/gui/signal_comparison.h"
#include "app/gui/signal_page.h"
#include "modules/view/notice_bar.h"
#include "modules/view/signal_plot.h"
#include "modules/view/theme.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QSignalBlocker>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

constexpr int zoom_row = static_cast<int>(SpanView::Zoom) + 1,
              envelope_row = static_cast<int>(SpanView::Envelope) + 1;

QString of(const std::string& text) { return QString::fromStdString(text); }

}

void SignalPage::choose_view(int index, double low, double high) {
  {
    const QSignalBlocker view(looked_at_), from(band_low_), to(band_high_);
    looked_at_->setCurrentIndex(index);
    band_low_->setValue(low);
    band_high_->setValue(high);
  }
  const bool banded = index == zoom_row || index == envelope_row;
  band_low_->setVisible(banded);
  band_high_->setVisible(banded);
  view_.reset();
  fitted_ = false;
  spectrum_->clear_cursors();
  show_card(); // what failed before is forgotten
  ask_view();
  show_analysis();
}

void SignalPage::ask_view() {
  const int index = looked_at_->currentIndex();
  if (index <= 0 || !recording_ || !session_ || !analysis_) return;
  SpanViewRequest q{.span = {.from = from_, .to = to_},
                    .view = static_cast<SpanView>(index - 1),
                    .low = band_low_->value(),
                    .high = band_high_->value(),
                    .fundamental = analysis_->fundamental,
                    .slip = analysis_->slip};
  if (phases_) q.span.phases = phases_->index;
  const int row = line_->currentIndex() - (phases_ ? 1 : 0);
  if (row >= 0 && row < static_cast<int>(shown_.size()))
    q.span.channels = {shown_[static_cast<std::size_t>(row)]};
  q.span.rate = rate() > 0 ? rate() : 1;
  q.span.rate_known = rate() > 0;
  q.span.window = session_->parameters().value("window", std::string("hann"));
  q.span.nameplate = nameplate();
  desk_->ask_view(q);
}

void SignalPage::show_view() {
  spectrum_->set_level(std::nullopt, {});
  if (!view_ || view_->values.empty()) {
    spectrum_->set_series({});
    spectrum_->set_bands({});
    spectrum_->set_empty_text(view_ ? of(view_->text) : "This look at the span follows.");
    spectrum_text_->set_text(view_ ? of(view_->text) : QString());
    return;
  }
  const SpanViewResult& v = *view_;
  const bool known = rate() > 0;
  PlotSeries s{looked_at_->currentText(), {}, v.values, {}, series_color(0)};
  for (std::size_t k = 0; k < v.values.size(); ++k)
    s.x.push_back(v.first + static_cast<double>(k) * v.step);
  const QString unit = v.orders ? "order" : known ? "Hz" : "1/sample";
  spectrum_->set_axes(v.orders ? v.of_shaft ? "orders of the shaft" : "orders of the supply"
                      : known  ? "Hz"
                               : "periods per sample",
                      v.decibels ? "dB" : "spectral kurtosis");
  spectrum_->set_units(unit, v.decibels ? "dB" : "", known || v.orders ? 3 : 6, 1);
  const double first = s.x.front(), last = std::max(s.x.back(), first + v.step);
  spectrum_->set_x_limits(first, last);
  std::vector<double> sorted = v.values;
  std::sort(sorted.begin(), sorted.end());
  const double low = sorted[sorted.size() / 20], high = sorted.back();
  if (v.decibels)
    spectrum_->set_y_view(std::clamp(std::floor(low / 10) * 10 - 5, -150.0, -20.0),
                          std::max(8.0, high + 5) + (v.marks.empty() ? 0 : 26));
  else
    spectrum_->set_y_view(std::min(-1.5, low), std::max(2.0, 1.15 * high));
  const auto [from, to] = spectrum_->x_view();
  spectrum_->set_series({std::move(s)});
  if (!std::exchange(fitted_, true) || from < first || to > last || to <= from)
    spectrum_->set_x_view(first, last);
  if (v.view == SpanView::Averaged || v.view == SpanView::Zoom) {
    show_bands();
  } else {
    std::vector<PlotBand> marks;
    for (const SpanViewMark& m : v.marks)
      marks.push_back({.from = m.at - v.step,
                       .to = m.at + v.step,
                       .label = of(m.label),
                       .text = QString("%1: %2 %3. Where it would show; no threshold is known.")
                                   .arg(of(m.label))
                                   .arg(m.at, 0, 'f', 2)
                                   .arg(unit)});
    spectrum_->set_bands(std::move(marks));
  }
  spectrum_text_->set_text(of(v.text));
  spectrum_text_->setToolTip(of(v.text));
}

void SignalPage::set_threshold(int band, double decibels) {
  if (!session_ || !analysis_ || band < 0 || band >= static_cast<int>(analysis_->bands.size()))
    return;
  const std::string& fault = analysis_->bands[static_cast<std::size_t>(band)].band.fault;
  const char* name = fault == "broken bar"     ? "broken_bar_from"
                     : fault == "eccentricity" ? "eccentricity_from"
                                               : "bearing_from";
  nlohmann::json p = session_->parameters();
  if (!p.contains(name)) return;
  double least = -120, most = 0;
  if (const PipelineInfo* info = session_->pipeline())
    for (const ParameterSpec& spec : info->parameters)
      if (spec.name == name) least = spec.about.min, most = spec.about.max;
  p[name] = std::clamp(std::round(2 * decibels) / 2, least, most);
  session_->set_parameters(p, true);
  emit session_->parameters_changed();
  show_bands();
}

void SignalPage::ask_saving() {
  if (!recording_) return;
  const QFileInfo source(of(recording_->origin.path));
  const QString path = QFileDialog::getSaveFileName(
      this, "Save the span as a file",
      source.absolutePath() + "/" + source.completeBaseName() + "_span.csv",
      "Table (*.csv);;WAV, 32-bit floats (*.wav);;MATLAB v5 (*.mat);;HDF5 (*.h5)");
  if (!path.isEmpty()) save_span(path);
}

void SignalPage::save_span(const QString& path) {
  if (!session_ || !recording_ || !saving_ || from_ >= to_) return;
  saving_->start({"convert", of(recording_->origin.path), "-o", path, "--first-sample",
                  QString::number(from_ + 1), "--last-sample", QString::number(to_)},
                 [this, path](bool ok, const nlohmann::json& reply) {
                   if (ok) return emit session_->news("Span written: " + path);
                   const auto error = reply.value("error", nlohmann::json::object());
                   emit session_->problem({of(error.value("message", "the span was not written")),
                                           of(error.value("hint", "")),
                                           {},
                                           {}});
                 });
}

}
