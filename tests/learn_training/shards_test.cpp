// Sets on disk and the order in which their samples are visited.
#include "modules/core/hash.h"
#include "modules/learn/sampler.h"
#include "modules/learn/shards.h"
#include "tests/support/files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using test::Folder;

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string text_of(const std::vector<std::byte>& record) {
  return {reinterpret_cast<const char*>(record.data()), record.size()};
}

// Record i of "training" is i + 1 letters long.
void write_set(const fs::path& folder, int training, int shards) {
  ShardWriter writer(folder, "letters", shards);
  for (int i = 0; i < training; ++i)
    writer.add(
        "training", "group " + std::to_string(i % 5),
        bytes(std::string(static_cast<std::size_t>(i) + 1, static_cast<char>('a' + i % 26))));
  writer.add("validation", "another", bytes("held out"));
  writer.finish({{"note", "letters"}});
}

Error refused(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "taken";
  return {ErrorCode::Internal, ""};
}

std::vector<fs::path> shards_of(const fs::path& folder, const std::string& part) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(part)) out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Shards, WhatIsWrittenIsRead) {
  const Folder folder;
  EXPECT_FALSE(holds_shards(folder.path()));
  write_set(folder / "set", 60, 7);
  EXPECT_TRUE(holds_shards(folder / "set"));
  EXPECT_EQ(shards_of(folder / "set", "training").size(), 7u);
  const ShardIndex index = read_shard_index(folder / "set");
  EXPECT_EQ(index.pipeline, "letters");
  EXPECT_EQ(index.about, json({{"note", "letters"}}));
  EXPECT_EQ(index.sha256, sha256_of_path(folder / "set" / "index.json"));
  const ShardReader reader(index, "training");
  ASSERT_EQ(reader.records(), 60u);
  std::set<std::size_t> lengths;
  for (std::size_t i = 0; i < 60; ++i) {
    const std::string text = text_of(reader.read(i));
    const std::size_t n = text.size() - 1;
    lengths.insert(n);
    EXPECT_EQ(text, std::string(n + 1, static_cast<char>('a' + n % 26)));
    EXPECT_EQ(reader.bytes(i), text.size());
    EXPECT_EQ(reader.group(i), "group " + std::to_string(n % 5));
  }
  EXPECT_EQ(lengths.size(), 60u);
  EXPECT_EQ(text_of(ShardReader(index, "validation").read(0)), "held out");
  EXPECT_EQ(refused([&] { ShardReader(index, "held_out"); }).code(), ErrorCode::Usage);
}

TEST(Shards, TheSameRecordsGiveTheSameFiles) {
  const Folder folder;
  write_set(folder / "a", 40, 5);
  write_set(folder / "b", 40, 5);
  EXPECT_EQ(sha256_of_path(folder / "a"), sha256_of_path(folder / "b"));
}

TEST(Shards, BlocksHoldNeighboursOfOneShard) {
  const Folder folder;
  {
    ShardWriter writer(folder / "set", "even", 1);
    for (int i = 0; i < 10; ++i) writer.add("training", "g", bytes("0123456789"));
    writer.finish({});
  }
  const ShardReader reader(read_shard_index(folder / "set"), "training");
  EXPECT_EQ(reader.blocks(25), (std::vector<std::size_t>{3, 3, 3, 1}));
  EXPECT_EQ(reader.blocks(30), (std::vector<std::size_t>{3, 3, 3, 1}));
  EXPECT_EQ(reader.blocks(1), std::vector<std::size_t>(10, 1));
  EXPECT_EQ(reader.blocks(1u << 30), std::vector<std::size_t>{10});
  write_set(folder / "seven", 60, 7);
  const auto blocks = ShardReader(read_shard_index(folder / "seven"), "training").blocks(1u << 30);
  EXPECT_EQ(blocks.size(), 7u) << "no block lies in two shards";
  EXPECT_EQ(std::accumulate(blocks.begin(), blocks.end(), std::size_t{0}), 60u);
}

TEST(Shards, DamageIsNamedWhenTheSetIsOpened) {
  const Folder folder;
  write_set(folder / "set", 60, 3);
  const fs::path victim = shards_of(folder / "set", "training")[1];
  const std::string whole = read_text(victim);
  const auto open = [&] { ShardReader(read_shard_index(folder / "set"), "training"); };
  for (const std::size_t left :
       {std::size_t{0}, std::size_t{5}, whole.size() / 2, whole.size() - 1}) {
    test::write(victim, whole.substr(0, left));
    const Error e = refused(open);
    EXPECT_EQ(e.code(), ErrorCode::BadInput);
    EXPECT_EQ(e.what(), "'" + victim.string() + "' has " + std::to_string(left) +
                            " bytes where its set says " + std::to_string(whole.size()) +
                            ": it was cut short");
    EXPECT_FALSE(e.hint().empty());
  }
  test::write(victim, whole + "x");
  EXPECT_NE(std::string(refused(open).what()).find("altered"), std::string::npos);
  std::string other = whole;
  other[whole.size() - 40] ^= 1; // in the table
  test::write(victim, other);
  EXPECT_NE(std::string(refused(open).what()).find("not the file that its set was made with"),
            std::string::npos);
  other = whole;
  other.back() = 'x';
  test::write(victim, other);
  EXPECT_NE(std::string(refused(open).what()).find("no shard"), std::string::npos);
  fs::remove(victim);
  EXPECT_EQ(refused(open).code(), ErrorCode::NotFound);
  test::write(victim, whole);
  open();
}

TEST(Shards, AnAlteredRecordIsNamedWhenItIsRead) {
  const Folder folder;
  write_set(folder / "set", 60, 3);
  const fs::path victim = shards_of(folder / "set", "training")[2];
  std::string text = read_text(victim);
  text[8] ^= 1; // the first record follows the first eight bytes
  test::write(victim, text);
  const ShardReader reader(read_shard_index(folder / "set"), "training");
  int damaged = 0;
  for (std::size_t i = 0; i < reader.records(); ++i) try {
      reader.read(i);
    } catch (const Error& e) {
      ++damaged;
      EXPECT_EQ(e.code(), ErrorCode::BadInput);
      EXPECT_NE(std::string(e.what()).find(victim.string()), std::string::npos);
      EXPECT_NE(std::string(e.what()).find("record 0"), std::string::npos) << e.what();
    }
  EXPECT_EQ(damaged, 1);
}

TEST(Shards, AHostileIndexIsRefused) {
  const Folder folder;
  write_set(folder / "set", 6, 1);
  const fs::path path = folder / "set" / "index.json";
  const json good = json::parse(read_text(path));
  const auto code_with = [&](const json& index) {
    test::write(path, index.dump());
    return refused([&] { read_shard_index(folder / "set"); }).code();
  };
  json bad = good;
  bad["parts"]["training"][0]["file"] = "../secret";
  EXPECT_EQ(code_with(bad), ErrorCode::BadInput);
  bad["parts"]["training"][0]["file"] = "/etc/passwd";
  EXPECT_EQ(code_with(bad), ErrorCode::BadInput);
  bad = good;
  bad["version"] = 2;
  EXPECT_EQ(code_with(bad), ErrorCode::Unsupported);
  bad = good;
  bad["parts"]["training"][0].erase("bytes");
  EXPECT_EQ(code_with(bad), ErrorCode::BadInput);
  bad = good;
  bad["parts"] = 3;
  EXPECT_EQ(code_with(bad), ErrorCode::BadInput);
  test::write(path, "{");
  EXPECT_EQ(refused([&] { read_shard_index(folder / "set"); }).code(), ErrorCode::BadInput);
  EXPECT_FALSE(holds_shards(folder / "set"));
}

TEST(Shards, AHostileTableIsRefused) {
  const auto code = [](const std::string& text) {
    return refused([&] { parse_shard_table(text, 30, "shard"); }).code();
  };
  const std::string hash = "0123456789abcdef";
  const auto table = [&](const json& records) {
    return json{{"groups", {"a"}}, {"records", records}}.dump();
  };
  const ShardTable good = parse_shard_table(table({{10, 0, hash}, {20, 0, hash}}), 30, "shard");
  ASSERT_EQ(good.records.size(), 2u);
  EXPECT_EQ(good.records[0].at, 8u);
  EXPECT_EQ(good.records[1].at, 18u);
  for (const json& records : std::initializer_list<json>{
           json::array({json{31, 0, hash}}), json::array({json{29, 0, hash}}),
           json::array({json{30, 1, hash}}), json::array({json{30, -1, hash}}),
           json::array({json{-1, 0, hash}}), json::array({json{30, 0, "short"}}),
           json::array({json{30, 0}}), json::array({json{0, 0, hash}, json{30, 0, hash}}), json(7),
           json::array({3})})
    EXPECT_EQ(code(table(records)), ErrorCode::BadInput) << records;
  EXPECT_EQ(code(std::string(1000, '[')), ErrorCode::BadInput);
  EXPECT_EQ(code(""), ErrorCode::BadInput);
}

TEST(Shards, AnUnfinishedSetLeavesNothingAndAFinishedOneIsKept) {
  const Folder folder;
  {
    ShardWriter writer(folder / "set", "x", 4);
    writer.add("training", "g", bytes("abc"));
    EXPECT_EQ(shards_of(folder / "set", "training").size(), 1u);
  }
  EXPECT_TRUE(fs::is_empty(folder / "set"));
  test::write(folder / "set" / "training-099.shard", "of a process that was killed");
  write_set(folder / "set", 6, 1);
  EXPECT_EQ(shards_of(folder / "set", "training").size(), 1u);
  EXPECT_EQ(refused([&] { ShardWriter(folder / "set", "x", 4); }).code(), ErrorCode::Conflict);
  EXPECT_EQ(ShardReader(read_shard_index(folder / "set"), "training").records(), 6u);
}

std::vector<std::size_t> epoch_of(Sampler& sampler, std::size_t size, std::uint64_t epoch) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < size; ++i) out.push_back(sampler.at(epoch * size + i).first);
  return out;
}

bool is_permutation_of_all(std::vector<std::size_t> order) {
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i)
    if (order[i] != i) return false;
  return true;
}

TEST(Sampler, EachEpochIsAnotherPermutationOfTheSeed) {
  for (const SampleLayout& layout :
       {SampleLayout{}, SampleLayout{{7, 11, 1, 20, 5, 16}, 2, ""}, SampleLayout{{60}, 3, ""}}) {
    Sampler one(60, 5, layout), other(60, 6, layout), again(60, 5, layout);
    const auto first = epoch_of(one, 60, 0), second = epoch_of(one, 60, 1);
    EXPECT_TRUE(is_permutation_of_all(first));
    EXPECT_TRUE(is_permutation_of_all(second));
    EXPECT_NE(first, second);
    EXPECT_NE(first, epoch_of(other, 60, 0));
    // A run that goes on in the second epoch has not seen the first.
    EXPECT_EQ(second, epoch_of(again, 60, 1));
    EXPECT_EQ(first, epoch_of(again, 60, 0)) << "backwards too";
    std::set<std::uint64_t> seeds;
    for (std::uint64_t i = 0; i < 120; ++i) seeds.insert(one.at(i).second);
    EXPECT_EQ(seeds.size(), 120u);
  }
}

TEST(Sampler, BlocksComeAFewAtATimeAndAreMixed) {
  const std::vector<std::size_t> blocks(10, 6);
  Sampler sampler(60, 3, {blocks, 2, ""});
  std::set<std::set<std::size_t>> pairs;
  for (std::uint64_t epoch = 0; epoch < 8; ++epoch) {
    const auto order = epoch_of(sampler, 60, epoch);
    for (std::size_t window = 0; window < 5; ++window) {
      std::vector<std::size_t> block;
      for (std::size_t i = 0; i < 12; ++i) block.push_back(order[window * 12 + i] / 6);
      const std::set<std::size_t> pair(block.begin(), block.end());
      EXPECT_EQ(pair.size(), 2u) << "two blocks at a time";
      EXPECT_FALSE(std::is_sorted(block.begin(), block.end()) &&
                   std::is_sorted(order.begin() + static_cast<std::ptrdiff_t>(window * 12),
                                  order.begin() + static_cast<std::ptrdiff_t>(window * 12 + 12)))
          << "not shuffled";
      pairs.insert(pair);
    }
  }
  EXPECT_GT(pairs.size(), 20u) << "the same blocks always meet"; // 40 draws of 45 pairs
}

TEST(Sampler, BlocksThatDoNotHoldTheSamplesAreAFault) {
  EXPECT_THROW(Sampler(10, 1, {{4, 5}, 1, ""}), Error);
  EXPECT_THROW(Sampler(9, 1, {{4, 5}, 0, ""}), Error);
}

}
}
