#include "app/gui/signal_desk.h"

#include "modules/core/error.h"

#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium {
namespace {

constexpr std::uint64_t directly = 1u << 20; // samples that are read as they are
constexpr std::uint64_t worth_keeping = 1u << 22;

OverviewLine samples_of(const Channel& channel, std::uint64_t from, std::uint64_t to) {
  OverviewLine out;
  out.least.resize(to - from);
  read_block(channel, from, out.least);
  for (std::uint64_t k = from; k < to; ++k) out.sample.push_back(static_cast<double>(k));
  return out;
}

std::vector<Extremes> read_columns(const Channel& channel, std::uint64_t from, std::uint64_t to,
                                   std::size_t columns) {
  std::vector<double> values(to - from);
  read_block(channel, from, values);
  constexpr float none = std::numeric_limits<float>::quiet_NaN();
  std::vector<Extremes> out(columns, {none, none, none});
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (!std::isfinite(values[k])) continue;
    Extremes& e = out[k * columns / values.size()];
    const auto v = static_cast<float>(values[k]);
    e.least = std::isfinite(e.least) ? std::min(e.least, v) : v;
    e.greatest = std::isfinite(e.greatest) ? std::max(e.greatest, v) : v;
  }
  return out;
}

OverviewLine line_of(const Channel& channel, std::uint64_t from, std::uint64_t to,
                     std::size_t columns, const Pyramid* pyramid, bool& coarse) {
  if (to - from <= 4 * columns) return samples_of(channel, from, to);
  std::vector<Extremes> extremes;
  if (pyramid)
    extremes = pyramid->columns(channel, from, to, columns);
  else if (to - from <= directly)
    extremes = read_columns(channel, from, to, columns);
  else {
    extremes = coarse_columns(channel, from, to, columns);
    coarse = true;
  }
  OverviewLine out;
  const double width = static_cast<double>(to - from) / static_cast<double>(columns);
  for (std::size_t c = 0; c < extremes.size(); ++c) {
    out.sample.push_back(static_cast<double>(from) + (static_cast<double>(c) + 0.5) * width);
    out.least.push_back(static_cast<double>(extremes[c].least));
    out.greatest.push_back(static_cast<double>(extremes[c].greatest));
  }
  return out;
}

}

// Most of the work waits for the disk: a picture shall not wait for a spectrum.
SignalDesk::SignalDesk(QObject* parent) : QObject(parent) {
  QThreadPool* threads = QThreadPool::globalInstance();
  threads->setMaxThreadCount(std::max(8, threads->maxThreadCount()));
}

SignalDesk::~SignalDesk() {
  for (Lane* lane : {&overview_, &span_, &ratio_, &spectrogram_, &view_, &building_})
    if (lane->stop) *lane->stop = true;
}

bool SignalDesk::busy() const {
  return overview_.running || span_.running || ratio_.running || spectrogram_.running ||
         view_.running || building_.running;
}

void SignalDesk::submit(Lane& lane, Work work) {
  if (!lane.running) return start(lane, std::move(work));
  *lane.stop = true;
  lane.waiting = std::move(work);
}

void SignalDesk::start(Lane& lane, Work work) {
  lane.running = true;
  lane.stop = std::make_shared<std::atomic<bool>>(false);
  QPointer<SignalDesk> self(this);
  QThreadPool::globalInstance()->start(
      [self, &lane, work = std::move(work), stop = lane.stop, generation = generation_] {
        Context context;
        context.progress = [stop](double, std::string_view) { return !*stop; };
        context.threads = 1;
        Deliver deliver;
        QString failure;
        try {
          deliver = work(context);
        } catch (const Error& e) {
          if (e.code() != ErrorCode::Cancelled) failure = e.what();
        } catch (const std::exception& e) {
          failure = e.what();
        }
        // The lane is a member of the desk: it is touched only while the desk is there.
        QMetaObject::invokeMethod(QCoreApplication::instance(),
                                  [self, &lane, deliver, failure, stop, generation] {
                                    if (!self) return;
                                    lane.running = false;
                                    const bool current = self->generation_ == generation && !*stop;
                                    if (deliver && current) deliver();
                                    if (!failure.isEmpty() && current) emit self->failed(failure);
                                    if (lane.waiting)
                                      self->start(lane, std::exchange(lane.waiting, nullptr));
                                  });
      });
}

void SignalDesk::set_recording(std::shared_ptr<const Recording> recording,
                               std::vector<std::size_t> channels) {
  ++generation_;
  for (Lane* lane : {&overview_, &span_, &ratio_, &spectrogram_, &view_, &building_}) {
    if (lane->stop) *lane->stop = true;
    lane->waiting = nullptr;
  }
  recording_ = std::move(recording);
  pyramids_ = std::make_shared<Pyramids>();
  pyramids_->of_channel.resize(recording_->channels.size());
  to_build_.clear();
  if (recording_->length <= directly) return;
  std::error_code code;
  const bool stored = std::all_of(channels.begin(), channels.end(), [&](std::size_t c) {
    return std::filesystem::exists(pyramid_file(recording_->origin.path, c), code);
  });
  if (stored)
    build_pyramid(std::move(channels));
  else
    to_build_ = std::move(channels);
}

void SignalDesk::build_if_waiting() {
  if (!to_build_.empty()) build_pyramid(std::exchange(to_build_, {}));
}

// What was stored shows at once; the rest is built in one pass over the recording.
void SignalDesk::build_pyramid(std::vector<std::size_t> channels) {
  if (channels.empty()) return;
  submit(building_,
         [this, channels = std::move(channels), recording = recording_,
          pyramids = pyramids_](const Context& context) -> Deliver {
           const auto keep = [&](std::size_t channel, Pyramid&& pyramid) {
             auto shared = std::make_shared<const Pyramid>(std::move(pyramid));
             const std::lock_guard lock(pyramids->mutex);
             pyramids->of_channel[channel] = shared;
           };
           std::vector<std::size_t> missing;
           for (const std::size_t channel : channels) {
             auto found =
                 Pyramid::load(pyramid_file(recording->origin.path, channel), recording->length);
             if (found)
               keep(channel, std::move(*found));
             else
               missing.push_back(channel);
           }
           auto built = missing.empty() ? std::vector<Pyramid>{}
                                        : Pyramid::build(*recording, missing, context);
           for (std::size_t k = 0; k < missing.size(); ++k) {
             try {
               if (recording->length > worth_keeping)
                 built[k].store(pyramid_file(recording->origin.path, missing[k]));
             } catch (const Error&) { // a full disk: it is built again next time
             }
             keep(missing[k], std::move(built[k]));
           }
           return [this] { emit pyramids_changed(); };
         });
}

void SignalDesk::ask_overview(std::uint64_t from, std::uint64_t to, std::size_t columns,
                              std::vector<std::size_t> channels) {
  submit(overview_, [this, from, to, columns, channels = std::move(channels),
                     recording = recording_, pyramids = pyramids_](const Context& context) {
    Overview out{from, std::min(to, recording->length), {}, false};
    for (const std::size_t channel : channels) {
      context.step(0, "overview");
      if (out.to <= from) break;
      std::shared_ptr<const Pyramid> pyramid;
      {
        const std::lock_guard lock(pyramids->mutex);
        pyramid = pyramids->of_channel[channel];
      }
      out.lines.push_back(
          line_of(recording->channels[channel], from, out.to, columns, pyramid.get(), out.coarse));
      out.lines.back().channel = channel;
    }
    return Deliver([this, out = std::move(out)] {
      emit overview_ready(out);
      build_if_waiting();
    });
  });
}

void SignalDesk::ask_span(const SpanRequest& request) {
  submit(span_, [this, request, recording = recording_](const Context& context) {
    auto out = std::make_shared<const SpanAnalysis>(analyse_span(*recording, request, context));
    return Deliver([this, out] { emit span_ready(out); });
  });
}

void SignalDesk::ask_ratio(const std::array<std::size_t, 3>& phases, double rate,
                           double fundamental) {
  submit(ratio_, [this, phases, rate, fundamental, recording = recording_](const Context& context) {
    RatioCourse out = ratio_course(*recording, phases, rate, fundamental, 600, context);
    return Deliver([this, out = std::move(out)] { emit ratio_ready(out); });
  });
}

void SignalDesk::ask_spectrogram(std::size_t channel, std::uint64_t from, std::uint64_t to,
                                 double rate, std::size_t columns, std::size_t segment) {
  submit(spectrogram_, [this, channel, from, to, rate, columns, segment,
                        recording = recording_](const Context& context) {
    SpectrogramView out =
        spectrogram_view(*recording, channel, from, to, rate, columns, segment, context);
    return Deliver([this, out = std::move(out)] { emit spectrogram_ready(out); });
  });
}

void SignalDesk::ask_view(const SpanViewRequest& request) {
  submit(view_, [this, request, recording = recording_](const Context& context) {
    auto out = std::make_shared<const SpanViewResult>(view_span(*recording, request, context));
    return Deliver([this, out] { emit view_ready(out); });
  });
}

}
