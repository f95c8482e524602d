// `sensorium run motor_fault FILE --follow`: a table that is still being written, diagnosed as its
// rows come.
#pragma once

#include "modules/core/extension.h"
#include "pipelines/motor_fault/follower.h"

namespace sensorium::motor_fault {

// Events of Follower, and "started", "waiting" (two seconds without a row), "rows" (lines that are
// no rows), "gap" (the times jump), "restarted" (the file was cut or replaced), "finished" with the
// reason and the latencies. Each answer says latency_ms: from the arrival of the bytes that
// completed its window to the answer. Throws Error as TableStream, and Unsupported for an unknown
// rate or missing phases.
void follow(const FollowRequest& request, const WindowJudge& judge, const FollowSink& sink,
            const Context& context);

}
