#include "app/gui/signal_page.h"

#include "app/gui/actions.h"
#include "app/gui/command_call.h"
#include "app/gui/nameplate_dialog.h"
#include "app/gui/signal_comparison.h"
#include "modules/core/error.h"
#include "modules/signal/audit.h"
#include "modules/view/heat_plot.h"
#include "modules/view/locus_plot.h"
#include "modules/view/notice_bar.h"
#include "modules/view/signal_plot.h"
#include "modules/view/span_strip.h"
#include "modules/view/theme.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSplitter>
#include <QToolButton>

#include <algorithm>
#include <cmath>

namespace sensorium {

SignalPage::SignalPage(QWidget* parent)
    : DatasetPage(parent), desk_(new SignalDesk(this)), comparison_(new SignalComparison(this)),
      time_(new SignalPlot("Samples over time", SignalPlot::Drag::Span)),
      ratio_(new SignalPlot("Negative over positive sequence, over time", SignalPlot::Drag::Span)),
      spectrum_(new SignalPlot("Spectrum", SignalPlot::Drag::Zoom)),
      heat_(new HeatPlot("Spectrogram")), locus_(new LocusPlot("Park's locus")),
      strip_(new SpanStrip) {
  auto* over_time = new QWidget;
  auto* column = new QVBoxLayout(over_time);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(time_, 5);
  column->addWidget(strip_);
  column->addWidget(ratio_, 2);
  column->addWidget(heat_, 4);
  auto* halves = new QSplitter(Qt::Vertical);
  halves->addWidget(over_time);
  halves->addWidget(build_spectrum());
  halves->setChildrenCollapsible(false);
  halves->setStretchFactor(0, 3);
  halves->setStretchFactor(1, 2);
  halves->setSizes({380, 250});
  halves->setHandleWidth(6);
  plots_ = halves;
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(build_tools());
  all->addWidget(build_card());
  all->addWidget(build_rate_row());
  all->addWidget(halves, 1);
  setFocusProxy(time_);
  overview_timer_.setSingleShot(true);
  overview_timer_.setInterval(15);
  spectrogram_timer_.setSingleShot(true);
  spectrogram_timer_.setInterval(180);
  time_->show_x_labels(false);
  ratio_->show_x_labels(false);
  ratio_->set_axes({}, "I2/I1");
  spectrum_->set_empty_text("No span of at least 16 samples is chosen.");
  connect_parts();
}

QWidget* SignalPage::build_tools() {
  auto* bar = new QFrame;
  bar->setObjectName("tools");
  auto* line = new QHBoxLayout(bar);
  line->setContentsMargins(grid, 4, grid, 4);
  line->setSpacing(6);
  channels_ = new QToolButton;
  channels_->setText("Channels");
  channels_->setToolTip("Which channels are drawn");
  channels_->setAccessibleName("Channels that are drawn");
  channels_->setPopupMode(QToolButton::InstantPopup);
  channel_menu_ = new QMenu(channels_);
  channels_->setMenu(channel_menu_);
  lanes_button_ = new QToolButton;
  lanes_button_->setText("Lanes");
  lanes_button_->setCheckable(true);
  lanes_button_->setChecked(true);
  lanes_button_->setAccessibleName("Each channel in its own lane");
  span_label_ = new ElidedLabel;
  span_label_->setAccessibleName("The span that is analysed");
  whole_ = new QPushButton("Whole");
  mark_ = new QPushButton("Mark span");
  plate_ = new QPushButton("Nameplate");
  compare_ = new QPushButton("Compare");
  save_ = new QPushButton("Save span");
  line->addWidget(channels_);
  line->addWidget(lanes_button_);
  line->addSpacing(grid);
  line->addWidget(span_label_, 1);
  line->addWidget(whole_);
  line->addWidget(mark_);
  line->addWidget(plate_);
  line->addWidget(compare_);
  line->addWidget(save_);
  connect(lanes_button_, &QToolButton::toggled, this, [this](bool on) { set_lanes(on); });
  return bar;
}

QWidget* SignalPage::build_card() {
  card_ = new QFrame;
  card_->setObjectName("tools");
  auto* column = new QVBoxLayout(card_);
  column->setContentsMargins(2 * grid, 6, 2 * grid, 6);
  column->setSpacing(2);
  headline_ = new QLabel;
  headline_->setObjectName("heading");
  evidence_ = new QLabel;
  evidence_->setObjectName("muted");
  for (QLabel* label : {headline_, evidence_}) {
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    column->addWidget(label);
  }
  headline_->setAccessibleName("Diagnosis");
  evidence_->setAccessibleName("Evidence");
  return card_;
}

QWidget* SignalPage::build_rate_row() {
  rate_row_ = new QFrame;
  rate_row_->setObjectName("notice");
  auto* line = new QHBoxLayout(rate_row_);
  line->setContentsMargins(2 * grid, 4, grid, 4);
  auto* text = new QLabel("The sample rate is unknown: the axis is in samples, frequencies are in "
                          "periods per sample.");
  text->setWordWrap(true);
  rate_box_ = new QDoubleSpinBox;
  rate_box_->setRange(0, 1e8);
  rate_box_->setDecimals(3);
  rate_box_->setSuffix(" Hz");
  rate_box_->setSpecialValueText("rate");
  rate_box_->setAccessibleName("Sample rate in Hz");
  auto* use = new QPushButton("Use this rate");
  line->addWidget(text, 1);
  line->addWidget(rate_box_);
  line->addWidget(use);
  connect(use, &QPushButton::clicked, this, [this] { use_rate(rate_box_->value()); });
  rate_row_->hide();
  return rate_row_;
}

QWidget* SignalPage::build_spectrum() {
  line_ = new QComboBox;
  line_->setAccessibleName("Which spectrum is drawn");
  line_->setToolTip("Which spectrum is drawn");
  shown_as_ = new QComboBox;
  shown_as_->addItems({"A and B", "A − B", "End comparison"});
  shown_as_->setAccessibleName("How two recordings are shown");
  shown_as_->setToolTip("Two spectra, their difference, or this recording alone");
  shown_as_->hide();
  looked_at_ = new QComboBox;
  looked_at_->setObjectName("looked_at");
  looked_at_->addItems(
      {"Spectrum", "Averaged", "Zoom", "Envelope", "Extended Park", "Spectral kurtosis", "Orders"});
  looked_at_->setAccessibleName("How the span is looked at");
  looked_at_->setToolTip("How the span is looked at");
  const auto band_box = [&](const char* name, const char* from) {
    auto* box = new QDoubleSpinBox;
    box->setRange(0, 1e8);
    box->setDecimals(2);
    box->setSuffix(" Hz");
    box->setSpecialValueText(from);
    box->setKeyboardTracking(false);
    box->setAccessibleName(name);
    box->setToolTip(name);
    box->hide();
    connect(box, &QDoubleSpinBox::valueChanged, this, [this] {
      fitted_ = false;
      ask_view();
    });
    return box;
  };
  band_low_ = band_box("Lower end of the band", "from");
  band_high_ = band_box("Upper end of the band; 0: about the fundamental", "to");
  spectrum_->read_all_lines(true);
  spectrum_text_ = new ElidedLabel;
  spectrum_text_->set_mode(Qt::ElideRight);
  spectrum_text_->setAccessibleName("What the spectrum is of");
  auto* head = new QHBoxLayout;
  head->setContentsMargins(grid, 4, grid, 0);
  head->setSpacing(grid);
  head->addWidget(line_);
  head->addWidget(shown_as_);
  head->addWidget(looked_at_);
  head->addWidget(band_low_);
  head->addWidget(band_high_);
  head->addWidget(spectrum_text_, 1);
  auto* left = new QFrame;
  left->setObjectName("panel");
  auto* column = new QVBoxLayout(left);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addLayout(head);
  column->addWidget(spectrum_, 1);
  auto* both = new QSplitter(Qt::Horizontal);
  both->addWidget(left);
  both->addWidget(locus_);
  both->setChildrenCollapsible(false);
  both->setStretchFactor(0, 5);
  both->setStretchFactor(1, 2);
  both->setSizes({480, 220});
  both->setHandleWidth(6);
  connect(line_, &QComboBox::currentIndexChanged, this, [this] { ask_view(), show_analysis(); });
  connect(looked_at_, &QComboBox::currentIndexChanged, this,
          [this](int index) { choose_view(index, band_low_->value(), band_high_->value()); });
  connect(shown_as_, &QComboBox::currentIndexChanged, this,
          [this](int index) { index == 2 ? end_comparison() : show_analysis(); });
  return both;
}

void SignalPage::connect_parts() {
  connect(&overview_timer_, &QTimer::timeout, this, [this] { ask_overview(); });
  connect(&spectrogram_timer_, &QTimer::timeout, this, [this] { ask_spectrogram(); });
  connect(desk_, &SignalDesk::overview_ready, this, &SignalPage::show_overview);
  connect(desk_, &SignalDesk::pyramids_changed, this, [this] { ask_overview(); });
  connect(desk_, &SignalDesk::ratio_ready, this, &SignalPage::show_ratio);
  connect(desk_, &SignalDesk::spectrogram_ready, this, &SignalPage::show_spectrogram);
  connect(desk_, &SignalDesk::span_ready, this,
          [this](std::shared_ptr<const SpanAnalysis> analysis) {
            analysis_ = std::move(analysis);
            ask_view();
            show_analysis();
          });
  connect(desk_, &SignalDesk::view_ready, this, [this](std::shared_ptr<const SpanViewResult> view) {
    if (looked_at_->currentIndex() != static_cast<int>(view->view) + 1) return;
    view_ = std::move(view);
    show_analysis();
  });
  connect(spectrum_, &SignalPlot::threshold_moved, this, &SignalPage::set_threshold);
  connect(comparison_, &SignalComparison::ready, this, [this] { show_analysis(); });
  connect(comparison_, &SignalComparison::failed, desk_, &SignalDesk::failed);
  connect(desk_, &SignalDesk::failed, this, [this](const QString& message) {
    evidence_->setText(message);
    evidence_->show();
  });
  for (SignalPlot* plot : {time_, ratio_}) {
    connect(plot, &SignalPlot::view_changed, this, &SignalPage::sync_time);
    connect(plot, &SignalPlot::span_dragged, this, [this](double a, double b) {
      choose_span(sample_of(a), std::max(sample_of(b), sample_of(a) + 1));
    });
  }
  connect(heat_, &HeatPlot::wheel_zoomed, this, [this](double about, double factor) {
    const auto [a, b] = time_->x_view();
    time_->set_x_view(about - (about - a) * factor, about + (b - about) * factor);
  });
  connect(strip_, &SpanStrip::bar_clicked, this, &DatasetPage::item_clicked);
}

void SignalPage::attach(CaseSession& session, ActionSet& actions) {
  session_ = &session;
  const auto button = [](QPushButton* b, QAction* action) {
    b->setToolTip(action->toolTip());
    b->setAccessibleName(action->text());
    connect(b, &QPushButton::clicked, action, &QAction::trigger);
    connect(action, &QAction::changed, b, [b, action] { b->setEnabled(action->isEnabled()); });
  };
  const auto add = [&](const char* id, const char* text, const char* keys, auto run) {
    own_actions_.push_back(actions.add(id, text, "", keys, run, "Recording"));
    return own_actions_.back();
  };
  button(whole_,
         add("signal_whole", "Analyse the whole recording", "Ctrl+0", [this] { choose_whole(); }));
  button(mark_, add("signal_mark", "Mark the span as a finding of mine", "Ctrl+D",
                    [this] { mark_span(); }));
  button(plate_,
         add("signal_plate", "Nameplate of the motor", "Ctrl+J", [this] { ask_nameplate(); }));
  button(compare_, add("signal_compare", "Compare with another recording", "Ctrl+Shift+D",
                       [this] { ask_comparison(); }));
  button(save_,
         add("signal_save", "Save the span as a file", "Ctrl+Shift+E", [this] { ask_saving(); }));
  saving_ = new CommandCall(session_->worker().program(), this);
  QAction* lanes = add("signal_lanes", "Channels in lanes, or over each other", "Ctrl+L",
                       [this] { lanes_button_->toggle(); });
  lanes_button_->setToolTip(lanes->toolTip());
  add("signal_cursor", "Cursors of the spectrum: the other one", "",
      [this] { spectrum_->switch_cursor(); });
  add("signal_no_cursors", "Remove all cursors", "", [this] {
    for (SignalPlot* plot : {time_, ratio_, spectrum_}) plot->clear_cursors();
  });
  enable_actions(isVisible());
  connect(session_, &CaseSession::stage_changed, this, [this] {
    follow_parameters();
    show_card();
    enable_actions(isVisible());
  });
  connect(session_, &CaseSession::parameters_changed, this, [this] { follow_parameters(); });
}

void SignalPage::enable_actions(bool on) {
  for (QAction* action : own_actions_) action->setEnabled(on && recording_);
  const bool can_mark = on && recording_ && session_ &&
                        session_->stage() == CaseSession::Stage::Analysed &&
                        !session_->review().read_only() && !session_->review().is_signed() &&
                        !session_->review().layer_is_signed() &&
                        recording_->length <= static_cast<std::uint64_t>(INT_MAX);
  for (QAction* action : own_actions_)
    if (action->objectName() == "signal_mark") action->setEnabled(can_mark);
}

void SignalPage::showEvent(QShowEvent*) { enable_actions(true); }
void SignalPage::hideEvent(QHideEvent*) { enable_actions(false); }
void SignalPage::resizeEvent(QResizeEvent*) { overview_timer_.start(); }

void SignalPage::changeEvent(QEvent* event) {
  DatasetPage::changeEvent(event);
  if (event->type() != QEvent::StyleChange || !recording_) return;
  show_overview(overview_);
  show_analysis();
  ratio_asked_.clear();
  if (analysis_) show_analysis();
}

void SignalPage::show_dataset(std::shared_ptr<const Dataset> dataset) {
  recording_ = std::shared_ptr<const Recording>(dataset, &std::get<Recording>(*dataset));
  phases_ = phase_channels(*recording_);
  analysis_.reset();
  end_comparison();
  choose_view(0);
  overview_ = {};
  items_.reset();
  notes_.clear();
  selected_.clear();
  ratio_asked_.clear();
  shown_.clear();
  fitted_ = false;
  if (phases_)
    shown_.assign(phases_->index.begin(), phases_->index.end());
  else
    for (std::size_t k = 0; k < recording_->channels.size() && shown_.size() < 4; ++k)
      if (!is_status(recording_->channels[k])) shown_.push_back(k);
  for (SignalPlot* plot : {time_, ratio_, spectrum_}) {
    plot->clear_cursors();
    plot->set_series({});
    plot->set_bands({});
  }
  heat_->set_map({});
  locus_->set_curve({}, {});
  strip_->set_bars({});
  fill_channels();
  desk_->set_recording(recording_, shown_);
  const QString no_phases = QString("Three currents are needed; this recording has %1 channel%2.")
                                .arg(recording_->channels.size())
                                .arg(recording_->channels.size() == 1 ? "" : "s");
  locus_->set_empty_text(phases_ ? "" : "Park's locus:\nthree currents\nare needed");
  ratio_->set_empty_text(phases_ ? "I2/I1 over time follows." : no_phases);
  heat_->set_empty_text(shown_.empty() ? "No channel is drawn." : "Spectrogram follows.");
  time_->set_empty_text(recording_->length == 0 ? "This recording holds no samples."
                                                : "No channel is drawn.");
  parameters_seen_.clear();
  follow_parameters();
  enable_actions(isVisible());
}

void SignalPage::fill_channels() {
  channel_menu_->clear();
  line_->blockSignals(true);
  line_->clear();
  if (phases_) line_->addItem("All phases");
  for (std::size_t k = 0; k < recording_->channels.size() && k < 64; ++k) {
    const QString name = QString::fromStdString(recording_->channels[k].name);
    QAction* action = channel_menu_->addAction(name);
    action->setCheckable(true);
    action->setChecked(std::find(shown_.begin(), shown_.end(), k) != shown_.end());
    connect(action, &QAction::toggled, this, [this, k](bool on) {
      std::erase(shown_, k);
      if (on) shown_.push_back(k);
      std::sort(shown_.begin(), shown_.end());
      line_->blockSignals(true);
      while (line_->count() > (phases_ ? 1 : 0)) line_->removeItem(line_->count() - 1);
      for (const std::size_t c : shown_)
        line_->addItem(QString::fromStdString(recording_->channels[c].name));
      line_->blockSignals(false);
      ask_overview();
      ask_analysis();
      spectrogram_timer_.start();
    });
  }
  for (const std::size_t c : shown_)
    line_->addItem(QString::fromStdString(recording_->channels[c].name));
  line_->blockSignals(false);
}

// Rate, window and nameplate come from the parameters of the pipeline.
void SignalPage::follow_parameters() {
  if (!recording_ || !session_) return;
  const auto& p = session_->parameters();
  const QString now = QString("%1|%2|%3")
                          .arg(rate())
                          .arg(QString::fromStdString(p.value("window", std::string("hann"))),
                               QString::fromStdString(p.value("nameplate", std::string())));
  if (now == parameters_seen_) return;
  const bool another_rate = parameters_seen_.section('|', 0, 0) != now.section('|', 0, 0);
  parameters_seen_ = now;
  rate_row_->setVisible(rate() <= 0);
  if (another_rate) {
    const QString unit = rate() > 0 ? "s" : "samples";
    const double last = std::max<double>(1, static_cast<double>(recording_->length));
    for (SignalPlot* plot : {time_, ratio_}) {
      plot->clear_cursors();
      plot->set_x_limits(x_of(0), x_of(last));
      plot->set_units(rate() > 0 ? "s" : "", plot == ratio_ ? "" : QString(), rate() > 0 ? 4 : 0,
                      plot == ratio_ ? 3 : 2);
    }
    spectrum_->clear_cursors();
    heat_->set_axes(rate() > 0 ? "time, s" : "samples (the rate is unknown)",
                    rate() > 0 ? "Hz" : "1/sample");
    heat_->set_map({});
    ratio_asked_.clear();
    fitted_ = false;
    from_ = 0;
    to_ = recording_->length;
    time_->set_x_view(x_of(0), x_of(last));
    sync_time(x_of(0), x_of(last));
  }
  ask_analysis();
}

double SignalPage::rate() const {
  if (!recording_) return 0;
  if (recording_->rate.known()) return recording_->rate.hertz;
  return session_ ? session_->parameters().value("rate", 0.0) : 0;
}

double SignalPage::x_of(double sample) const {
  return rate() > 0 ? recording_->start_s + sample / rate() : sample;
}

std::uint64_t SignalPage::sample_of(double x) const {
  const double sample = rate() > 0 ? (x - recording_->start_s) * rate() : x;
  return static_cast<std::uint64_t>(
      std::clamp(std::round(sample), 0.0, static_cast<double>(recording_->length)));
}

QString SignalPage::time_text(double sample) const {
  return rate() > 0 ? QString("%1 s").arg(x_of(sample), 0, 'f', 3)
                    : QString("sample %1").arg(sample, 0, 'f', 0);
}

Nameplate SignalPage::nameplate() const {
  const std::string path =
      session_ ? session_->parameters().value("nameplate", std::string()) : std::string();
  if (path.empty()) return {};
  try {
    return read_nameplate(path);
  } catch (const Error&) {
    return {}; // the run says what is wrong with it
  }
}

void SignalPage::set_parameter(const char* name, const nlohmann::json& value) {
  if (!session_ || !session_->parameters().contains(name)) return;
  nlohmann::json p = session_->parameters();
  p[name] = value;
  session_->set_parameters(p, false);
  emit session_->parameters_changed();
}

void SignalPage::use_rate(double hertz) {
  if (hertz > 0) set_parameter("rate", hertz);
}

void SignalPage::use_nameplate(const Nameplate& plate) {
  try {
    set_parameter("nameplate", store_nameplate(plate).string());
  } catch (const Error& e) {
    emit session_->problem(
        {QString::fromStdString(e.what()), QString::fromStdString(e.hint()), {}, {}});
  }
}

void SignalPage::ask_nameplate() {
  auto* dialog = new NameplateDialog(nameplate(), this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &QDialog::accepted, this, [this, dialog] { use_nameplate(dialog->nameplate()); });
  dialog->open();
}

void SignalPage::set_lanes(bool on) {
  lanes_ = on;
  if (lanes_button_->isChecked() != on) lanes_button_->setChecked(on);
  if (recording_) show_overview(overview_);
}

void SignalPage::choose_span(std::uint64_t from, std::uint64_t to) {
  if (!recording_ || from >= to) return;
  from_ = from;
  to_ = std::min(to, recording_->length);
  ask_analysis();
}

void SignalPage::choose_whole() {
  if (recording_) choose_span(0, recording_->length);
}

// Each mark lies in a row of its own, so that marks may overlap in time.
void SignalPage::mark_span() {
  if (!session_ || !recording_ || from_ >= to_) return;
  int row = 0;
  if (items_)
    for (const FindingItem& item : *items_)
      if (!item.finding.footprint.empty()) row = std::max(row, item.finding.box[4] + 1);
  session_->paint({}, {{0, row, static_cast<int>(from_), static_cast<int>(to_ - from_)}}, false);
  if (items_ && !items_->empty() && items_->back().look == FindingLook::Drawn)
    emit item_clicked(QString::fromStdString(items_->back().finding.id));
}

QWidget* SignalPage::pictures() { return plots_; }

QString SignalPage::scale_text() const {
  if (!recording_) return {};
  if (recording_->rate.known())
    return QString("%1 Hz (%2)")
        .arg(recording_->rate.hertz, 0, 'g', 9)
        .arg(QString::fromStdString(recording_->rate.field));
  return rate() > 0 ? QString("%1 Hz (entered by hand)").arg(rate(), 0, 'g', 9)
                    : QString("sample rate unknown");
}

bool SignalPage::busy() const {
  return desk_->busy() || comparison_->busy() || (saving_ && saving_->busy()) ||
         opening_comparison_ || overview_timer_.isActive() || spectrogram_timer_.isActive();
}

QString SignalPage::diagnosis() const {
  return (headline_->text() + "\n" + evidence_->text()).trimmed();
}

QString SignalPage::span_text() const { return span_label_->text(); }

}
