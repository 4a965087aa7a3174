// SPDX-License-Identifier: Apache-2.0
// tests/fabric/pull/pull_test.cc -- drives Pull through each edge of the diagram in pull.hh, event
// by event, then through random walks against sources that reuse their memory.
#include "fabric/pull/pull.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/seed.hh"

namespace obj {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint32_t kChunk = 100;

PullOptions small_options() {
  PullOptions options;
  options.object_chunk_size = kChunk;
  options.pull_timeout_ms = 1000;
  options.retry_least_ms = 10;
  options.retry_most_ms = 160;
  options.give_up_ms = 5000;
  options.no_source_grace_ms = 500;
  return options;
}

ObjectShape shape_of(uint64_t bytes) {
  return {.data_bytes = bytes, .origin = 1, .transfer_bytes = bytes, .extent_bytes = bytes + 64};
}

Source source_at(uint32_t node, uint64_t ready_bytes, uint64_t generation = 7) {
  return {.node = {node, 1},
          .slot = node,
          .generation = generation,
          .offset = 4096 * node,
          .ready_bytes = ready_bytes};
}

const Error kReadError{ErrorCode::kSystem, 5, "read"};

// A pull and the actions that it gave, with the answers of well-behaved sources.
struct Driven {
  explicit Driven(uint64_t bytes, PullOptions options_ = small_options())
      : options(options_), shape(shape_of(bytes)), pull(ObjectId{}, shape, options, 1) {}

  void give_sources(std::vector<Source> sources, std::optional<SourceNode> spilled_at = {}) {
    pull.on_sources(sources, spilled_at, now_ns, actions);
  }
  void start(std::vector<Source> sources) {
    give_sources(std::move(sources));
    ASSERT_TRUE(took<Pull::Reserve>());
    pull.on_granted(now_ns, actions);
  }
  // Whether an action of this kind was given; forgets it.
  template <class Kind>
  std::optional<Kind> took() {
    for (auto action = actions.begin(); action != actions.end(); ++action) {
      if (!std::holds_alternative<Kind>(*action)) continue;
      const Kind kind = std::get<Kind>(*action);
      actions.erase(action);
      return kind;
    }
    return std::nullopt;
  }
  Pull::Read read(uint32_t source) { return pull.take_read(source, now_ns); }
  bool can_read(uint32_t source) { return pull.next_read_bytes(source, now_ns) > 0; }
  void read_done(uint32_t part, Result<ReadProof> result = ReadProof::kNone) {
    pull.on_read_done(part, result, now_ns, actions);
  }
  void read_failed(uint32_t part, const Error& error = kReadError) {
    pull.on_read_done(part, std::unexpected(error), now_ns, actions);
  }
  SlotSighting sighting(uint32_t source) const {
    const Source& seen = pull.sources()[source].source;
    return {.id = pull.id(),
            .generation = seen.generation,
            .offset = seen.offset,
            .data_bytes = shape.data_bytes,
            .metadata_bytes = 0,
            .ready_bytes = seen.ready_bytes};
  }
  void check_done(uint32_t source, Result<SlotSighting> result) {
    pull.on_check_done(Pull::kCheckPart + source, result, now_ns, actions);
  }
  void check_done(uint32_t source) { check_done(source, sighting(source)); }
  void tick_at(uint64_t at_ns) {
    now_ns = at_ns;
    pull.tick(now_ns, actions);
  }

  PullOptions options;
  ObjectShape shape;
  Pull pull;
  Pull::Actions actions;
  uint64_t now_ns = 1'000'000'000;
};

// ---- the straight way ---------------------------------------------------------------------------

TEST(Pull, is_sealed_only_after_every_chunk_and_then_the_check) {
  Driven driven(250);
  driven.start({source_at(1, 250)});
  for (uint64_t offset : {0u, 100u, 200u}) {
    const Pull::Read read = driven.read(0);
    EXPECT_EQ(read.offset, offset);
    EXPECT_EQ(read.size_bytes, std::min<uint64_t>(100, 250 - offset));
  }
  EXPECT_FALSE(driven.can_read(0));
  driven.read_done(1);
  driven.read_done(0);
  EXPECT_FALSE(driven.took<Pull::CheckSource>());
  driven.read_done(2);
  EXPECT_TRUE(driven.took<Pull::CheckSource>());
  EXPECT_FALSE(driven.took<Pull::Seal>());
  driven.check_done(0);
  EXPECT_TRUE(driven.took<Pull::Seal>());
  EXPECT_EQ(driven.pull.state(), Pull::State::kSealed);
  EXPECT_TRUE(driven.pull.idle());
  EXPECT_TRUE(driven.actions.empty());
}

TEST(Pull, an_object_without_bytes_is_pulled_by_the_check_alone) {
  Driven driven(0);
  driven.start({source_at(1, 0)});
  EXPECT_FALSE(driven.can_read(0));
  ASSERT_TRUE(driven.took<Pull::CheckSource>());
  EXPECT_FALSE(driven.took<Pull::Seal>());
  driven.check_done(0);
  EXPECT_TRUE(driven.took<Pull::Seal>());
}

TEST(Pull, metadata_without_data_is_one_chunk) {
  Driven driven(5);
  driven.start({source_at(1, 5)});
  EXPECT_EQ(driven.read(0).size_bytes, 5u);
}

TEST(Pull, a_read_that_the_source_itself_vouches_for_needs_no_check) {
  Driven driven(250);
  driven.start({source_at(1, 250)});
  for (int i = 0; i < 3; i++) driven.read_done(driven.read(0).part, ReadProof::kSameGeneration);
  EXPECT_FALSE(driven.took<Pull::CheckSource>());
  EXPECT_TRUE(driven.took<Pull::Seal>());
}

TEST(Pull, asks_for_memory_only_when_somebody_has_the_object) {
  Driven driven(250);
  driven.give_sources({});
  EXPECT_TRUE(driven.actions.empty());
  driven.give_sources({source_at(1, 250)});
  EXPECT_TRUE(driven.took<Pull::Reserve>());
  driven.give_sources({source_at(1, 250), source_at(2, 250)});
  EXPECT_FALSE(driven.took<Pull::Reserve>());
}

TEST(Pull, asks_again_for_memory_that_was_refused_for_now) {
  Driven driven(250);
  driven.give_sources({source_at(1, 250)});
  ASSERT_TRUE(driven.took<Pull::Reserve>());
  driven.pull.on_refused({ErrorCode::kExists, 0, "create"}, driven.now_ns, driven.actions);
  EXPECT_FALSE(driven.took<Pull::Reserve>());
  driven.tick_at(driven.pull.next_deadline_ns());
  EXPECT_TRUE(driven.took<Pull::Reserve>());
}

TEST(Pull, fails_when_memory_is_refused_for_good) {
  Driven driven(250);
  driven.give_sources({source_at(1, 250)});
  ASSERT_TRUE(driven.took<Pull::Reserve>());
  driven.pull.on_refused({ErrorCode::kTooLarge, 0, "create"}, driven.now_ns, driven.actions);
  const auto told = driven.took<Pull::TellFailure>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->failure.error.code, ErrorCode::kTooLarge);
  EXPECT_EQ(driven.pull.state(), Pull::State::kFailed);
  EXPECT_FALSE(driven.took<Pull::Release>());
}

// ---- the generation check -----------------------------------------------------------------------

TEST(Pull, bytes_of_a_source_whose_generation_moved_on_are_missing_again) {
  Driven driven(400);
  driven.start({source_at(1, 400), source_at(2, 400)});
  const Pull::Read a = driven.read(0);
  const Pull::Read b = driven.read(1);
  const Pull::Read c = driven.read(0);
  const Pull::Read d = driven.read(1);
  for (const Pull::Read& read : {a, b, c, d}) driven.read_done(read.part);
  SlotSighting moved = driven.sighting(0);
  moved.generation++;
  driven.check_done(0, moved);
  EXPECT_TRUE(driven.took<Pull::ReportStale>());
  driven.check_done(1);
  EXPECT_FALSE(driven.took<Pull::Seal>());
  EXPECT_FALSE(driven.can_read(0));
  ASSERT_TRUE(driven.can_read(1));
  const std::set<uint32_t> again{driven.read(1).part, driven.read(1).part};
  EXPECT_EQ(again, (std::set<uint32_t>{a.part, c.part}));
  EXPECT_FALSE(driven.can_read(1));
  for (const uint32_t part : again) driven.read_done(part);
  driven.check_done(1);
  EXPECT_TRUE(driven.took<Pull::Seal>());
}

TEST(Pull, a_location_that_lies_about_anything_is_found_out) {
  const auto lies = [](auto change) {
    Driven driven(100);
    driven.start({source_at(1, 100)});
    driven.read_done(driven.read(0).part);
    SlotSighting seen = driven.sighting(0);
    change(seen);
    driven.check_done(0, seen);
    EXPECT_FALSE(driven.took<Pull::Seal>());
    EXPECT_FALSE(driven.can_read(0));
    driven.tick_at(driven.now_ns + 500 * kMs);
    const auto told = driven.took<Pull::TellFailure>();
    ASSERT_TRUE(told);
    EXPECT_EQ(told->failure.node, (SourceNode{1, 1}));
    EXPECT_EQ(told->failure.error.code, ErrorCode::kInvalid);
  };
  lies([](SlotSighting& seen) { seen.id.bytes[3] ^= 1; });
  lies([](SlotSighting& seen) { seen.offset += 64; });
  lies([](SlotSighting& seen) { seen.data_bytes--; });
  lies([](SlotSighting& seen) { seen.metadata_bytes++; });
  lies([](SlotSighting& seen) { seen.ready_bytes = 0; });
}

TEST(Pull, chunks_are_verified_on_the_way_and_then_shown_to_others) {
  PullOptions options = small_options();
  options.check_every_chunks = 2;
  Driven driven(1000, options);
  driven.start({source_at(1, 1000)});
  for (int i = 0; i < 4; i++) driven.read(0);
  driven.read_done(0);
  driven.read_done(1);
  EXPECT_TRUE(driven.took<Pull::CheckSource>());
  EXPECT_FALSE(driven.took<Pull::ShowReady>());
  driven.read_done(2);
  driven.check_done(0);
  const auto shown = driven.took<Pull::ShowReady>();
  ASSERT_TRUE(shown);
  // Chunk 2 came after the check was posted, so the check says nothing about it.
  EXPECT_EQ(shown->ready_bytes, 200u);
}

TEST(Pull, a_check_that_fails_is_repeated_without_reading_the_bytes_again) {
  Driven driven(100);
  driven.start({source_at(1, 100)});
  driven.read_done(driven.read(0).part);
  ASSERT_TRUE(driven.took<Pull::CheckSource>());
  driven.check_done(0, std::unexpected(kReadError));
  EXPECT_FALSE(driven.took<Pull::CheckSource>());
  driven.tick_at(driven.pull.next_deadline_ns());
  EXPECT_TRUE(driven.took<Pull::CheckSource>());
  EXPECT_FALSE(driven.can_read(0));
  driven.check_done(0);
  EXPECT_TRUE(driven.took<Pull::Seal>());
}

TEST(Pull, bytes_that_cannot_be_checked_are_had_from_another_source) {
  Driven driven(100);
  driven.start({source_at(1, 100), source_at(2, 100)});
  driven.read_done(driven.read(0).part);
  for (int attempt = 0; attempt < 3; attempt++) {
    ASSERT_TRUE(driven.took<Pull::CheckSource>());
    driven.check_done(0, std::unexpected(kReadError));
    driven.tick_at(driven.pull.next_deadline_ns());
  }
  EXPECT_TRUE(driven.can_read(1));
}

// ---- partial sources ----------------------------------------------------------------------------

TEST(Pull, reads_from_a_partial_copy_no_more_than_it_has) {
  Driven driven(400);
  driven.start({source_at(1, 250)});
  driven.read(0);
  driven.read(0);
  EXPECT_FALSE(driven.can_read(0));
  driven.give_sources({source_at(1, 300)});
  EXPECT_TRUE(driven.can_read(0));
}

TEST(Pull, asks_a_partial_copy_how_far_it_has_come_less_and_less_often) {
  Driven driven(400);
  driven.start({source_at(1, 0)});
  std::vector<uint64_t> asked;
  for (int i = 0; i < 6; i++) {
    ASSERT_TRUE(driven.took<Pull::CheckSource>());
    asked.push_back(driven.now_ns);
    driven.check_done(0);
    EXPECT_FALSE(driven.took<Pull::CheckSource>());
    driven.tick_at(driven.pull.next_deadline_ns());
  }
  EXPECT_GT(asked[5] - asked[4], 3 * (asked[1] - asked[0]));
  SlotSighting grown = driven.sighting(0);
  grown.ready_bytes = 100;
  driven.check_done(0, grown);
  EXPECT_TRUE(driven.can_read(0));
}

// ---- failures, backoff, other sources -----------------------------------------------------------

TEST(Pull, a_failed_chunk_goes_to_another_source_at_once) {
  Driven driven(200);
  driven.start({source_at(1, 200), source_at(2, 200)});
  const Pull::Read failed = driven.read(0);
  driven.read(1);
  driven.read_failed(failed.part);
  EXPECT_FALSE(driven.can_read(0));
  ASSERT_TRUE(driven.can_read(1));
  EXPECT_EQ(driven.read(1).part, failed.part);
}

TEST(Pull, retries_back_off_and_progress_resets_the_backoff) {
  Driven driven(200);
  driven.start({source_at(1, 200)});
  std::vector<uint64_t> delays;
  for (int attempt = 0; attempt < 5; attempt++) {
    ASSERT_TRUE(driven.can_read(0));
    driven.read_failed(driven.read(0).part);
    const uint64_t failed_ns = driven.now_ns;
    EXPECT_FALSE(driven.can_read(0));
    driven.tick_at(driven.pull.next_deadline_ns());
    delays.push_back(driven.now_ns - failed_ns);
  }
  for (int attempt = 0; attempt < 5; attempt++) {
    const uint64_t most = std::min<uint64_t>(10u << attempt, 160) * kMs;
    EXPECT_LE(delays[static_cast<size_t>(attempt)], most);
    EXPECT_GE(delays[static_cast<size_t>(attempt)], most / 2);
  }
  driven.read_done(driven.read(0).part);
  const uint32_t part = driven.read(0).part;
  driven.check_done(0);
  driven.read_failed(part);
  EXPECT_LE(driven.pull.next_deadline_ns() - driven.now_ns, 10 * kMs);
}

TEST(Pull, reads_that_fail_together_are_one_failure) {
  Driven driven(1000);
  driven.start({source_at(1, 1000)});
  std::vector<uint32_t> parts;
  for (int i = 0; i < 8; i++) parts.push_back(driven.read(0).part);
  for (const uint32_t part : parts) driven.read_failed(part);
  EXPECT_LE(driven.pull.next_deadline_ns() - driven.now_ns, 10 * kMs);
}

TEST(Pull, a_new_holder_causes_an_attempt_at_once) {
  Driven driven(200);
  driven.start({source_at(1, 200)});
  for (int i = 0; i < 4; i++) {
    driven.read_failed(driven.read(0).part);
    driven.tick_at(driven.pull.next_deadline_ns());
  }
  driven.read_failed(driven.read(0).part);
  EXPECT_FALSE(driven.can_read(0));
  driven.give_sources({source_at(1, 200), source_at(2, 200)});
  EXPECT_TRUE(driven.can_read(0));
  EXPECT_TRUE(driven.can_read(1));
}

TEST(Pull, the_death_of_a_source_causes_an_attempt_at_the_others_at_once) {
  Driven driven(200);
  driven.start({source_at(1, 200), source_at(2, 200)});
  driven.read_failed(driven.read(1).part);
  const Pull::Read posted = driven.read(0);
  EXPECT_FALSE(driven.can_read(1));
  driven.pull.on_node_down({1, 1}, driven.now_ns, driven.actions);
  EXPECT_FALSE(driven.can_read(0));
  ASSERT_TRUE(driven.can_read(1));
  // The dead source's read still owns its chunk.
  EXPECT_NE(driven.read(1).part, posted.part);
  EXPECT_FALSE(driven.can_read(1));
  driven.read_failed(posted.part, {ErrorCode::kDisconnected, 0, "read"});
  EXPECT_TRUE(driven.can_read(1));
}

TEST(Pull, bytes_of_a_dead_source_that_were_not_checked_are_read_again) {
  Driven driven(200);
  driven.start({source_at(1, 200), source_at(2, 200)});
  driven.read(0);
  const Pull::Read late = driven.read(0);
  driven.read_done(0);
  driven.pull.on_node_down({1, 1}, driven.now_ns, driven.actions);
  EXPECT_EQ(driven.read(1).part, 0u);
  // It did complete, but its source cannot be asked any more.
  driven.read_done(late.part);
  EXPECT_EQ(driven.read(1).part, late.part);
}

TEST(Pull, identical_updates_change_nothing) {
  Driven driven(200);
  driven.start({source_at(1, 200)});
  driven.read_failed(driven.read(0).part);
  for (int i = 0; i < 100; i++) driven.give_sources({source_at(1, 200)});
  EXPECT_FALSE(driven.can_read(0));
  EXPECT_TRUE(driven.actions.empty());
}

TEST(Pull, a_stale_source_is_not_used_again_until_its_location_changes) {
  Driven driven(100);
  driven.start({source_at(1, 100)});
  driven.read_failed(driven.read(0).part, {ErrorCode::kStale, 0, "read"});
  EXPECT_TRUE(driven.took<Pull::ReportStale>());
  driven.give_sources({source_at(1, 100)});
  driven.tick_at(driven.now_ns + 100 * kMs);
  EXPECT_FALSE(driven.can_read(0));
  driven.give_sources({source_at(1, 100, 8)});
  EXPECT_TRUE(driven.can_read(0) || driven.can_read(1));
}

TEST(Pull, a_stalled_source_is_hurried_and_its_chunk_moves_only_after_the_completion) {
  Driven driven(200);
  driven.start({source_at(1, 200)});
  const Pull::Read a = driven.read(0);
  const Pull::Read b = driven.read(0);
  driven.give_sources({source_at(1, 200), source_at(2, 200)});
  driven.tick_at(driven.now_ns + 1000 * kMs);
  const auto first = driven.took<Pull::HurryPart>();
  const auto second = driven.took<Pull::HurryPart>();
  ASSERT_TRUE(first && second);
  EXPECT_EQ((std::set<uint32_t>{first->part, second->part}), (std::set<uint32_t>{a.part, b.part}));
  EXPECT_EQ(first->node, (SourceNode{1, 1}));
  driven.tick_at(driven.now_ns + 1000 * kMs);
  EXPECT_FALSE(driven.took<Pull::HurryPart>());
  EXPECT_FALSE(driven.can_read(1));
  driven.read_failed(a.part, {ErrorCode::kCancelled, 0, "read"});
  ASSERT_TRUE(driven.can_read(1));
  EXPECT_EQ(driven.read(1).part, a.part);
}

TEST(Pull, a_source_that_makes_progress_does_not_stall) {
  Driven driven(1000);
  driven.start({source_at(1, 1000)});
  for (int i = 0; i < 10; i++) driven.read(0);
  for (uint32_t chunk = 0; chunk < 9; chunk++) {
    driven.tick_at(driven.now_ns + 900 * kMs);
    driven.read_done(chunk);
    EXPECT_FALSE(driven.took<Pull::HurryPart>());
  }
}

// ---- giving up ----------------------------------------------------------------------------------

TEST(Pull, fails_naming_the_node_soon_after_its_only_source_died) {
  Driven driven(200);
  driven.start({source_at(9, 200)});
  const Pull::Read read = driven.read(0);
  driven.pull.on_node_down({9, 1}, driven.now_ns, driven.actions);
  driven.read_failed(read.part, {ErrorCode::kDisconnected, 0, "read"});
  EXPECT_FALSE(driven.took<Pull::TellFailure>());
  EXPECT_LE(driven.pull.next_deadline_ns(), driven.now_ns + 500 * kMs);
  driven.tick_at(driven.now_ns + 500 * kMs);
  const auto told = driven.took<Pull::TellFailure>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->failure.node, (SourceNode{9, 1}));
  EXPECT_EQ(told->failure.error.code, ErrorCode::kDisconnected);
  EXPECT_TRUE(driven.took<Pull::Release>());
  EXPECT_TRUE(driven.pull.idle());
}

TEST(Pull, goes_on_if_another_holder_appears_in_time) {
  Driven driven(100);
  driven.start({source_at(1, 100)});
  driven.pull.on_node_down({1, 1}, driven.now_ns, driven.actions);
  driven.now_ns += 400 * kMs;
  driven.give_sources({source_at(2, 100)});
  driven.tick_at(driven.now_ns + 400 * kMs);
  EXPECT_FALSE(driven.took<Pull::TellFailure>());
  const uint32_t source = driven.can_read(0) ? 0 : 1;
  driven.read_done(driven.read(source).part);
  driven.check_done(source);
  EXPECT_TRUE(driven.took<Pull::Seal>());
}

TEST(Pull, fails_when_its_only_source_cannot_be_reached) {
  Driven driven(100);
  driven.start({source_at(3, 100)});
  const uint64_t start_ns = driven.now_ns;
  while (!driven.pull.ended() && driven.now_ns < start_ns + 2000 * kMs) {
    if (driven.can_read(0)) {
      driven.read_failed(driven.read(0).part, {ErrorCode::kDisconnected, 0, "read"});
    }
    driven.tick_at(driven.pull.next_deadline_ns());
  }
  EXPECT_EQ(driven.pull.state(), Pull::State::kFailed);
  EXPECT_LE(driven.now_ns - start_ns, 600 * kMs);
  EXPECT_EQ(driven.took<Pull::TellFailure>()->failure.node, (SourceNode{3, 1}));
}

TEST(Pull, fails_when_sources_answer_with_errors_for_too_long) {
  Driven driven(100);
  driven.start({source_at(3, 100)});
  const uint64_t start_ns = driven.now_ns;
  while (!driven.pull.ended() && driven.now_ns < start_ns + 10'000 * kMs) {
    if (driven.can_read(0)) driven.read_failed(driven.read(0).part);
    driven.tick_at(driven.pull.next_deadline_ns());
  }
  EXPECT_EQ(driven.pull.state(), Pull::State::kFailed);
  EXPECT_GE(driven.now_ns - start_ns, 5000 * kMs);
  EXPECT_EQ(driven.took<Pull::TellFailure>()->failure.error.code, ErrorCode::kSystem);
}

TEST(Pull, waits_for_memory_and_for_its_turn_without_giving_up) {
  Driven driven(200);
  driven.give_sources({source_at(1, 200)});
  driven.tick_at(driven.now_ns + 100'000 * kMs);
  EXPECT_FALSE(driven.took<Pull::TellFailure>());
  driven.pull.on_granted(driven.now_ns, driven.actions);
  driven.tick_at(driven.now_ns + 100'000 * kMs);
  EXPECT_FALSE(driven.took<Pull::TellFailure>());
  EXPECT_TRUE(driven.can_read(0));
}

// ---- ending early -------------------------------------------------------------------------------

TEST(Pull, a_cancel_before_memory_was_asked_for_ends_it_at_once) {
  Driven driven(100);
  driven.pull.cancel(driven.actions);
  EXPECT_EQ(driven.pull.state(), Pull::State::kCancelled);
  EXPECT_TRUE(driven.actions.empty());
}

TEST(Pull, a_cancel_while_waiting_for_memory_withdraws_the_request) {
  Driven driven(100);
  driven.give_sources({source_at(1, 100)});
  driven.pull.cancel(driven.actions);
  EXPECT_TRUE(driven.took<Pull::Release>());
  EXPECT_EQ(driven.pull.state(), Pull::State::kCancelled);
}

TEST(Pull, a_cancel_with_reads_in_flight_keeps_the_memory_until_the_last_completion) {
  Driven driven(300);
  driven.start({source_at(1, 300)});
  for (int i = 0; i < 2; i++) driven.read(0);
  driven.pull.cancel(driven.actions);
  driven.pull.cancel(driven.actions);
  EXPECT_EQ(driven.pull.state(), Pull::State::kDraining);
  EXPECT_FALSE(driven.can_read(0));
  driven.read_done(0);
  driven.tick_at(driven.now_ns + 900 * kMs);
  EXPECT_FALSE(driven.took<Pull::Release>());
  driven.read_failed(1);
  EXPECT_TRUE(driven.took<Pull::Release>());
  EXPECT_FALSE(driven.took<Pull::Release>());
  EXPECT_EQ(driven.pull.state(), Pull::State::kCancelled);
}

TEST(Pull, a_failure_is_told_at_once_though_the_memory_is_kept_while_reads_drain) {
  Driven driven(300);
  driven.start({source_at(1, 300)});
  driven.read(0);
  driven.pull.on_node_down({1, 1}, driven.now_ns, driven.actions);
  driven.tick_at(driven.now_ns + 500 * kMs);
  EXPECT_TRUE(driven.took<Pull::TellFailure>());
  EXPECT_FALSE(driven.took<Pull::Release>());
  driven.tick_at(driven.now_ns + 500 * kMs);
  EXPECT_TRUE(driven.took<Pull::HurryPart>());
  driven.read_failed(0);
  EXPECT_TRUE(driven.took<Pull::Release>());
  EXPECT_FALSE(driven.took<Pull::TellFailure>());
  EXPECT_EQ(driven.pull.state(), Pull::State::kFailed);
}

// ---- restore ------------------------------------------------------------------------------------

TEST(Pull, asks_the_node_that_spilled_it_once_per_backoff_interval_and_no_more_once_there) {
  Driven driven(100);
  driven.give_sources({}, SourceNode{4, 1});
  EXPECT_TRUE(driven.took<Pull::AskRestore>());
  for (int i = 0; i < 50; i++) driven.give_sources({}, SourceNode{4, 1});
  EXPECT_FALSE(driven.took<Pull::AskRestore>());
  driven.tick_at(driven.pull.next_deadline_ns());
  EXPECT_TRUE(driven.took<Pull::AskRestore>());
  driven.give_sources({source_at(4, 100)}, SourceNode{4, 1});
  driven.tick_at(driven.now_ns + 200 * kMs);
  EXPECT_FALSE(driven.took<Pull::AskRestore>());
}

TEST(Pull, a_holder_in_memory_is_preferred_over_asking_anyone_to_restore) {
  Driven driven(100);
  driven.give_sources({source_at(1, 100)}, SourceNode{4, 1});
  EXPECT_FALSE(driven.took<Pull::AskRestore>());
  EXPECT_TRUE(driven.took<Pull::Reserve>());
}

// ---- misuse -------------------------------------------------------------------------------------

TEST(PullDeathTest, refuses_completions_of_what_was_not_posted) {
  Driven driven(300);
  driven.start({source_at(1, 300)});
  EXPECT_DEATH(driven.read_done(0), "CHECK failed");
  EXPECT_DEATH(driven.read_done(77), "CHECK failed");
  EXPECT_DEATH(driven.check_done(0), "CHECK failed");
  driven.read(0);
  driven.read_done(0);
  EXPECT_DEATH(driven.read_done(0), "CHECK failed");
}

TEST(PullDeathTest, refuses_memory_that_it_did_not_ask_for) {
  Driven driven(300);
  EXPECT_DEATH(driven.pull.on_granted(0, driven.actions), "CHECK failed");
}

// ---- random walks -------------------------------------------------------------------------------

// Sources reuse their memory, fail, die and come; reads complete in any order. Whatever happens: a
// sealed object has only chunks that were read while their source still had the object, memory is
// released only when no read is posted, and the pull ends.
class Walk {
 public:
  explicit Walk(uint64_t seed) : random_(seed), driven_(random_() % 1500) {
    for (uint32_t node = 0; node < 3; node++) add_source(node);
    driven_.give_sources(listed_);
  }

  void run() {
    for (int step = 0; step < 5000 && !driven_.pull.idle(); step++) {
      carry_out();
      if (driven_.pull.idle()) break;
      act();
      ASSERT_NO_FATAL_FAILURE(check());
    }
    carry_out();
    EXPECT_TRUE(driven_.pull.idle()) << "it does not end";
    EXPECT_EQ(sealed_ + released_, granted_ ? 1 : released_);
  }

 private:
  struct Posted {
    uint32_t source;
    bool good;  // all bytes were taken before the source's memory was reused
  };

  void add_source(uint32_t node) {
    listed_.push_back(source_at(node, driven_.shape.transfer_bytes, 1 + random_() % 1000));
  }
  bool source_is_good(uint32_t index) const { return bad_.count(index) == 0; }

  void act() {
    const uint32_t sources = static_cast<uint32_t>(driven_.pull.sources().size());
    const uint32_t source = static_cast<uint32_t>(random_() % sources);
    switch (random_() % 12) {
      case 0: driven_.tick_at(driven_.now_ns + random_() % (50 * kMs)); break;
      case 1:
        if (random_() % 10 == 0) bad_.insert(source);
        for (auto& [part, posted] : posted_) posted.good &= source_is_good(posted.source);
        break;
      case 2:
        if (random_() % 30 == 0) driven_.pull.cancel(driven_.actions);
        break;
      case 3:
        if (random_() % 20 == 0 && listed_.size() < 12) {
          add_source(static_cast<uint32_t>(listed_.size()));
          driven_.give_sources(listed_);
        }
        break;
      case 4:
        if (random_() % 40 != 0) break;
        driven_.pull.on_node_down(driven_.pull.sources()[source].source.node, driven_.now_ns,
                                  driven_.actions);
        break;
      case 5:
      case 6:
      case 7:
        if (!driven_.can_read(source)) break;
        posted_[driven_.read(source).part] = {source, source_is_good(source)};
        break;
      default: complete_one();
    }
  }

  void complete_one() {
    if (!posted_.empty() && random_() % 2 == 0) {
      const auto done =
          std::next(posted_.begin(), static_cast<ptrdiff_t>(random_() % posted_.size()));
      const auto [part, posted] = *done;
      posted_.erase(done);
      if (random_() % 8 == 0) {
        driven_.read_failed(part);
      } else {
        contents_good_[part] = posted.good;
        driven_.read_done(part);
      }
    } else if (!checks_.empty()) {
      const uint32_t source = *checks_.begin();
      checks_.erase(source);
      if (random_() % 8 == 0) return driven_.check_done(source, std::unexpected(kReadError));
      SlotSighting seen = driven_.sighting(source);
      if (!source_is_good(source)) seen.generation += 5000;
      driven_.check_done(source, seen);
    } else {
      driven_.tick_at(std::min(driven_.pull.next_deadline_ns(), driven_.now_ns + 5000 * kMs));
    }
  }

  void carry_out() {
    for (size_t i = 0; i < driven_.actions.size(); i++) {
      const Pull::Action action = driven_.actions[i];
      if (std::holds_alternative<Pull::Reserve>(action)) {
        granted_ = true;
        driven_.pull.on_granted(driven_.now_ns, driven_.actions);
      } else if (const auto* check = std::get_if<Pull::CheckSource>(&action)) {
        EXPECT_TRUE(checks_.insert(check->source).second);
      } else if (std::holds_alternative<Pull::Release>(action)) {
        released_++;
        EXPECT_TRUE(posted_.empty());
      } else if (std::holds_alternative<Pull::Seal>(action)) {
        sealed_++;
        EXPECT_TRUE(posted_.empty());
        for (const auto& [part, good] : contents_good_) EXPECT_TRUE(good) << "chunk " << part;
      }
    }
    driven_.actions.clear();
  }

  void check() const {
    ASSERT_LE(sealed_ + released_, 1);
    ASSERT_TRUE(posted_.empty() || (sealed_ == 0 && released_ == 0));
  }

  std::mt19937_64 random_;
  Driven driven_;
  std::vector<Source> listed_;
  std::set<uint32_t> bad_;                  // sources whose memory was reused
  std::map<uint32_t, Posted> posted_;       // by part
  std::set<uint32_t> checks_;               // posted, by source
  std::map<uint32_t, bool> contents_good_;  // by chunk: what its last read brought
  bool granted_ = false;
  int sealed_ = 0;
  int released_ = 0;
};

TEST(Pull, random_walks_end_with_right_bytes_or_none) {
  const uint64_t seed = test_seed();
  for (uint64_t walk = 0; walk < 3000; walk++) {
    SCOPED_TRACE("walk " + std::to_string(walk));
    Walk(seed + walk).run();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace obj
