// The script that a job runs: always the same text. What differs lies beside it in the run folder:
// program, verb, modules, limits (one value a file) and task.json. It claims the run folder for its
// job, so that a second job of the same run would do nothing; passes USR1 and TERM on to the
// program; asks to be requeued when the time limit comes, counting it; and writes exit.json, which
// is the truth about how the run ended.
#pragma once

#include <string_view>

namespace sensorium {

// Arguments: the run folder. Environment: SENSORIUM_JOB and SENSORIUM_ELEMENT where Slurm's
// variables are not set.
std::string_view wrapper_script();

// exit.json's "state".
inline constexpr const char* state_done = "done";
inline constexpr const char* state_failed = "failed";
inline constexpr const char* state_cancelled = "cancelled";
inline constexpr const char* state_time_limit = "time limit";

}
