// The judge's files, made once for all tests of the program. Tests do not change them; they copy.
#pragma once

#include "tests/medical/judge.h"

namespace sensorium::test {

struct Made {
  Folder folder;
  nlohmann::json cases;
};

inline const Made& made() {
  static const Made* one = [] {
    static Made files;
    files.cases = judge("plugins_dcmtk/judge.py", {"make", files.folder.path().string()});
    judge("plugins_dcmtk/judge.py", {"series", files.folder.path().string()});
    return &files;
  }();
  return *one;
}

}
