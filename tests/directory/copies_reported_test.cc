// SPDX-License-Identifier: Apache-2.0
// What nodes report and what lookups then say: the life of a copy, two puts of one id, repeats,
// lies.
#include <gtest/gtest.h>

#include "tests/directory/test_directory.hh"

namespace obj::directory {
namespace {

using Holders = std::vector<NodeId>;
using Tolds = std::vector<Told>;

TEST(CopiesReported, answer_names_the_copy_exactly) {
  TestDirectory directory;
  directory.join(1);
  const Copy copy = copy_of(9, 1234, CopyState::kSealed, CopyRole::kPrimary);
  directory.report(1, {held(id_of(5), kShape, copy)});
  const Answer answer = directory.lookup(5);
  EXPECT_EQ(answer.status, LookupStatus::kFound);
  EXPECT_EQ(answer.shape, kShape);
  ASSERT_EQ(answer.copies_shown, 1u);
  EXPECT_EQ(answer.copies[0], (Location{{1, 1}, copy}));
}

// Behaviour 43.
TEST(CopiesReported, copy_is_partial_while_it_fills_then_sealed_then_withdrawn) {
  TestDirectory directory;
  directory.join(1);
  directory.report(1, {partial(5)});
  EXPECT_EQ(directory.lookup(5).copies[0].copy.state, CopyState::kPartial);
  directory.report(1, {sealed(5)});
  ASSERT_EQ(directory.lookup(5).copies_known, 1u);
  EXPECT_EQ(directory.lookup(5).copies[0].copy.state, CopyState::kSealed);
  directory.report(1, {gone(5)});
  EXPECT_EQ(directory.lookup(5).status, LookupStatus::kUnknown);
  EXPECT_EQ(directory.state.counts().objects, 0u);
}

TEST(CopiesReported, new_generation_takes_the_place_of_the_old_one_of_its_node) {
  TestDirectory directory;
  directory.join(1);
  directory.report(1, {sealed(5, 1, 10)});
  directory.report(1, {sealed(5, 2, 30)});
  ASSERT_EQ(directory.lookup(5).copies_known, 1u);
  EXPECT_EQ(directory.lookup(5).copies[0].copy, copy_of(2, 30));
}

// A node's reports are coalesced to the last state of each object. So the copy whose removal is
// told may be one that the directory never heard of, while it still shows the one before.
TEST(CopiesReported, removal_of_a_copy_that_came_and_went_between_two_reports_leaves_none_behind) {
  TestDirectory directory;
  directory.join(1);
  directory.report(1, {sealed(5, 1, 10)});
  directory.report(1, {gone(5, 2, 30)});
  EXPECT_EQ(directory.lookup(5).status, LookupStatus::kUnknown);
  EXPECT_EQ(directory.state.counts().objects, 0u);
}

TEST(CopiesReported, copies_of_several_nodes_are_told_apart_by_role) {
  TestDirectory directory;
  directory.join(1);
  directory.join(2);
  directory.report(1,
                   {held(id_of(5), kShape, copy_of(1, 1, CopyState::kSealed, CopyRole::kPrimary))});
  directory.report(2, {sealed(5)});
  const Answer answer = directory.lookup(5);
  ASSERT_EQ(answer.copies_shown, 2u);
  for (const Location& location : answer.shown()) {
    EXPECT_EQ(location.copy.role,
              location.node.node == 1 ? CopyRole::kPrimary : CopyRole::kSecondary);
  }
}

TEST(CopiesReported, removal_touches_the_reporting_nodes_copy_only) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  directory.join(2, {sealed(5)});
  directory.join(3);
  directory.report(3, {gone(5)});
  EXPECT_EQ(directory.holders(5), (Holders{1, 2}));
  directory.report(1, {gone(5)});
  EXPECT_EQ(directory.holders(5), Holders{2});
}

TEST(CopiesReported, many_copies_are_counted_and_shown_in_turn) {
  TestDirectory directory;
  for (PeerId peer = 1; peer <= 20; peer++) directory.join(peer, {sealed(5)});
  std::map<NodeId, int> shown;
  for (int i = 0; i < 40; i++) {
    const Answer answer = directory.lookup(5);
    EXPECT_EQ(answer.copies_known, 20u);
    ASSERT_EQ(answer.copies_shown, kCopiesShownMax);
    for (const Location& location : answer.shown()) shown[location.node.node]++;
  }
  ASSERT_EQ(shown.size(), 20u);
  for (const auto& [node, times] : shown) EXPECT_EQ(times, 16) << "node " << node;
}

// The outcome that docs/directory.md promises for two puts of one id.
TEST(TwoPuts, first_put_known_is_the_object_and_the_other_holder_is_told) {
  TestDirectory directory;
  directory.join(1);
  directory.join(2);
  const ObjectShape other{.data_bytes = 4096, .metadata_bytes = 16, .origin = 78};
  EXPECT_TRUE(directory.report(1, {sealed(5)}).conflicts.empty());
  const ReportOutcome outcome = directory.report(2, {sealed(5, 1, 1, other)});
  EXPECT_EQ(outcome.conflicts, std::vector<ObjectId>{id_of(5)});
  EXPECT_EQ(outcome.refused, 0u);
  EXPECT_EQ(directory.holders(5), Holders{1});
  EXPECT_EQ(directory.lookup(5).shape, kShape);
}

TEST(TwoPuts, copies_of_each_put_are_never_mixed_in_one_answer) {
  TestDirectory directory;
  const ObjectShape other{.data_bytes = 100, .metadata_bytes = 0, .origin = 78};
  directory.join(1, {sealed(5)});
  directory.join(2, {sealed(5, 1, 1, other)});
  directory.join(3, {sealed(5, 1, 1, other)});
  directory.join(4, {sealed(5)});
  EXPECT_EQ(directory.holders(5), (Holders{1, 4}));
  directory.report(1, {gone(5)});
  EXPECT_EQ(directory.holders(5), Holders{4});
  directory.report(4, {gone(5)});
  EXPECT_EQ(directory.holders(5), (Holders{2, 3}));
  EXPECT_EQ(directory.lookup(5).shape, other);
}

TEST(TwoPuts, subscriber_hears_of_the_second_put_only_when_it_comes_forward) {
  TestDirectory directory;
  const ObjectShape other{.data_bytes = 100, .metadata_bytes = 0, .origin = 78};
  directory.join(1);
  directory.join(2);
  directory.subscribe(9, 5);
  directory.take_told();
  directory.report(1, {sealed(5)});
  directory.report(2, {sealed(5, 1, 1, other)});
  EXPECT_EQ(directory.take_told(), Tolds{added(9, 1, sealed(5))});
  directory.report(1, {gone(5)});
  EXPECT_EQ(directory.take_told(),
            (Tolds{lost(9, 1, sealed(5)), added(9, 2, sealed(5, 1, 1, other))}));
}

TEST(TwoPuts, sizes_that_disagree_within_one_put_are_refused) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  directory.join(2);
  ObjectShape liar = kShape;
  liar.data_bytes++;
  EXPECT_EQ(directory.report(2, {sealed(5, 1, 1, liar)}).refused, 1u);
  EXPECT_EQ(directory.holders(5), Holders{1});
  EXPECT_EQ(directory.lookup(5).shape, kShape);
}

TEST(CopiesReported, place_beyond_the_nodes_arena_is_refused) {
  TestDirectory directory;
  directory.join(1);
  const uint64_t arena_bytes = TestDirectory::info(1).arena_bytes;
  const auto place = [&](uint64_t offset, uint64_t data_bytes, uint32_t metadata_bytes) {
    return held(id_of(5), {data_bytes, metadata_bytes, 1}, {.offset = offset, .generation = 1});
  };
  for (const CopyReport& report :
       {place(arena_bytes, 1, 0), place(0, arena_bytes + 1, 0), place(arena_bytes - 10, 5, 6),
        place(UINT64_MAX, UINT64_MAX, UINT32_MAX), place(UINT64_MAX - 4, 5, 0)}) {
    EXPECT_EQ(directory.report(1, {report}).refused, 1u);
  }
  EXPECT_EQ(directory.state.counts().objects, 0u);
  EXPECT_EQ(directory.report(1, {place(arena_bytes - 10, 5, 5)}).refused, 0u);
}

TEST(CopiesReported, generation_cannot_turn_back_to_partial_or_move) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  EXPECT_EQ(directory.report(1, {partial(5)}).refused, 1u);
  CopyReport moved = sealed(5);
  moved.copy.offset += 64;
  EXPECT_EQ(directory.report(1, {moved}).refused, 1u);
  EXPECT_EQ(directory.lookup(5).copies[0].copy, sealed(5).copy);
}

TEST(CopiesReported, new_objects_are_refused_when_the_table_is_full_and_others_go_on) {
  TestDirectory directory({.rebuild_grace_ms = 0, .objects_max = 2});
  directory.join(1);
  directory.join(2);
  EXPECT_EQ(directory.report(1, {sealed(1), sealed(2, 2), sealed(3, 3)}).refused, 1u);
  EXPECT_EQ(directory.lookup(3).status, LookupStatus::kUnknown);
  EXPECT_EQ(directory.report(2, {sealed(1)}).refused, 0u);
  EXPECT_EQ(directory.report(1, {gone(1), sealed(3, 3)}).refused, 1u);
  EXPECT_EQ(directory.report(1, {gone(2, 2), sealed(3, 3)}).refused, 0u);
}

TEST(CopiesReported, long_batch_with_much_to_tell_is_done_in_slices) {
  TestDirectory directory;
  directory.join(1);
  std::vector<CopyReport> batch;
  for (uint32_t i = 0; i < 100; i++) {
    batch.push_back(sealed(i, i));
    for (PeerId peer = 10; peer < 20; peer++) directory.subscribe(peer, i);
  }
  directory.take_told();
  ReportOutcome outcome;
  const uint64_t sequence = directory.last_sequence(1) + 1;
  const auto done = directory.state.report(1, sequence, batch, 0, 50, outcome);
  ASSERT_TRUE(done);
  EXPECT_LT(*done, 10u);
  EXPECT_LE(directory.take_told().size(), 60u);
  directory.report(1, batch, 50);
  for (uint32_t i = 0; i < 100; i++) EXPECT_EQ(directory.holders(i), Holders{1});
}

}  // namespace
}  // namespace obj::directory
