// SPDX-License-Identifier: Apache-2.0
// tests/objbench/figure_output_test.cc -- what programs and people read of a figure.
#include "tools/objbench/figure_output.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace objbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Figure kFigure{"some_figure",
                         "what",
                         "us",
                         Better::kLower,
                         "some yardstick",
                         {Target::Of::kRatio, Target::Bound::kAtMost, 1.5},
                         nullptr,
                         ""};

FigureResult measured() { return judge(kFigure, {{3, 2.5, 7, "a \"quoted\" note"}}); }

TEST(JsonOf, has_exactly_the_agreed_fields_in_their_order) {
  const auto json = nlohmann::ordered_json::parse(json_of(measured()));
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre("figure", "value", "unit", "better", "yardstick", "yardstick_value",
                                "ratio", "target", "holds", "samples", "note"));
  EXPECT_EQ(json["figure"], "some_figure");
  EXPECT_EQ(json["value"], 3.0);
  EXPECT_EQ(json["better"], "lower");
  EXPECT_EQ(json["yardstick_value"], 2.5);
  EXPECT_EQ(json["ratio"], 1.2);
  EXPECT_EQ(json["target"], "ratio <= 1.5");
  EXPECT_EQ(json["holds"], true);
  EXPECT_EQ(json["samples"], 7);
  EXPECT_EQ(json["note"], "a \"quoted\" note");
}

TEST(JsonOf, is_one_line) {
  const std::string line = json_of(measured());
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(JsonOf, is_null_where_nothing_was_measured) {
  const auto json = nlohmann::json::parse(json_of(not_measured(kFigure, "no disk")));
  for (const char* key : {"value", "yardstick_value", "ratio", "holds"}) {
    EXPECT_TRUE(json[key].is_null()) << key;
  }
  EXPECT_EQ(json["note"], "not measured: no disk");
}

TEST(JsonOf, survives_a_note_that_is_no_text) {
  const FigureResult result = not_measured(kFigure, "odd \xff byte");
  EXPECT_FALSE(nlohmann::json::parse(json_of(result), nullptr, false).is_discarded());
}

TEST(TextOf, shows_value_yardstick_ratio_target_and_verdict) {
  const std::string text = text_of(measured());
  for (const char* part : {"some_figure", "3 us", "some yardstick 2.5 us", "1.20", "ratio <= 1.5",
                           "yes", "a \"quoted\" note"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(TextOf, shouts_when_a_target_is_missed) {
  EXPECT_THAT(text_of(judge(kFigure, {{30, 2.5, 7, ""}})), HasSubstr(" NO\n"));
}

}  // namespace
}  // namespace objbench
