// SPDX-License-Identifier: Apache-2.0
// tests/fault/hostile_client_test.cc -- requests that nobody honest would post.
//
// Method: a session by hand posts them to a real objd. What the protocol calls nonsense ends the
// session; what merely names nothing gets an answer (docs/session_protocol.md).
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/fault/honest_witness.hh"

namespace obj {
namespace {

using session::Outcome;
using session::Request;
using enum session::RequestOp;

using HostileClient = HonestWitness;

Request with_owner(session::RequestOp op, const ObjectId& id, std::string_view bytes) {
  Request request = request_of(op, 0, id);
  bytes.copy(request.owner, sizeof request.owner);
  return request;
}

Request with_flags(Request request, uint16_t flags) {
  request.flags = flags;
  return request;
}

Request cancel_request(uint32_t target_tag) {
  Request request = request_of(kCancel, 0);
  request.cancel.target_tag = target_tag;
  return request;
}

TEST_F(HostileClient, is_ended_for_each_kind_of_nonsense) {
  const std::string no_end(32, 'o');
  const std::pair<const char*, Request> cases[] = {
      {"op 0", request_of(session::RequestOp{0}, 0)},
      {"op 16", request_of(session::RequestOp{16}, 0)},
      {"op 65535", request_of(session::RequestOp{65535}, 0)},
      {"flags", with_flags(request_of(kStat, 0, id_), 1)},
      {"tag", request_of(kStat, 16, id_)},
      {"tag of all ones", request_of(kStat, UINT32_MAX, id_)},
      {"staging block", put_request(0, id_, 8, 0, 16)},
      {"staging block of all ones", put_request(0, id_, 8, 0, UINT32_MAX)},
      {"inline data", put_request(0, id_, 4097)},
      {"inline data of 2^64-1", put_request(0, id_, UINT64_MAX)},
      {"inline data of 2^64-7 with metadata", put_request(0, id_, UINT64_MAX - 7, 100)},
      {"inline metadata", put_request(0, id_, 4090, 8)},
      {"inline metadata of 2^32-1", put_request(0, id_, 1, UINT32_MAX)},
      {"pin cell", get_request(0, id_, 64)},
      {"pin cell of all ones", get_request(0, id_, UINT32_MAX)},
      {"owner without an end", with_owner(kPin, id_, no_end)},
      {"no owner", with_owner(kPin, id_, "")},
      {"no owner to unpin", with_owner(kUnpin, id_, "")},
      {"cancel of a tag that cannot be", cancel_request(16)},
  };
  for (const auto& [what, request] : cases) {
    SCOPED_TRACE(what);
    const uint64_t before = breaches();
    RawClient hostile(objd_.socket());
    EXPECT_EQ(hostile.ask(request), std::nullopt);
    expect_ended_for_breach(hostile, before);
  }
}

TEST_F(HostileClient, is_ended_when_it_uses_a_tag_twice) {
  RawClient hostile(objd_.socket());
  hostile.post(get_request(3, id_, 0, -1));
  hostile.post(get_request(3, id_, 1, -1));
  expect_ended_for_breach(hostile, 0);
}

// Sizes whose sums wrap in 64 bits, or are just too much, are answered: they are honest mistakes.
TEST_F(HostileClient, gets_an_answer_to_lengths_that_overflow) {
  RawClient hostile(objd_.socket());
  constexpr uint64_t kArena = uint64_t{16} << 20;
  const std::pair<uint64_t, uint32_t> sizes[] = {
      {UINT64_MAX, 0},
      {UINT64_MAX, UINT32_MAX},
      {UINT64_MAX - 6, 0},
      {UINT64_MAX - 7, 7},
      {UINT64_MAX - 63, 64},
      {UINT64_MAX - UINT32_MAX, UINT32_MAX},
      {UINT64_MAX - 4095, 100},
      {uint64_t{1} << 63, 0},
      {uint64_t{1} << 63, UINT32_MAX},
      {kArena, 1},
      {kArena - 1, 8},
      {0, UINT32_MAX},
      {kArena + 1, 0},
      {uint64_t{1} << 48, 1 << 30},
  };
  for (const auto& [data_bytes, metadata_bytes] : sizes) {
    EXPECT_EQ(hostile.ask(create_request(0, id_, data_bytes, metadata_bytes, -1)),
              Outcome::kTooLarge)
        << data_bytes << " + " << metadata_bytes;
  }
  EXPECT_EQ(breaches(), 0u);
}

TEST_F(HostileClient, gets_an_answer_about_what_does_not_exist) {
  RawClient hostile(objd_.socket());
  EXPECT_EQ(hostile.ask(get_request(0, id_, 0)), Outcome::kNotFound);
  EXPECT_EQ(hostile.ask(request_of(kWait, 0, id_)), Outcome::kNotFound);
  EXPECT_EQ(hostile.ask(request_of(kStat, 0, id_)), Outcome::kNotFound);
  EXPECT_EQ(hostile.ask(request_of(kDelete, 0, id_)), Outcome::kOk);
  EXPECT_EQ(hostile.ask(with_owner(kPin, id_, "owner")), Outcome::kNotFound);
  EXPECT_EQ(hostile.ask(with_owner(kUnpin, id_, "owner")), Outcome::kNotFound);
  for (const auto op : {kSeal, kAbort}) {
    for (const uint32_t slot : {0u, 1u, 4095u, 4096u, 1u << 31, UINT32_MAX}) {
      for (const uint64_t generation : {uint64_t{0}, uint64_t{1}, kGenerationMax, UINT64_MAX}) {
        EXPECT_EQ(hostile.ask(object_request(op, 0, slot, generation)), Outcome::kNotFound)
            << slot << " " << generation;
      }
    }
  }
  EXPECT_EQ(breaches(), 0u);
}

TEST_F(HostileClient, cannot_seal_or_abort_the_object_of_another) {
  RawClient creator(objd_.socket());
  creator.post(create_request(0, id_, 1000));
  const auto created = creator.next_completion();
  ASSERT_TRUE(created && created->outcome == Outcome::kOk);
  RawClient hostile(objd_.socket());
  for (const auto op : {kSeal, kAbort}) {
    EXPECT_EQ(hostile.ask(object_request(op, 0, created->slot, created->generation)),
              Outcome::kNotOwner);
    // Other generations of the same slot name nothing.
    for (const int64_t step : {int64_t{-1}, int64_t{1}, int64_t{1} << 32, int64_t{1} << 48}) {
      const uint64_t wrong = created->generation + static_cast<uint64_t>(step);
      EXPECT_EQ(hostile.ask(object_request(op, 0, created->slot, wrong)), Outcome::kNotFound)
          << step;
    }
  }
  EXPECT_EQ(creator.ask(object_request(kSeal, 1, created->slot, created->generation)),
            Outcome::kOk);
  EXPECT_EQ(hostile.ask(object_request(kAbort, 0, created->slot, created->generation)),
            Outcome::kNotFound);
  EXPECT_EQ(creator.ask(object_request(kSeal, 1, created->slot, created->generation)),
            Outcome::kNotFound);
  EXPECT_EQ(sealed_objects(), 1u);
}

TEST_F(HostileClient, that_cancels_what_it_likes_is_answered_once_for_each_operation) {
  RawClient hostile(objd_.socket());
  for (uint32_t tag = 0; tag < 8; tag++) hostile.post(get_request(tag, id_, tag, -1));
  const std::atomic<uint32_t>& taken = hostile.header().requests.head;
  for (uint32_t round = 1; round <= 3; round++) {
    for (uint32_t tag = 0; tag < 16; tag++) hostile.post(cancel_request(tag));
    ASSERT_TRUE(wait_until([&] { return taken.load() == 8 + round * 16; }));
  }
  for (uint32_t tag = 0; tag < 8; tag++) {
    const auto completion = hostile.next_completion();
    ASSERT_TRUE(completion.has_value());
    EXPECT_EQ(completion->outcome, Outcome::kCancelled);
  }
  EXPECT_EQ(hostile.ask(request_of(kStat, 0, id_)), Outcome::kNotFound);
  EXPECT_EQ(hostile.header().completions.tail.load(), 9u);
}

// A client knows the seed of the hash, so it can fill one chain of the index.
TEST_F(HostileClient, whose_ids_share_one_chain_of_the_index_harms_only_their_like) {
  RawClient hostile(objd_.socket());
  const TableView table = hostile.table();
  const uint64_t mask = table.header().bucket_count - 1;
  std::vector<Outcome> outcomes;
  ObjectId id{};
  for (uint64_t n = 0; outcomes.size() < 200; n++) {
    std::memcpy(id.bytes.data(), &n, sizeof n);
    if ((hash(id, table.header().hash_seed) & mask) != 7) continue;
    const auto outcome = hostile.ask(put_request(0, id, 100));
    ASSERT_TRUE(outcome.has_value());
    outcomes.push_back(*outcome);
  }
  EXPECT_EQ(outcomes.front(), Outcome::kOk);
  for (const Outcome outcome : outcomes) {
    EXPECT_TRUE(outcome == Outcome::kOk || outcome == Outcome::kLimit);
  }
  // Nobody waits behind a create that cannot be served.
  hostile.post(create_request(1, id, 100, 0, -1));
  expect_service();
  EXPECT_EQ(status_of(honest_)["waiting"]["creates"], 0);
}

TEST_F(HostileClient, that_waits_for_one_id_65536_times_delays_nobody) {
  RawClient hostile(objd_.socket(), {.requests_max = session::kRequestsMax});
  for (uint32_t tag = 0; tag < session::kRequestsMax; tag += 1024) {
    std::vector<Request> batch;
    for (uint32_t n = 0; n < 1024; n++) batch.push_back(get_request(tag + n, id_, n % 64, -1));
    hostile.post(batch);
  }
  EXPECT_TRUE(wait_until([&] { return status_of(honest_)["waiting"]["gets"] == 65536; }));
  const uint64_t start_ns = monotonic_ns();
  expect_service();
  EXPECT_LT(ms_since(start_ns), 500 * kSlowness);
  obj_id id;
  std::memcpy(id.bytes, id_.bytes.data(), sizeof id.bytes);
  ASSERT_THAT(put(honest_, id, "at last"), Gives(OBJ_OK));
  EXPECT_TRUE(wait_until([&] { return hostile.header().completions.tail.load() == 65536; }));
  EXPECT_EQ(breaches(), 0u);
}

}  // namespace
}  // namespace obj
