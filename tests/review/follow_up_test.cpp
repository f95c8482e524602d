#include "modules/review/follow_up.h"
#include "tests/review/lesions.h"

namespace sensorium::test {
namespace {

Finding at(const std::string& slab, const std::string& region) {
  Finding f = lesion("f", {{0, 0, 0, 1}});
  if (!slab.empty()) f.attributes["slab"] = slab;
  if (!region.empty()) f.attributes["etdrs"] = region;
  return f;
}

Visit visit(const std::string& name, std::vector<Finding> findings) {
  Visit v;
  v.name = name;
  v.patient = "4711";
  v.laterality = Laterality::Right;
  v.pipeline = "oct_hrf";
  v.parameters = {{"threshold", 0.5}};
  v.signed_case = true;
  v.findings = std::move(findings);
  return v;
}

const FollowUpRow* row(const FollowUp& f, const std::string& slab, const std::string& region) {
  for (const FollowUpRow& r : f.rows)
    if (r.slab == slab && r.region == region && r.label == "all") return &r;
  return nullptr;
}

TEST(FollowUp, CountsAndChangesByLayerAndRegionAddUp) {
  const FollowUp f = follow_up(
      visit("first", {at("inner", "centre"), at("inner", "centre"), at("outer", "inner nasal")}),
      visit("second", {at("inner", "centre"), at("outer", "centre"), at("", "")}));
  EXPECT_EQ(row(f, "all", "all")->change(), 0);
  EXPECT_EQ(row(f, "inner", "all")->change(), -1);
  EXPECT_EQ(row(f, "all", "centre")->first, 2);
  EXPECT_EQ(row(f, "all", "centre")->second, 2);
  EXPECT_EQ(row(f, "outer", "centre")->change(), 1);
  EXPECT_EQ(row(f, "not determined", "all")->second, 1);
  int first = 0, second = 0;
  for (const FollowUpRow& r : f.rows)
    if (r.slab != "all" && r.region != "all") {
      first += r.first;
      second += r.second;
    }
  EXPECT_EQ(first, 3);
  EXPECT_EQ(second, 3);
}

TEST(FollowUp, OtherEyesAndPatientsAreRefusedWithoutNamingThePatient) {
  Visit left = visit("second", {});
  left.laterality = Laterality::Left;
  const std::string eyes =
      message_of(ErrorCode::Conflict, [&] { follow_up(visit("first", {}), left); });
  EXPECT_NE(eyes.find("right eye"), std::string::npos);
  EXPECT_NE(eyes.find("left eye"), std::string::npos);
  Visit other = visit("second", {});
  other.patient = "0815";
  const std::string person =
      message_of(ErrorCode::Conflict, [&] { follow_up(visit("first", {}), other); });
  EXPECT_EQ(person.find("0815"), std::string::npos);
  EXPECT_EQ(person.find("4711"), std::string::npos);
}

TEST(FollowUp, WhatIsUnknownOrDiffersIsSaid) {
  Visit second = visit("second", {});
  second.laterality = Laterality::Unknown;
  second.patient.clear();
  second.parameters = {{"threshold", 0.4}};
  second.model_sha256 = "x";
  second.signed_case = false;
  std::string notes;
  for (const std::string& note : follow_up(visit("first", {}), second).notes) notes += note + "\n";
  for (const char* word : {"eye", "patient", "threshold (0.5 and 0.4)", "different models",
                           "'second' is not signed", "not paired one to one"})
    EXPECT_NE(notes.find(word), std::string::npos) << word << "\n" << notes;
}

}
}
