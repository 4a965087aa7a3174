// SPDX-License-Identifier: Apache-2.0
// tests/objbench/figure_test.cc -- how repeats of a figure become one verdict.
#include "tools/objbench/figure.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace objbench {
namespace {

using ::testing::HasSubstr;

Figure figure_with(Target target) {
  return {"some_figure", "what", "us", Better::kLower, "some yardstick", target, nullptr, ""};
}

Measurement run(double value, std::optional<double> yardstick = {}, std::string note = "") {
  return {value, yardstick, 10, std::move(note)};
}

constexpr Target kAtMost3{Target::Of::kValue, Target::Bound::kAtMost, 3};
constexpr Target kBelow3{Target::Of::kValue, Target::Bound::kBelow, 3};
constexpr Target kRatioAtLeastHalf{Target::Of::kRatio, Target::Bound::kAtLeast, 0.5};

TEST(Judge, takes_medians_and_counts_all_samples) {
  const Figure figure = figure_with(kAtMost3);
  const FigureResult result = judge(figure, {run(9, 4), run(2, 1), run(1, 2)});
  EXPECT_EQ(result.value, 2);
  EXPECT_EQ(result.yardstick, 2);
  EXPECT_EQ(result.ratio, 1);
  EXPECT_EQ(result.samples, 30u);
  EXPECT_EQ(result.holds, true);
}

TEST(Judge, at_most_includes_the_limit_and_below_does_not) {
  const Figure at_most = figure_with(kAtMost3);
  const Figure below = figure_with(kBelow3);
  EXPECT_EQ(judge(at_most, {run(3)}).holds, true);
  EXPECT_EQ(judge(at_most, {run(3.01)}).holds, false);
  EXPECT_EQ(judge(below, {run(3)}).holds, false);
  EXPECT_EQ(judge(below, {run(2.99)}).holds, true);
}

TEST(Judge, judges_the_ratio_where_that_is_the_target) {
  const Figure figure = figure_with(kRatioAtLeastHalf);
  EXPECT_EQ(judge(figure, {run(4, 8)}).holds, true);
  EXPECT_EQ(judge(figure, {run(4, 9)}).holds, false);
}

TEST(Judge, holds_nothing_when_the_yardstick_is_missing) {
  const Figure figure = figure_with(kRatioAtLeastHalf);
  const FigureResult result = judge(figure, {run(4)});
  EXPECT_FALSE(result.ratio.has_value());
  EXPECT_FALSE(result.holds.has_value());
}

TEST(Judge, tells_the_note_of_the_run_in_the_middle_and_the_spread) {
  const Figure figure = figure_with(kAtMost3);
  const FigureResult result =
      judge(figure, {run(5, {}, "worst"), run(1, {}, "best"), run(2, {}, "middle")});
  EXPECT_THAT(result.note, HasSubstr("middle"));
  EXPECT_THAT(result.note, HasSubstr("3 runs from 1 to 5"));
}

TEST(NotMeasured, tells_the_reason_and_no_numbers) {
  const Figure figure = figure_with(kAtMost3);
  const FigureResult result = not_measured(figure, "there is no disk");
  EXPECT_EQ(result.note, "not measured: there is no disk");
  EXPECT_FALSE(result.value.has_value());
  EXPECT_FALSE(result.holds.has_value());
}

TEST(TargetText, names_the_bound_and_what_is_bound) {
  EXPECT_EQ(target_text(figure_with(kAtMost3)), "<= 3 us");
  EXPECT_EQ(target_text(figure_with(kBelow3)), "< 3 us");
  EXPECT_EQ(target_text(figure_with(kRatioAtLeastHalf)), "ratio >= 0.5");
}

}  // namespace
}  // namespace objbench
