// A long clip in the window: its frames come from a process of their own.
#include "app/gui/stored_dataset.h"
#include "modules/core/dataset_store.h"
#include "modules/core/error.h"
#include "modules/io/builtin.h"
#include "tests/support/files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace sensorium {
namespace {

namespace fs = std::filesystem;

// The processes that this thread started and that still run.
std::vector<pid_t> children() {
  std::ifstream in("/proc/self/task/" + std::to_string(::gettid()) + "/children");
  std::vector<pid_t> out;
  for (pid_t p = 0; in >> p;) out.push_back(p);
  return out;
}

struct Clip {
  Clip() {
    ::setenv("SENSORIUM_FRAME_BYTES", "100000", 1);
    dataset = registry.open(fs::path(SENSORIUM_SOURCE_DIR) / "resources/samples" /
                            "lung_phantom_sample.mkv");
    store_dataset(dataset, store);
  }
  const Video& video() const { return std::get<Video>(dataset); }
  test::Folder folder;
  fs::path store = folder / "clip.dat";
  FullRegistry registry;
  Dataset dataset;
};

bool same(const Buffer& a, const Buffer& b) { return std::ranges::equal(a.bytes(), b.bytes()); }

TEST(Frames, AreThoseOfTheReaderForwardAndBack) {
  const Clip clip;
  ASSERT_NE(clip.video().source, nullptr) << "the sample is small enough to be held";
  const auto shown = stored_dataset(QString::fromStdString(clip.store.string()), WORKER);
  const auto& video = std::get<Video>(*shown);
  ASSERT_EQ(video.frames, clip.video().frames);
  EXPECT_EQ(children().size(), 1u);
  fs::remove(clip.store); // as the worker does once the next one is open
  for (int t = 0; t < video.frames; ++t)
    EXPECT_TRUE(same(video.frame(t), clip.video().frame(t))) << t;
  for (int t = video.frames - 1; t >= 0; t -= 3)
    EXPECT_TRUE(same(video.frame(t), clip.video().frame(t))) << t;
  EXPECT_FALSE(same(video.frame(0), video.frame(video.frames / 2)));
}

TEST(Frames, TheDecoderGoesWithTheClip) {
  const Clip clip;
  {
    const auto shown = stored_dataset(QString::fromStdString(clip.store.string()), WORKER);
    EXPECT_EQ(children().size(), 1u);
  }
  EXPECT_TRUE(children().empty());
}

TEST(Frames, AKilledDecoderIsAnErrorThatNamesTheClip) {
  const Clip clip;
  const auto shown = stored_dataset(QString::fromStdString(clip.store.string()), WORKER);
  const auto& video = std::get<Video>(*shown);
  EXPECT_GT(video.frame(0).size(), 0u);
  ASSERT_EQ(children().size(), 1u);
  ::kill(children().front(), SIGKILL);
  for (int time = 0; time < 2; ++time) try {
      video.frame(video.frames - 1);
      ADD_FAILURE() << "no error";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("lung_phantom_sample.mkv"), std::string::npos);
      EXPECT_EQ(e.hint(), "open the clip again");
    }
  EXPECT_GT(video.frame(0).size(), 0u); // what was decoded before stays
}

TEST(Frames, AProgramThatIsNotThereIsSaid) {
  const Clip clip;
  EXPECT_THROW(stored_dataset(QString::fromStdString(clip.store.string()), "/nonexistent/program"),
               Error);
}

TEST(Frames, AWorkerOfAnotherKindIsSaid) {
  const Clip clip;
  const auto shown = stored_dataset(QString::fromStdString(clip.store.string()), "/bin/echo");
  EXPECT_THROW(std::get<Video>(*shown).frame(0), Error);
}

}
}
