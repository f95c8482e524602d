#include "tests/io_cube/support.h"

#include "modules/core/hash.h"

namespace sensorium::test {
namespace {

// Above the 32 MiB that are hashed at once; a hole, so that it takes no room.
fs::path large_cube(const Folder& folder) {
  write(folder / "big.hdr",
        "ENVI\nlines = 1024\nsamples = 1024\nbands = 40\ndata type = 1\ninterleave = bil\n");
  write(folder / "big.raw", "");
  fs::resize_file(folder / "big.raw", 1024u * 1024u * 40u);
  return folder / "big.hdr";
}

TEST(Hash, OfALargeCubeIsPendingAndRight) {
  const Folder folder;
  const Dataset dataset = registry().open(large_cube(folder));
  const Origin& origin = origin_of(dataset);
  EXPECT_TRUE(origin.sha256.empty());
  ASSERT_TRUE(origin.pending_hash);
  EXPECT_FALSE(origin.pending_hash->ready());
  EXPECT_EQ(hash_of(origin), sha256_of_files(folder / "big.hdr", {"big.raw"}));
  EXPECT_EQ(origin.pending_hash->fraction(), 1);
}

TEST(Hash, RunsInTheBackground) {
  const Folder folder;
  const Dataset dataset = registry().open(large_cube(folder));
  PendingHash& pending = *origin_of(dataset).pending_hash;
  pending.start();
  pending.start(); // once is enough
  while (!pending.ready()) ::usleep(1000);
  EXPECT_EQ(pending.wait(), sha256_of_files(folder / "big.hdr", {"big.raw"}));
}

TEST(Hash, AChangedFileIsNoticed) {
  const Folder folder;
  const Dataset dataset = registry().open(large_cube(folder));
  fs::resize_file(folder / "big.raw", 1024u * 1024u * 40u + 1);
  const Error e = error_of([&] { hash_of(origin_of(dataset)); });
  EXPECT_EQ(e.code(), ErrorCode::Conflict);
  EXPECT_TRUE(contains(e.what(), "big.hdr"));
}

TEST(Hash, AReplacedFileIsNoticed) {
  const Folder folder;
  const fs::path path = large_cube(folder);
  const Dataset dataset = registry().open(path);
  fs::copy_file(folder / "big.raw", folder / "other.raw");
  fs::rename(folder / "other.raw", folder / "big.raw");
  EXPECT_EQ(error_of([&] { hash_of(origin_of(dataset)); }).code(), ErrorCode::Conflict);
}

TEST(Hash, OfASmallCubeIsThereAtOnce) {
  const Folder folder;
  write(folder / "a.hdr", "ENVI\nlines=1\nsamples=2\nbands=1\ndata type=1\ninterleave=bsq\n");
  write(folder / "a.raw", "ab");
  const Dataset dataset = registry().open(folder / "a.raw");
  EXPECT_EQ(origin_of(dataset).sha256, sha256_of_files(folder / "a.raw", {"a.hdr"}));
  EXPECT_EQ(hash_of(origin_of(dataset)), origin_of(dataset).sha256);
}

TEST(Hash, IsGivenUpWhenNobodyWantsIt) {
  const Folder folder;
  auto pending =
      std::make_shared<PendingHash>(large_cube(folder), std::vector<std::string>{"big.raw"});
  pending->start();
  pending.reset(); // returns, whether or not the hash was done
}

}
}
