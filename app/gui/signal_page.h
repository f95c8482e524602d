// The centre for a recording: samples, findings, negative sequence and spectrogram over one time
// axis; spectrum with fault bands and Park's locus of the span that is chosen.
#pragma once

#include "app/gui/dataset_page.h"
#include "app/gui/signal_desk.h"
#include "modules/signal/audit.h"

#include <QTimer>

class QComboBox;
class QDoubleSpinBox;
class QFrame;
class QLabel;
class QMenu;
class QPushButton;
class QToolButton;

namespace sensorium {

class CommandCall;
class ElidedLabel;
class HeatPlot;
class LocusPlot;
class SignalComparison;
class SignalPlot;
struct PlotSeries;
class SpanStrip;

class SignalPage : public DatasetPage {
  Q_OBJECT
public:
  explicit SignalPage(QWidget* parent = nullptr);
  void attach(CaseSession& session, ActionSet& actions) override;
  void show_dataset(std::shared_ptr<const Dataset> dataset) override;
  void show_result(const CaseSession& session) override;
  void set_items(FindingItems items) override;
  void select(const FindingItem* item) override;
  QString scale_text() const override;
  QWidget* pictures() override;

  // Samples [from, to): spectrum, bands, locus are those of this span.
  void choose_span(std::uint64_t from, std::uint64_t to);
  void choose_whole();
  std::pair<std::uint64_t, std::uint64_t> span() const { return {from_, to_}; }
  void mark_span();                           // the chosen span becomes a finding drawn by hand
  void use_nameplate(const Nameplate& plate); // stored, and the pipeline's parameter
  void use_rate(double hertz);                // where the file does not say it
  // Another file's spectrum over this one's, or their difference; end_comparison() takes it away.
  void compare_with(const QString& path);
  void end_comparison();
  SignalComparison* comparison() const { return comparison_; }
  QComboBox* shown_as() const { return shown_as_; } // both, difference, end
  // Another look at the span: 0 its spectrum, then SpanView in its order. The band, in Hz, is that
  // of Zoom and Envelope; 0, 0: about the fundamental.
  void choose_view(int index, double low = 0, double high = 0);
  const SpanViewResult* view() const { return view_.get(); } // null: the spectrum is shown
  // Incipient begins at that level, for all bands of the fault: a live parameter.
  void set_threshold(int band, double decibels);
  void save_span(const QString& path); // as `sensorium convert` writes it, by the suffix
  void set_lanes(bool on);             // each channel in its own lane, or all over each other
  double rate() const;                 // 0: unknown
  bool busy() const;                   // something is still being computed
  SignalPlot* time_plot() const { return time_; }
  SignalPlot* ratio_plot() const { return ratio_; }
  SignalPlot* spectrum_plot() const { return spectrum_; }
  HeatPlot* spectrogram() const { return heat_; }
  LocusPlot* locus() const { return locus_; }
  SpanStrip* strip() const { return strip_; }
  const SpanAnalysis* analysis() const { return analysis_.get(); }
  QString diagnosis() const; // headline and evidence
  QString span_text() const;

protected:
  void showEvent(QShowEvent*) override;
  void hideEvent(QHideEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void changeEvent(QEvent* event) override;

private:
  QWidget* build_tools();
  QWidget* build_card();
  QWidget* build_rate_row();
  QWidget* build_spectrum();
  void connect_parts();
  void enable_actions(bool on);
  void ask_nameplate();
  void set_parameter(const char* name, const nlohmann::json& value);
  void follow_parameters();
  void ask_analysis();
  void ask_overview();
  void ask_spectrogram();
  void sync_time(double from, double to);
  void show_overview(const Overview& overview);
  void show_analysis();
  void show_bands();
  void show_ratio(const RatioCourse& course);
  void show_spectrogram(const SpectrogramView& view);
  void show_strip();
  void show_card();
  void show_span_text();
  void fill_channels();
  void ask_comparison();
  void ask_view();
  void ask_saving();
  void show_view();
  void show_spectrum();
  bool shows_difference() const;
  std::optional<PlotSeries> compared_series() const;
  std::optional<PlotSeries> difference_series(const FrequencySpectrum& shown,
                                              double reference) const;
  QStringList comparison_text() const;
  std::optional<double> band_of_other(const BandLevel& band) const;
  double entered_rate() const;
  double x_of(double sample) const;
  std::uint64_t sample_of(double x) const;
  QString time_text(double sample) const;
  Nameplate nameplate() const;

  CaseSession* session_ = nullptr;
  std::vector<QAction*> own_actions_;
  std::shared_ptr<const Recording> recording_;
  std::optional<PhaseChannels> phases_;
  std::vector<std::size_t> shown_; // channels
  std::uint64_t from_ = 0, to_ = 0;
  std::shared_ptr<const SpanAnalysis> analysis_;
  Overview overview_;
  FindingItems items_;
  QStringList notes_;
  QString selected_, ratio_asked_, parameters_seen_;
  bool lanes_ = true, fitted_ = false, opening_comparison_ = false;
  std::shared_ptr<const SpanViewResult> view_;
  CommandCall* saving_ = nullptr;

  SignalDesk* desk_;
  SignalComparison* comparison_;
  SignalPlot *time_, *ratio_, *spectrum_;
  HeatPlot* heat_;
  LocusPlot* locus_;
  SpanStrip* strip_;
  QWidget* plots_ = nullptr;
  QToolButton* channels_ = nullptr;
  QMenu* channel_menu_ = nullptr;
  QToolButton* lanes_button_ = nullptr;
  ElidedLabel* span_label_ = nullptr;
  QPushButton *whole_ = nullptr, *mark_ = nullptr, *plate_ = nullptr, *compare_ = nullptr,
              *save_ = nullptr;
  QFrame* card_ = nullptr;
  QLabel *headline_ = nullptr, *evidence_ = nullptr;
  QWidget* rate_row_ = nullptr;
  QDoubleSpinBox* rate_box_ = nullptr;
  QComboBox *line_ = nullptr, *shown_as_ = nullptr, *looked_at_ = nullptr;
  QDoubleSpinBox *band_low_ = nullptr, *band_high_ = nullptr;
  ElidedLabel* spectrum_text_ = nullptr;
  QTimer overview_timer_, spectrogram_timer_;
};

}
