// The readers that need no plugin: HEYEX .vol and XML, pictures, folders of pictures, ordinary
// video files.
#pragma once

#include "modules/core/extension.h"

namespace sensorium {

Extension builtin_io();

}
