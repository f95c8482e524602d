// A class map after its regions were reviewed: by hand.
#include "modules/report/class_map.h"
#include "modules/review/footprint.h"

#include <gtest/gtest.h>

#include <string>

namespace sensorium {
namespace {
using nlohmann::json;

class ClassMap : public testing::Test {
protected:
  // Two lines of five pixels: 1 1 0 2 2 / 1 1 0 2 2.
  ClassMap() : map_(5, 2, QImage::Format_Indexed8) {
    map_.setColorTable({qRgb(0, 0, 0), qRgb(255, 0, 0), qRgb(0, 0, 255)});
    for (int y = 0; y < 2; ++y)
      for (int x = 0; x < 5; ++x) map_.setPixel(x, y, x < 2 ? 1 : x == 2 ? 0 : 2);
    findings_.tables = {{"classes", "", {"class", "name"}, {{"1", "leaf"}, {"2", "stone"}}}};
    add("a", "leaf", {{0, 0, 0, 2}, {0, 1, 0, 2}});
    add("b", "stone", {{0, 0, 3, 2}, {0, 1, 3, 2}});
  }
  void add(const std::string& id, const std::string& label, std::vector<Run> runs) {
    Finding f;
    f.id = id, f.label = label, f.footprint = std::move(runs);
    place(f);
    findings_.items.push_back(f);
  }
  void act(const std::string& kind, json data) {
    const auto number = static_cast<std::int64_t>(events_.size()) + 1;
    events_.push_back({number, "2026-01-31T12:00:00Z", "kim", kind, std::move(data), "", ""});
  }
  std::string reviewed() const {
    const QImage out = reviewed_class_map(map_, findings_, fold(findings_, events_));
    std::string text;
    for (int y = 0; y < out.height(); ++y) {
      for (int x = 0; x < out.width(); ++x) text += static_cast<char>('0' + out.pixelIndex(x, y));
      text += y == 0 ? "/" : "";
    }
    return text;
  }
  QImage map_;
  Findings findings_;
  std::vector<Event> events_;
};

TEST_F(ClassMap, FollowsEachKindOfDecision) {
  EXPECT_EQ(reviewed(), "11022/11022");
  act("accept", decision_data(findings_.items[0]));
  EXPECT_EQ(reviewed(), "11022/11022");
  act("reject", decision_data(findings_.items[1]));
  EXPECT_EQ(reviewed(), "11000/11000");
  act("relabel", relabel_data(findings_.items[1], "leaf"));
  EXPECT_EQ(reviewed(), "11011/11011");
  act("undo", {{"number", 3}});
  EXPECT_EQ(reviewed(), "11000/11000");
  act("undo", {{"number", 2}});
  act("paint", paint_data(findings_.items[0], {{0, 0, 2, 2}}, {{0, 1, 0, 1}}));
  EXPECT_EQ(reviewed(), "11112/01022") << "what is painted lies over the neighbour";
  act("draw", draw_data({{0, 1, 1, 4}}, "stone"));
  EXPECT_EQ(reviewed(), "11112/02222");
  act("draw", draw_data({{0, 1, 4, 1}}, "something else"));
  EXPECT_EQ(reviewed(), "11112/02220") << "no class of the map";
}

TEST_F(ClassMap, WhatLiesOutsideIsCut) {
  act("draw", draw_data({{0, 0, 3, 100}, {0, 7, 0, 3}, {1, 0, 0, 5}}, "leaf"));
  EXPECT_EQ(reviewed(), "11011/11022");
}

TEST_F(ClassMap, AnotherPictureComesBackAsItIs) {
  act("reject", decision_data(findings_.items[0]));
  QImage colours(5, 2, QImage::Format_RGB32);
  colours.fill(0x123456);
  EXPECT_EQ(reviewed_class_map(colours, findings_, fold(findings_, events_)), colours);
  findings_.tables.clear();
  EXPECT_EQ(reviewed_class_map(map_, findings_, fold(findings_, events_)), map_);
  EXPECT_TRUE(reviewed_class_map(QImage(), findings_, fold(findings_, events_)).isNull());
}

}
}
