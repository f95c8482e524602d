// A second recording beside the one on the page: opened through the worker, analysed over the same
// span.
#pragma once

#include "app/gui/signal_desk.h"
#include "modules/signal/audit.h"

namespace sensorium {

class SignalComparison : public QObject {
  Q_OBJECT
public:
  explicit SignalComparison(QObject* parent = nullptr);
  void set_recording(std::shared_ptr<const Recording> recording, const QString& name);
  void clear();
  bool active() const { return recording_ != nullptr; }
  bool busy() const { return desk_->busy(); }
  const QString& name() const { return name_; }
  const Recording* recording() const { return recording_.get(); }
  bool has_phases() const { return phases_.has_value(); }

  // Why it cannot be compared with a recording of that rate (0: unknown), or empty. entered: the
  // rate that a person gave for files that do not state one.
  QString refusal(double rate, double entered) const;
  // Spectrum and bands of the same samples in time as `like` asks of the first recording; of all,
  // where this one is too short for them. Answered by ready().
  void ask(const SpanRequest& like, double entered);
  // Null until it is ready.
  const SpanAnalysis* analysis() const { return analysis_.get(); }
  bool whole() const { return whole_; } // all of it was analysed
  double analysed_s() const;            // 0 where the rate is unknown

signals:
  void ready();
  void failed(const QString& message);

private:
  SignalDesk* desk_;
  std::shared_ptr<const Recording> recording_;
  std::optional<PhaseChannels> phases_;
  std::shared_ptr<const SpanAnalysis> analysis_;
  QString name_;
  double rate_ = 0;
  bool whole_ = false;
};

}
