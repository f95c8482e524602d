// The page of a recording beside a second one: two spectra, or their difference.
#include "app/gui/signal_comparison.h"
#include "app/gui/signal_page.h"
#include "modules/core/dataset_store.h"
#include "modules/core/error.h"
#include "modules/signal/compare.h"
#include "modules/view/notice_bar.h"
#include "modules/view/signal_plot.h"

#include <QComboBox>
#include <QFileDialog>
#include <QFileInfo>

#include <algorithm>
#include <cmath>

namespace sensorium {

void SignalPage::ask_comparison() {
  const QString path = QFileDialog::getOpenFileName(
      this, "Compare with another recording",
      QFileInfo(QString::fromStdString(recording_->origin.path)).absolutePath());
  if (!path.isEmpty()) compare_with(path);
}

void SignalPage::compare_with(const QString& path) {
  if (!session_ || !recording_) return;
  opening_comparison_ = true;
  session_->worker().request(
      "open", {{"path", path.toStdString()}},
      [this, path, first = recording_](const WorkerReply& reply) {
        opening_comparison_ = false;
        if (recording_ != first) return; // another recording is on the page by now
        try {
          if (!reply.ok)
            throw Error(ErrorCode::BadInput, reply.message.toStdString(), reply.hint.toStdString());
          const auto dataset = std::make_shared<const Dataset>(
              map_dataset(reply.result.value("store", std::string())));
          const auto* other = std::get_if<Recording>(dataset.get());
          const QString name = QFileInfo(path).fileName();
          if (other == nullptr)
            throw Error(ErrorCode::Unsupported,
                        QString("%1 is no recording over time.").arg(name).toStdString(),
                        "Choose a recording of currents.");
          comparison_->set_recording(std::shared_ptr<const Recording>(dataset, other), name);
          if (const QString no = comparison_->refusal(rate(), entered_rate()); !no.isEmpty())
            throw Error(ErrorCode::Unsupported, no.toStdString());
          choose_view(0); // two recordings are compared by their spectra
          looked_at_->setEnabled(false);
          shown_as_->show();
          shown_as_->setCurrentIndex(0);
          ask_analysis();
        } catch (const Error& e) {
          end_comparison();
          emit session_->problem(
              {QString::fromStdString(e.what()), QString::fromStdString(e.hint()), {}, {}});
        }
      });
}

void SignalPage::end_comparison() {
  comparison_->clear();
  looked_at_->setEnabled(true);
  shown_as_->hide();
  shown_as_->setCurrentIndex(0);
  show_analysis();
}

bool SignalPage::shows_difference() const {
  return comparison_->analysis() && shown_as_->currentIndex() == 1;
}

// Beside the first line, in the colour of the second.
std::optional<PlotSeries> SignalPage::compared_series() const {
  const SpanAnalysis* b = comparison_->analysis();
  if (!b || b->spectra.empty()) return std::nullopt;
  const FrequencySpectrum& shown = b->joint.values.empty() ? b->spectra.front() : b->joint;
  PlotSeries s{"B: " + comparison_->name(), {}, {}, {}, series_color(1)};
  const double reference =
      b->reference > 0 ? b->reference : *std::max_element(shown.values.begin(), shown.values.end());
  for (std::size_t k = 0; k < shown.values.size(); ++k) {
    s.x.push_back(static_cast<double>(k) * shown.step);
    s.y.push_back(std::max(-160.0, decibels(shown.values[k], reference)));
  }
  return s;
}

std::optional<PlotSeries> SignalPage::difference_series(const FrequencySpectrum& shown,
                                                        double reference) const {
  const SpanAnalysis* b = comparison_->analysis();
  if (!b || b->spectra.empty()) return std::nullopt;
  const FrequencySpectrum& other = b->joint.values.empty() ? b->spectra.front() : b->joint;
  const FrequencySpectrum d = spectrum_difference({shown, analysis_->fundamental, reference},
                                                  {other, b->fundamental, b->reference});
  if (d.values.empty()) return std::nullopt;
  PlotSeries s{"A − B", {}, d.values, {}, series_color(2)};
  for (std::size_t k = 0; k < d.values.size(); ++k) s.x.push_back(static_cast<double>(k) * d.step);
  return s;
}

// What B adds to the line above the spectrum.
QStringList SignalPage::comparison_text() const {
  if (opening_comparison_) return {"opening the other recording"};
  if (!comparison_->active()) return {};
  const SpanAnalysis* b = comparison_->analysis();
  if (!b) return {"B: " + comparison_->name() + " follows"};
  QStringList text{(shows_difference() ? "B: " : "A blue, B orange: ") + comparison_->name()};
  if (b->fundamental > 0)
    text << QString("B: 0 dB: %1 %2, %3")
                .arg(b->fundamental, 0, 'f', rate() > 0 ? 2 : 5)
                .arg(rate() > 0 ? "Hz" : "periods per sample")
                .arg(b->reference, 0, 'g', 3);
  if (comparison_->has_phases() && b->fundamental > 0)
    text << QString("I2/I1 %1").arg(b->ratio, 0, 'f', 3);
  if (comparison_->whole() && to_ - from_ < recording_->length)
    text << "all of it: it is too short for this span";
  if (shown_as_->currentIndex() == 1 && (!(b->fundamental > 0) || !(analysis_->fundamental > 0)))
    text << "no difference without two fundamentals";
  return text;
}

// The level of B's band of the same name, where both recordings can tell it.
std::optional<double> SignalPage::band_of_other(const BandLevel& band) const {
  const SpanAnalysis* b = comparison_->analysis();
  if (!b || !band.resolved) return std::nullopt;
  const auto found = std::find_if(b->bands.begin(), b->bands.end(), [&](const BandLevel& o) {
    return o.resolved && o.band.fault == band.band.fault && o.band.label == band.band.label;
  });
  return found == b->bands.end() ? std::nullopt : std::optional(found->level_db);
}

double SignalPage::entered_rate() const {
  return session_ ? session_->parameters().value("rate", 0.0) : 0;
}

}
