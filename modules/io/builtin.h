// The readers that need no plugin: HEYEX .vol and XML, pictures, folders of pictures, ordinary
// video files.
#pragma once

#include "modules/core/registry.h"

namespace sensorium {

Extension builtin_io();

// These and every extension that is found: what the program itself reads.
class FullRegistry : public Registry {
public:
  FullRegistry();
};

}
