// Frames of a long clip for the window (docs/WORKER.md): decoded in this process, so that a damaged
// clip cannot take the window with it.
#pragma once

#include "app/cli/commands.h"

#include <string>

namespace sensorium {

// Serves standard input until it ends: a frame's number a line; the answer is "frame BYTES\n" and
// the frame's bytes, or "error TEXT\n". store: a file of store_dataset that holds a clip.
// Throws Error.
int serve_frames(Session& session, const std::string& store);

}
