#include "modules/core/accelerator.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/registry.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <unistd.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

struct Adder : Accelerator {
  std::string name() const override { return "adder:0 (Abacus)"; }
  void shrink_blocks(const BlockShrinkage&, std::span<const float>, std::span<float>) override {}
  void weighted_sums(const StoredSums&, std::span<double>) override {}
};

struct Told {
  int on_device = 0, on_cpu = 0;
  std::string warned, said;
};

Told told(const FoundAccelerator& found, const std::string& device,
          const std::function<void()>& fault = {}) {
  Told t;
  const Context context{.log = [&](LogLevel, std::string_view text) { t.warned = text; },
                        .device = device};
  t.said = compute_on(
      found, context, "sum",
      [&](Accelerator&) {
        ++t.on_device;
        if (fault) fault();
      },
      [&] { ++t.on_cpu; });
  return t;
}

TEST(Accelerators, TheProcessorNeedsNoneAndSaysNothing) {
  const FoundAccelerator found = accelerator_for("cpu");
  EXPECT_FALSE(found.accelerator);
  EXPECT_EQ(found.why_not, "");
  const Told t = told(found, "cpu");
  EXPECT_EQ(t.on_cpu, 1);
  EXPECT_EQ(t.said + t.warned, "");
}

TEST(Accelerators, WhatIsThereIsUsedAndNamed) {
  const Told t = told({std::make_shared<Adder>(), {}}, "adder:0");
  EXPECT_EQ(t.on_device, 1);
  EXPECT_EQ(t.on_cpu, 0);
  EXPECT_EQ(t.said, "The sum was computed on adder:0 (Abacus).");
  EXPECT_EQ(t.warned, "");
}

TEST(Accelerators, WhatFailsIsReplacedByTheProcessorInOneLine) {
  const Told t = told({std::make_shared<Adder>(), {}}, "adder:0",
                      [] { throw Error(ErrorCode::Resources, "no beads left\nmore", "buy some"); });
  EXPECT_EQ(t.on_device, 1);
  EXPECT_EQ(t.on_cpu, 1);
  EXPECT_EQ(t.said, "The sum was computed on the processor, not on adder:0: no beads left.");
  EXPECT_EQ(t.warned, t.said);
}

TEST(Accelerators, AWishToStopIsNoFault) {
  const FoundAccelerator adder{std::make_shared<Adder>(), {}};
  int on_cpu = 0;
  try {
    compute_on(
        adder, {.device = "adder:0"}, "sum",
        [](Accelerator&) { throw Error(ErrorCode::Cancelled, "stopped"); }, [&] { ++on_cpu; });
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Cancelled);
  }
  EXPECT_EQ(on_cpu, 0);
}

class AcceleratorExtensions : public ::testing::Test {
protected:
  void SetUp() override {
    make_folder(folder_);
    ::setenv("SENSORIUM_EXTENSIONS", folder_.c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("SENSORIUM_EXTENSIONS");
    fs::remove_all(folder_);
  }
  void write_manifest(const std::string& kind, const std::string& library) const {
    Extension extension;
    extension.id = kind;
    write_atomically(folder_ / (kind + ".json"), manifest_of(extension, library).dump());
  }
  fs::path folder_ =
      fs::temp_directory_path() / ("sensorium-accelerators-" + std::to_string(::getpid()));
};

// Each has a kind of its own: what was found is kept.
TEST_F(AcceleratorExtensions, OneThatIsMissingIsSaid) {
  EXPECT_EQ(accelerator_for("missing:0").why_not, "this installation has no extension 'missing'");
  const Told t = told(accelerator_for("missing:0"), "missing:0");
  EXPECT_EQ(t.on_cpu, 1);
  EXPECT_EQ(t.said, "The sum was computed on the processor, not on missing:0: this installation "
                    "has no extension 'missing'.");
}

TEST_F(AcceleratorExtensions, OneThatCannotBeLoadedIsSaid) {
  write_manifest("absent", "absent.so");
  EXPECT_NE(accelerator_for("absent:0")
                .why_not.find("the extension 'absent' cannot be used: its "
                              "library"),
            std::string::npos)
      << accelerator_for("absent:0").why_not;
  write_manifest("broken", "broken.so");
  write_atomically(folder_ / "broken.so", "not a library");
  EXPECT_NE(accelerator_for("broken:0").why_not.find("does not load"), std::string::npos);
}

TEST_F(AcceleratorExtensions, OneWithoutTheEntryIsSaid) {
  fs::create_symlink("/lib/x86_64-linux-gnu/libdl.so.2", folder_ / "other.so");
  if (!fs::exists(folder_ / "other.so")) GTEST_SKIP() << "skipped: no libdl.so.2";
  write_manifest("other", "other.so");
  EXPECT_NE(accelerator_for("other:0").why_not.find("another version"), std::string::npos)
      << accelerator_for("other:0").why_not;
}

TEST_F(AcceleratorExtensions, ANumberThatIsNoneIsSaid) {
  for (const char* device : {"thing:x", "thing:", "thing:1x", "thing:-1"})
    EXPECT_EQ(accelerator_for(device).why_not, "'" + std::string(device) + "' is no device");
}

}
}
