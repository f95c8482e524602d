// What the page of a recording has computed for it: overview, spectra, spectrogram, negative
// sequence over time. Everything runs in the thread pool; of several requests of one kind only the
// last is answered, and the one that runs is asked to stop.
#pragma once

#include "modules/signal/pyramid.h"
#include "modules/signal/span_views.h"

#include <QObject>
#include <QString>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

namespace sensorium {

// One channel between two samples: samples as they are, or least and greatest of each column.
struct OverviewLine {
  std::size_t channel = 0;
  std::vector<double> sample, least, greatest; // greatest empty: samples as they are
};
struct Overview {
  std::uint64_t from = 0, to = 0;
  std::vector<OverviewLine> lines;
  bool coarse = false; // peaks may be missing: the pyramid is still being built
};

class SignalDesk : public QObject {
  Q_OBJECT
public:
  explicit SignalDesk(QObject* parent = nullptr);
  ~SignalDesk() override;
  // Forgets the recording before. Pyramids of the channels are loaded or built in the background.
  void set_recording(std::shared_ptr<const Recording> recording, std::vector<std::size_t> channels);
  void ask_overview(std::uint64_t from, std::uint64_t to, std::size_t columns,
                    std::vector<std::size_t> channels);
  void ask_span(const SpanRequest& request);
  void ask_ratio(const std::array<std::size_t, 3>& phases, double rate, double fundamental);
  void ask_spectrogram(std::size_t channel, std::uint64_t from, std::uint64_t to, double rate,
                       std::size_t columns, std::size_t segment);
  void ask_view(const SpanViewRequest& request);
  bool busy() const;

signals:
  void overview_ready(const sensorium::Overview& overview);
  void span_ready(std::shared_ptr<const sensorium::SpanAnalysis> analysis);
  void ratio_ready(const sensorium::RatioCourse& course);
  void spectrogram_ready(const sensorium::SpectrogramView& view);
  void view_ready(std::shared_ptr<const sensorium::SpanViewResult> view);
  void pyramids_changed(); // a better overview can be asked for
  void failed(const QString& message);

private:
  using Deliver = std::function<void()>;
  using Work = std::function<Deliver(const Context&)>;
  struct Lane {
    std::shared_ptr<std::atomic<bool>> stop;
    Work waiting;
    bool running = false;
  };
  struct Pyramids {
    std::mutex mutex;
    std::vector<std::shared_ptr<const Pyramid>> of_channel;
  };
  void submit(Lane& lane, Work work);
  void start(Lane& lane, Work work);
  void build_pyramid(std::vector<std::size_t> channels);
  // One that was not stored is built after the first picture, which would wait for the disk else.
  void build_if_waiting();

  std::shared_ptr<const Recording> recording_;
  std::shared_ptr<Pyramids> pyramids_;
  Lane overview_, span_, ratio_, spectrogram_, view_, building_;
  std::vector<std::size_t> to_build_;
  int generation_ = 0;
};

}
