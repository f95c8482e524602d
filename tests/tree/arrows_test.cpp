// Reads the #include lines of the tree and fails on an arrow that docs/DESIGN.md does not allow.
#include "modules/core/file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

struct Include {
  std::string from, to; // paths relative to the root; to: as written
  int line;
};

std::vector<Include> includes_below(const fs::path& root, const std::vector<std::string>& folders) {
  const std::regex pattern(R"(^\s*#\s*include\s*["<]([^">]+)[">])");
  std::vector<Include> found;
  for (const std::string& folder : folders)
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string suffix = entry.path().extension().string();
      if (suffix != ".h" && suffix != ".cpp" && suffix != ".cu") continue;
      std::ifstream in(entry.path());
      int number = 0;
      for (std::string line; std::getline(in, line);) {
        ++number;
        std::smatch match;
        if (std::regex_search(line, match, pattern))
          found.push_back({fs::relative(entry.path(), root).string(), match[1], number});
      }
    }
  return found;
}

// "modules/core/error.h" -> "modules/core"; "hyperspectral/colour.h" -> "hyperspectral".
std::string room_of(const std::string& path) {
  const std::size_t first = path.find('/');
  if (first == std::string::npos) return path;
  const std::string top = path.substr(0, first);
  if (top == "hyperspectral") return top;
  const std::size_t second = path.find('/', first + 1);
  return second == std::string::npos ? top : path.substr(0, second);
}

bool is_own(const std::string& include) {
  for (const char* top : {"app/", "modules/", "pipelines/", "plugins/", "hyperspectral/"})
    if (include.starts_with(top)) return true;
  return false;
}

// Which of our own rooms a room may include, beside itself.
bool arrow_allowed(const std::string& from, const std::string& to) {
  static const std::map<std::string, std::set<std::string>> between_modules = {
      {"modules/core", {}},
      {"modules/io", {"modules/core"}},
      {"modules/signal", {"modules/core"}},
      {"modules/imaging", {"modules/core", "modules/signal"}},
      {"modules/learn", {"modules/core"}},
      {"modules/cluster", {"modules/core", "modules/learn"}},
      {"modules/review", {"modules/core"}},
      {"modules/report", {"modules/core", "modules/review"}},
      {"modules/view", {"modules/core", "modules/review"}},
  };
  if (from == to) return true;
  if (const auto module = between_modules.find(from); module != between_modules.end())
    return module->second.contains(to);
  if (from.starts_with("modules/"))
    return to == "modules/core"; // a new module starts with core alone
  const bool to_module = to.starts_with("modules/");
  const bool to_window = to == "modules/view";
  if (from == "hyperspectral") return to_module && !to_window;
  if (from.starts_with("pipelines/"))
    return (to_module && !to_window && to != "modules/report") || to == "hyperspectral";
  if (from.starts_with("plugins/")) return (to_module && !to_window) || to == "hyperspectral";
  if (from == "app/gui")
    return to_module && to != "modules/learn" && to != "modules/io" && to != "modules/cluster";
  if (from.starts_with("app/")) return to_module && !to_window;
  return false;
}

struct ThirdParty {
  std::string name;
  std::regex header;
  std::set<std::string> rooms; // prefixes of rooms that may include it
};

const std::vector<ThirdParty>& third_parties() {
  static const std::vector<ThirdParty> list = {
      {"LibTorch", std::regex("^(torch|ATen|c10|caffe2)/"), {"modules/learn"}},
      {"ONNX and protobuf", std::regex("^(onnx|google/protobuf)/"), {"modules/learn"}},
      {"FFTW", std::regex("^fftw3"), {"modules/signal"}},
      {"OpenCV",
       std::regex("^opencv2/"),
       {"modules/imaging", "modules/io", "plugins/", "pipelines/", "hyperspectral"}},
      {"OpenCV highgui", std::regex("^opencv2/highgui"), {}},
      {"ITK", std::regex("^itk[A-Z]"), {"modules/imaging"}},
      {"DCMTK", std::regex("^dcmtk/"), {"plugins/dcmtk"}},
      {"GDCM", std::regex("^gdcm"), {"plugins/dcmtk"}},
      {"matio", std::regex("^matio"), {"plugins/matio"}},
      {"GDAL", std::regex("^(gdal|ogr_)"), {"plugins/gdal"}},
      {"HDF5", std::regex("^hdf5"), {"modules/io", "plugins/matio"}},
      {"libsndfile", std::regex("^sndfile"), {"plugins/sndfile"}},
      {"SQLite", std::regex("^sqlite3"), {"modules/review", "modules/sweep"}},
      {"OpenSSL", std::regex("^openssl/"), {"modules/core"}},
      {"CUDA", std::regex("^(cuda|cufft|cublas|nccl)[a-zA-Z_0-9]*\\.h"), {"plugins/cuda"}},
      {"VTK", std::regex("^vtk[A-Z]"), {"modules/view", "app/gui"}},
      {"Qt widgets",
       std::regex("^(QtWidgets/|QtOpenGLWidgets/"
                  "|QApplication|QWidget|QMainWindow|QDialog|QOpenGLWidget|QPushButton|QLabel)"),
       {"modules/view", "app/gui"}},
      {"Qt",
       std::regex("^Q[A-Z]|^Qt[A-Z]"),
       {"modules/view", "app/gui", "modules/report", "modules/cluster", "app/cli"}},
      {"CLI11", std::regex("^CLI/"), {"app/cli"}},
  };
  return list;
}

std::vector<std::string> faults(const std::vector<Include>& includes) {
  std::vector<std::string> out;
  for (const Include& include : includes) {
    const std::string from = room_of(include.from);
    const std::string place =
        include.from + ":" + std::to_string(include.line) + " includes " + include.to;
    if (is_own(include.to)) {
      if (!arrow_allowed(from, room_of(include.to))) out.push_back(place + ": no such arrow");
      continue;
    }
    for (const ThirdParty& party : third_parties()) {
      if (!std::regex_search(include.to, party.header)) continue;
      bool allowed = false;
      for (const std::string& room : party.rooms) allowed |= from.starts_with(room);
      if (!allowed) out.push_back(place + ": " + party.name + " is not used there");
    }
  }
  return out;
}

TEST(Arrows, TheTreeHoldsThem) {
  const std::vector<Include> includes = includes_below(
      SENSORIUM_SOURCE_DIR, {"app", "modules", "pipelines", "plugins", "hyperspectral"});
  ASSERT_GT(includes.size(), 50u) << "the tree was not found";
  for (const std::string& fault : faults(includes)) ADD_FAILURE() << fault;
}

TEST(Arrows, WrongOnesAreSeen) {
  EXPECT_EQ(faults({{"modules/core/a.h", "modules/io/b.h", 1}}).size(), 1u);
  EXPECT_EQ(faults({{"modules/imaging/a.cpp", "torch/torch.h", 1}}).size(), 1u);
  EXPECT_EQ(faults({{"app/gui/a.cpp", "pipelines/oct_hrf/b.h", 1}}).size(), 1u);
  EXPECT_EQ(faults({{"app/gui/a.cpp", "modules/learn/model.h", 1}}).size(), 1u);
  EXPECT_EQ(faults({{"pipelines/x/a.cpp", "plugins/dcmtk/b.h", 1}}).size(), 1u);
  EXPECT_EQ(faults({{"pipelines/x/a.cpp", "pipelines/y/b.h", 1}}).size(), 1u);
  EXPECT_EQ(faults({{"modules/io/a.cpp", "opencv2/highgui.hpp", 1}}).size(), 1u);
  EXPECT_EQ(faults({{"modules/report/a.cpp", "QWidget", 1}}).size(), 1u);
}

TEST(Arrows, RightOnesPass) {
  EXPECT_TRUE(faults({{"pipelines/x/a.cpp", "modules/core/b.h", 1},
                      {"app/gui/a.cpp", "modules/view/b.h", 1},
                      {"modules/signal/a.cpp", "fftw3.h", 1},
                      {"plugins/dcmtk/a.cpp", "dcmtk/dcmdata/dctk.h", 1}})
                  .empty());
}

}
}
