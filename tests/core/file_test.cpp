#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/core/json_text.h"
#include "modules/core/known_formats.h"
#include "modules/core/map_guard.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

class Files : public ::testing::Test {
protected:
  void SetUp() override { make_folder(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ = fs::temp_directory_path() / ("sensorium-files-" + std::to_string(::getpid()));
};

// FIPS 180-2, appendix B.1 and B.2.
TEST(Hash, PublishedVectors) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_F(Files, AMapOfAFileThatShrinksReadsZerosAndIsCounted) {
  const fs::path path = folder_ / "scan";
  write_atomically(path, std::string(3 * 65536, 'x'));
  const auto file = MappedFile::open(path);
  const std::uint64_t before = lost_maps();
  EXPECT_EQ(file->bytes()[65536], std::byte{'x'});
  EXPECT_EQ(lost_maps(), before);
  fs::resize_file(path, 65536);
  EXPECT_EQ(file->bytes()[65535], std::byte{'x'});
  EXPECT_EQ(file->bytes()[65536], std::byte{0});
  EXPECT_EQ(file->bytes()[3 * 65536 - 1], std::byte{0});
  EXPECT_GT(lost_maps(), before);
}

TEST_F(Files, APartIsCopiedFromTheMappedFileWhateverTakesItsName) {
  const fs::path path = folder_ / "scan", other = folder_ / "other";
  std::string content(200000, ' ');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i % 251);
  write_atomically(path, content);
  const auto part_of = [&](const MappedFile& file, std::size_t at, std::size_t size) {
    std::string out(size, '?');
    file.copy(at, std::as_writable_bytes(std::span(out)));
    return out;
  };
  const auto first = MappedFile::open(path), late = MappedFile::open(path);
  EXPECT_EQ(part_of(*first, 70001, 9000), content.substr(70001, 9000));
  EXPECT_EQ(part_of(*first, 200000, 0), "");
  write_atomically(other, std::string(200000, 'x'));
  fs::rename(other, path); // `late` has read nothing yet
  EXPECT_EQ(part_of(*late, 5, 100), content.substr(5, 100));
  EXPECT_EQ(part_of(*first, 5, 100), content.substr(5, 100));
  EXPECT_EQ(part_of(*MappedFile::open(path), 5, 100), std::string(100, 'x'));
}

TEST_F(Files, APartOfAFileThatShrinksIsCopiedAsZerosAndCounted) {
  const fs::path path = folder_ / "scan";
  write_atomically(path, std::string(3 * 65536, 'x'));
  const auto file = MappedFile::open(path);
  const std::uint64_t before = lost_maps();
  fs::resize_file(path, 65536);
  std::string out(2 * 65536, '?');
  file->copy(0, std::as_writable_bytes(std::span(out)));
  EXPECT_EQ(out, std::string(65536, 'x') + std::string(65536, '\0'));
  EXPECT_GT(lost_maps(), before);
}

TEST_F(Files, APipeIsNoFile) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW(read_text(pipe), Error);
  EXPECT_THROW(MappedFile::open(pipe), Error);
}

TEST_F(Files, AnErrorNamesTheFileThatWasAskedFor) {
  try {
    write_atomically(folder_ / "absent" / "a.csv", "1");
    FAIL() << "written into a folder that is not there";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::NotFound);
    EXPECT_NE(std::string(e.what()).find((folder_ / "absent" / "a.csv").string() + "'"),
              std::string::npos)
        << e.what();
  }
}

TEST_F(Files, HashOfAFolderSeesNamesAndContent) {
  write_atomically(folder_ / "a", "1");
  write_atomically(folder_ / "b", "2");
  const std::string before = sha256_of_path(folder_);
  fs::rename(folder_ / "b", folder_ / "c");
  EXPECT_NE(sha256_of_path(folder_), before);
}

TEST_F(Files, HashOfSeveralFilesSeesEachOfThem) {
  write_atomically(folder_ / "a.xml", "1");
  write_atomically(folder_ / "b.tif", "2");
  EXPECT_EQ(sha256_of_files(folder_ / "a.xml", {}), sha256("1"));
  EXPECT_EQ(sha256_of_files(folder_ / "a.xml", {"b.tif"}),
            sha256(sha256("1") + "  a.xml\n" + sha256("2") + "  b.tif\n"));
  EXPECT_THROW(sha256_of_files(folder_ / "a.xml", {"c.tif"}), Error);
}

std::string fault_of(const std::string& text,
                     const std::function<void(const nlohmann::json&)>& use) {
  try {
    use(nlohmann::json::parse(text));
  } catch (const nlohmann::json::exception& e) {
    return json_fault(e);
  }
  return {};
}

TEST(Json, AFaultIsSaidInAUsersWords) {
  const auto nothing = [](const nlohmann::json&) {};
  const std::string cut = fault_of("{\"a\":\n ", nothing);
  EXPECT_TRUE(cut.starts_with("line 2, column 2: unexpected end of input")) << cut;
  EXPECT_EQ(fault_of("{}", [](const nlohmann::json& j) { j.at("path"); }),
            "the key 'path' is missing");
  EXPECT_EQ(fault_of("3", [](const nlohmann::json& j) { j.get<std::string>(); }),
            "a value is of the wrong type (string expected, it is number)");
}

TEST(JsonText, NestingIsBounded) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_NO_THROW(parse_json(nested(deepest_json), "x", "h"));
  EXPECT_THROW(parse_json(nested(deepest_json + 1), "x", "h"), Error);
  EXPECT_EQ(parse_json(R"({"a": "[[[\"[["})", "x", "h")["a"], "[[[\"[[");
  EXPECT_THROW(parse_json("{", "x", "h"), Error);
}

TEST(KnownFormat, NamesWhatIsNotRead) {
  const auto name = [](std::string_view text) {
    return known_format(std::as_bytes(std::span(text.data(), text.size()))).name;
  };
  EXPECT_EQ(name("\x93NUMPY\x01"), "a NumPy array");
  EXPECT_EQ(name("HEAD74"), "an ERDAS 7.4 grid");
  EXPECT_EQ(name(" {\"a\": 1}"), "JSON text");
  EXPECT_EQ(name("station,1999"), "text");
  EXPECT_EQ(name("\x16"), "");
  EXPECT_EQ(name(""), "");
}

TEST_F(Files, AtomicWriteReplacesAndLeavesNothingBeside) {
  write_atomically(folder_ / "x.json", "old");
  write_atomically(folder_ / "x.json", "new");
  EXPECT_EQ(read_text(folder_ / "x.json"), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(Files, MissingFileNamesItself) {
  try {
    read_text(folder_ / "absent");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::NotFound);
    EXPECT_NE(std::string(e.what()).find("absent"), std::string::npos);
    EXPECT_FALSE(e.hint().empty());
  }
}

TEST_F(Files, TooLargeIsRefusedBeforeReading) {
  write_atomically(folder_ / "big", std::string(100, 'x'));
  EXPECT_THROW(read_text(folder_ / "big", 99), Error);
  EXPECT_EQ(read_text(folder_ / "big", 100).size(), 100u);
}

TEST_F(Files, EmptyFileCannotBeMapped) {
  write_atomically(folder_ / "empty", "");
  EXPECT_THROW(MappedFile::open(folder_ / "empty"), Error);
}

TEST(Files_, WritingWhereThereIsNoFolderIsAnError) {
  EXPECT_THROW(write_atomically("/proc/none/x", "content"), Error);
}

}
}
