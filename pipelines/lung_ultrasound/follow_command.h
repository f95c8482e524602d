// `ffmpeg ... -f yuv4mpegpipe - | sensorium run lung_ultrasound - --follow -o DIR`: frame by frame.
#pragma once

#include "modules/core/extension.h"
#include "modules/io/y4m_stream.h"
#include "pipelines/lung_ultrasound/look.h"

#include <deque>

namespace sensorium::lung_ultrasound {

// One frame of a stream.
struct Followed {
  int frame = 0;                            // from 0
  bool beam = false;                        // the beam is known
  FrameScore score;                         // where it is
  std::optional<Probabilities> probability; // of a readable frame, with a network
};

// Keeps what it needs of the last frames: the beam is looked for once there are `first` frames, and
// again every `again` frames, in the last `first`.
class Follower {
public:
  Follower(int width, int height, const LungParameters& parameters,
           const std::filesystem::path& model, Classifier& classifier, const Context& context);
  Followed take(const std::vector<std::uint8_t>& luma);
  // The verdict over all readable frames so far.
  Judgement so_far() const;

private:
  static constexpr int first = 12, again = 240;
  void look_for_beam();
  LungParameters parameters_;
  Classifier& classifier_;
  int width_, height_, side_ = 0, count_ = 0;
  Beam beam_;
  bool found_ = false;
  std::deque<std::vector<float>> recent_;
  std::vector<FrameScore> scores_;
  std::vector<Probabilities> readable_;
};

// A YUV4MPEG2 stream: events "frame" (frame from 1, latency_ms, readable, score, a_lines, b_lines,
// classes) and at its end "end" (the verdict over all frames, latencies). own_model: taken where
// the request names none and it is there. Throws Error NotFound, BadInput.
void follow_stream(const FollowRequest& request, const std::filesystem::path& own_model,
                   const FollowSink& sink, const Context& context);

}
