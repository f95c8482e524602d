#include "modules/core/error.h"
#include "modules/core/findings.h"
#include "modules/core/findings_pack.h"
#include "modules/core/findings_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace sensorium {
namespace {

Findings example() {
  Findings findings;
  findings.pipeline = "oct_hrf";
  findings.version = "1";
  findings.input_sha256 = "ff";
  findings.parameters_text = R"({"threshold":0.5})";
  Finding f;
  f.id = "f1";
  f.label = "focus";
  f.score = 0.75;
  f.centroid = {1.5, 2, 0};
  f.box = {1, 2, 0, 2, 2, 0};
  f.footprint = {{0, 2, 1, 2}};
  f.measures = {{"area", 90.5, "um2", "header tag"}, {"contrast", 2, "1", ""}};
  f.attributes = {{"slab", "inner, upper"}};
  f.text = "said \"so\"";
  findings.items = {f};
  findings.tables = {{"by layer", "Counts by layer", {"layer", "count"}, {{"inner", "1"}}}};
  findings.notes = {"a note"};
  return findings;
}

TEST(FindingsJson, RoundTrip) {
  const Findings back = findings_from_json(to_json(example()));
  EXPECT_EQ(to_json(back), to_json(example()));
  EXPECT_EQ(back.items[0].footprint[0].length, 2);
}

TEST(FindingsJson, TextWrittenInOnePassIsTheSameContent) {
  Findings findings = example();
  findings.nothing_counted = true;
  findings.summary = {{"count", 5, "1", "", true}, {"density", 1.25e-7, "1/mm2", "2·π"}};
  findings.items.push_back({});
  findings.items.back().text = "tab\t, line\n, back\\slash, bell\a, µm";
  findings.items.back().footprint = {{0, -1, 2147483647, 3}, {1, 2, 3, 4}};
  findings.tables.push_back({"empty", "", {}, {}, true});
  EXPECT_EQ(nlohmann::json::parse(to_json_text(findings)), to_json(findings));
  EXPECT_EQ(nlohmann::json::parse(to_json_text({})), to_json(Findings{}));
}

Findings full_example() {
  Findings findings = example();
  findings.nothing_counted = true;
  findings.summary = {{"count", 5, "1", "", true}, {"density", 1.25e-7, "1/mm2", "2·π"}};
  findings.items.push_back({});
  findings.items.push_back(findings.items[0]);
  findings.items.back().footprint = {{0, -1, 2147483647, 3}, {1, 2, 3, 4}};
  findings.items.back().attributes = {{"", "zero\0byte"}, {"a", ""}, {"b", "inner, upper"}};
  findings.tables.push_back({"empty", "", {}, {}, true});
  return findings;
}

TEST(FindingsPack, BringsTheSameFindings) {
  EXPECT_EQ(to_json(unpack_findings(pack_findings(full_example()))), to_json(full_example()));
  EXPECT_EQ(to_json(unpack_findings(pack_findings({}))), to_json(Findings{}));
  Findings findings = example();
  findings.items[0].score = std::numeric_limits<double>::infinity();
  EXPECT_EQ(unpack_findings(pack_findings(findings)).items[0].score,
            std::numeric_limits<double>::infinity());
}

TEST(FindingsPack, EachTextIsThereOnce) {
  Findings findings = example();
  const std::size_t one = pack_findings(findings).size();
  findings.items.push_back(findings.items[0]);
  // Three texts, three lengths, score, centroid, box; a run; two measures; an attribute.
  EXPECT_EQ(pack_findings(findings).size() - one, 80u + 16 + 2 * 21 + 8);
}

TEST(FindingsPack, DamagedBytesAreRefused) {
  const std::string whole = pack_findings(full_example());
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_THROW(unpack_findings(std::string_view(whole).substr(0, length)), Error) << length;
  EXPECT_THROW(unpack_findings(whole + "x"), Error);
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const char value : {'\0', '\x7f', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = value;
      try {
        (void)unpack_findings(damaged);
      } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::BadInput);
      }
    }
}

// A text of 1 MiB that is named a hundred times would become 100 MiB.
TEST(FindingsPack, WhatFewBytesBecomeIsBounded) {
  Findings findings;
  findings.notes = std::vector<std::string>(100, std::string(1 << 20, 'x'));
  const std::string bytes = pack_findings(findings);
  EXPECT_LT(bytes.size(), 2u << 20);
  EXPECT_THROW(unpack_findings(bytes), Error);
}

TEST(FindingsJson, WhatIsNotFiniteIsNullInText) {
  Findings findings = example();
  findings.items[0].measures[0].value = std::numeric_limits<double>::infinity();
  const auto json = nlohmann::json::parse(to_json_text(findings));
  EXPECT_TRUE(json["items"][0]["measures"][0]["value"].is_null());
}

TEST(FindingsJson, NewerVersionIsRefusedClearly) {
  auto json = to_json(example());
  json["version"] = 2;
  try {
    findings_from_json(json);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Unsupported);
  }
}

TEST(FindingsJson, EachMissingKeyIsAnError) {
  const auto whole = to_json(example());
  for (const char* key :
       {"pipeline", "items", "summary", "notes", "parameters", "tables", "version", "format"}) {
    auto damaged = whole;
    damaged.erase(key);
    EXPECT_THROW(findings_from_json(damaged), Error) << key;
  }
}

TEST(FindingsCsv, HeaderNamesUnitsAndCellsAreQuoted) {
  EXPECT_EQ(to_csv(example()), "id,label,score,x_px,y_px,z_px,area_um2,contrast,slab\r\n"
                               "f1,focus,0.7500,1.50,2.00,0.00,90.5,2,\"inner, upper\"\r\n");
}

TEST(FindingsCsv, FormulasAreMadeHarmless) {
  EXPECT_EQ(csv_cell("=cmd()"), "'=cmd()");
  EXPECT_EQ(csv_cell("-1.5"), "-1.5");
  EXPECT_EQ(csv_cell("a\"b"), "\"a\"\"b\"");
}

TEST(Runs, PaintCutsAtTheBorder) {
  std::vector<std::uint8_t> mask;
  paint_runs({{0, 0, -2, 4}, {0, 1, 2, 2147483647}, {5, 0, 0, 3}, {0, -1, 0, 3}}, 3, 2, 1, mask);
  EXPECT_EQ(mask, (std::vector<std::uint8_t>{1, 1, 0, 0, 0, 1}));
}

}
}
