#include "app/gui/signal_comparison.h"

#include <algorithm>
#include <cmath>

namespace sensorium {

SignalComparison::SignalComparison(QObject* parent) : QObject(parent), desk_(new SignalDesk(this)) {
  connect(desk_, &SignalDesk::span_ready, this,
          [this](std::shared_ptr<const SpanAnalysis> analysis) {
            analysis_ = std::move(analysis);
            emit ready();
          });
  connect(desk_, &SignalDesk::failed, this, &SignalComparison::failed);
}

void SignalComparison::set_recording(std::shared_ptr<const Recording> recording,
                                     const QString& name) {
  recording_ = std::move(recording);
  phases_ = phase_channels(*recording_);
  analysis_.reset();
  name_ = name;
  desk_->set_recording(recording_, {}); // no overview of it is drawn
}

void SignalComparison::clear() {
  recording_.reset();
  phases_.reset();
  analysis_.reset();
  name_.clear();
}

QString SignalComparison::refusal(double rate, double entered) const {
  if (!recording_) return "No second recording is open.";
  if (recording_->channels.empty() || recording_->length < 16)
    return QString("%1 holds fewer than 16 samples.").arg(name_);
  const double own = recording_->rate.known() ? recording_->rate.hertz : entered;
  if ((rate > 0) != (own > 0))
    return own > 0
               ? QString("The sample rate of this recording is unknown, that of %1 is not. "
                         "Enter the rate first.")
                     .arg(name_)
               : QString("The sample rate of %1 is unknown: its frequencies cannot be compared.")
                     .arg(name_);
  return {};
}

void SignalComparison::ask(const SpanRequest& like, double entered) {
  if (!recording_) return;
  rate_ = recording_->rate.known() ? recording_->rate.hertz : entered;
  SpanRequest q = like;
  const double scale = rate_ > 0 && like.rate_known ? rate_ / like.rate : 1;
  q.from = static_cast<std::uint64_t>(std::llround(static_cast<double>(like.from) * scale));
  q.to = static_cast<std::uint64_t>(std::llround(static_cast<double>(like.to) * scale));
  // A sample may be lost to rounding.
  whole_ = q.to > recording_->length + 1 || q.from + 16 > recording_->length;
  if (whole_) q.from = 0, q.to = recording_->length;
  q.to = std::min(q.to, recording_->length);
  q.rate = rate_ > 0 ? rate_ : 1;
  q.rate_known = rate_ > 0;
  q.phases.reset();
  if (phases_) q.phases = phases_->index;
  q.channels.clear();
  if (phases_)
    q.channels.assign(phases_->index.begin(), phases_->index.end());
  else
    q.channels.push_back(0);
  desk_->ask_span(q);
}

double SignalComparison::analysed_s() const {
  return analysis_ && rate_ > 0 ? static_cast<double>(analysis_->to - analysis_->from) / rate_ : 0;
}

}
