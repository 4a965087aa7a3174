// SPDX-License-Identifier: Apache-2.0
// tests/fault/hostile_segment_test.cc -- nonsense in the shared segment: rings, pins, touches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tests/fault/honest_witness.hh"
#include "tests/loopback/support/child.hh"
#include "tests/seed.hh"

namespace obj {
namespace {

using session::Outcome;
using session::Request;
using enum session::RequestOp;

constexpr size_t kMiB = size_t{1} << 20;

class HostileSegment : public HonestWitness {
 protected:
  // More than memory holds, so that each round evicts, scans pins and drains touches.
  void churn() {
    for (int n = 0; n < 48; n++) {
      ASSERT_THAT(
          put(honest_, id_of("churn " + std::to_string(n)), std::string(kMiB, 'c'), {}, 10'000),
          Gives(OBJ_OK));
    }
    for (int n = 0; n < 48; n++) {
      const obj_id id = id_of("churn " + std::to_string(n));
      ASSERT_THAT(obj_delete(honest_.get(), &id), Gives(OBJ_OK));
    }
  }
};

TEST_F(HostileSegment, with_a_request_position_that_cannot_be_ends_the_session) {
  for (const uint32_t step : {33u, 1000u, 1u << 31, UINT32_MAX, UINT32_MAX - 31}) {
    for (const uint32_t honest_requests : {0u, 5u, 100u}) {
      SCOPED_TRACE(std::to_string(step) + " after " + std::to_string(honest_requests));
      const uint64_t before = breaches();
      RawClient hostile(objd_.socket());
      for (uint32_t n = 0; n < honest_requests; n++) {
        ASSERT_EQ(hostile.ask(request_of(kStat, n % 16, id_)), Outcome::kNotFound);
      }
      hostile.header().requests.tail.store(honest_requests + step);
      hostile.ring();
      expect_ended_for_breach(hostile, before);
    }
  }
}

TEST_F(HostileSegment, with_a_completion_position_that_cannot_be_ends_the_session) {
  // 100 completions are written: the positions ahead of that and more than a ring behind it are
  // wrong.
  for (const uint32_t position : {101u, 100u + (1u << 31), UINT32_MAX, 83u, 0u}) {
    SCOPED_TRACE(position);
    const uint64_t before = breaches();
    RawClient hostile(objd_.socket());
    for (uint32_t n = 0; n < 100; n++) {
      ASSERT_EQ(hostile.ask(request_of(kStat, n % 16, id_)), Outcome::kNotFound);
    }
    hostile.header().completions.head.store(position);
    hostile.post(request_of(kStat, 0, id_));
    expect_ended_for_breach(hostile, before);
  }
}

TEST_F(HostileSegment, whose_completion_position_moves_back_during_a_wait_ends_the_session) {
  RawClient hostile(objd_.socket());
  for (uint32_t n = 0; n < 100; n++) {
    ASSERT_EQ(hostile.ask(request_of(kStat, n % 16, id_)), Outcome::kNotFound);
  }
  hostile.post(get_request(0, id_, 0, -1));
  ASSERT_TRUE(wait_until([&] { return status_of(honest_)["waiting"]["gets"] == 1; }));
  hostile.header().completions.head.store(84);  // now the ring is full
  obj_id id;
  std::memcpy(id.bytes, id_.bytes.data(), sizeof id.bytes);
  ASSERT_THAT(put(honest_, id, "the wait ends"), Gives(OBJ_OK));
  expect_ended_for_breach(hostile, 0);
}

TEST_F(HostileSegment, of_a_client_that_stops_reading_stops_only_itself) {
  RawClient hostile(objd_.socket());
  std::vector<Request> sixteen;
  for (uint32_t tag = 0; tag < 16; tag++) sixteen.push_back(request_of(kStat, tag, id_));
  hostile.post(sixteen);
  EXPECT_TRUE(wait_until([&] { return hostile.header().completions.tail.load() == 16; }));
  churn();
  EXPECT_FALSE(hostile.is_ended());
  EXPECT_EQ(breaches(), 0u);
  // Going on without reading is against the rules.
  hostile.post(request_of(kStat, 0, id_));
  expect_ended_for_breach(hostile, 0);
}

TEST_F(HostileSegment, with_arbitrary_pins_holds_nothing_that_is_not_named_exactly) {
  RawClient hostile(objd_.socket());
  std::mt19937_64 random(test_seed());
  hostile.header().pin_cells_used.store(UINT32_MAX);
  for (int round = 0; round < 5; round++) {
    for (PinCell& pin : hostile.pins()) pin.store(random());
    churn();
    // Near misses: slots that exist, generations that do not.
    for (PinCell& pin : hostile.pins()) {
      pin.store(make_pin(static_cast<uint32_t>(random() % 64), random() % 4 + 1'000'000));
    }
    churn();
  }
  for (PinCell& pin : hostile.pins()) pin.store(random() | 0xffffffff);
  expect_service();
  EXPECT_FALSE(hostile.is_ended());
}

TEST_F(HostileSegment, that_pins_everything_is_named_and_holds_it_only_as_long_as_it_lives) {
  {
    RawClient hostile(objd_.socket());
    for (int n = 0; n < 16; n++) {
      ASSERT_THAT(put(honest_, id_of("mine " + std::to_string(n)), std::string(kMiB, 'm')),
                  Gives(OBJ_OK));
    }
    const TableView table = hostile.table();
    for (uint32_t slot = 0; slot < 64; slot++) {
      const ControlWord control = table.slot(slot).control.load();
      hostile.pins()[slot].store(make_pin(slot, control_generation(control)));
    }
    hostile.header().pin_cells_used.store(UINT32_MAX);
    EXPECT_EQ(put(honest_, id_of("more"), "more", {}, 50), OBJ_ENOMEM);
    EXPECT_THAT(obj_last_error(), testing::HasSubstr("pid " + std::to_string(::getpid())));
    EXPECT_THAT(obj_last_error(), testing::HasSubstr("raw client"));
  }
  EXPECT_THAT(put(honest_, id_of("more"), "more", {}, 10'000), Gives(OBJ_OK));
  churn();
}

TEST_F(HostileSegment, with_arbitrary_touches_changes_only_who_is_evicted) {
  RawClient hostile(objd_.socket());
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 10; round++) {
    for (session::TouchLane& lane : hostile.touch_lanes()) {
      for (auto& entry : lane.slot_plus_1) entry.store(static_cast<uint32_t>(random()));
      lane.written.store(static_cast<uint32_t>(random()));
    }
    churn();
  }
  EXPECT_FALSE(hostile.is_ended());
}

// A request that decodes, with fields near the edges of what is allowed.
Request plausible_request(std::mt19937_64& random) {
  const auto pick = [&](std::initializer_list<uint64_t> values) {
    return *(values.begin() + random() % values.size());
  };
  Request request{};
  for (auto& byte : request.bytes) byte = static_cast<uint8_t>(random() % 4 == 0 ? random() : 0);
  request.op = static_cast<session::RequestOp>(1 + random() % 11);
  request.tag = static_cast<uint32_t>(random() % 16);
  request.id[0] = static_cast<uint8_t>(random() % 4);
  switch (request.op) {
    case kCreate:
    case kPutInline:
      request.create = {pick({0, 1, 100, 4096, kMiB, 15 * kMiB, 16 * kMiB, UINT64_MAX}),
                        static_cast<uint32_t>(pick({0, 1, 8, 4096, UINT32_MAX})),
                        static_cast<int32_t>(pick({0, 1, UINT32_MAX})),
                        static_cast<uint32_t>(random() % 16)};
      break;
    case kSeal:
    case kAbort: request.object = {random() % 64, static_cast<uint32_t>(random() % 64)}; break;
    case kGet:
    case kWait:
      request.get = {static_cast<int32_t>(pick({0, 1, UINT32_MAX})),
                     static_cast<uint32_t>(random() % 64)};
      break;
    case kCancel: request.cancel.target_tag = static_cast<uint32_t>(random() % 16); break;
    default: break;
  }
  return request;
}

// Obeys the rings, but no other rule, until it is ended or has had enough.
void babble(RawClient& hostile, std::mt19937_64& random) {
  for (int n = 0; n < 200 && !hostile.is_ended(); n++) {
    hostile.post(plausible_request(random));
    const uint32_t written = hostile.header().completions.tail.load();
    if (random() % 8 != 0) hostile.header().completions.head.store(written);
  }
}

TEST_F(HostileSegment, full_of_plausible_requests_does_no_harm) {
  std::mt19937_64 random(test_seed());
  const uint64_t rounds = 300 / kSlowness;
  for (uint64_t round = 0; round < rounds; round++) {
    RawClient hostile(objd_.socket(), {.read_only = random() % 8 == 0});
    babble(hostile, random);
    if (round % 50 == 0) expect_service();
  }
}

// Writes random words all over the segment until it is killed. It is a process of its own, so that
// the segment is all that it shares with the test.
int scribble(std::span<std::byte> segment, uint64_t seed) {
  std::mt19937_64 random(seed);
  while (true) {
    const size_t offset = random() % (segment.size() / 8) * 8;
    // Mostly in the header's page and in the rings, where it matters most.
    const size_t place = random() % 2 == 0 ? offset % 16384 : offset;
    const uint64_t word = random() % 2 == 0 ? random() : random() % 64;
    std::atomic_ref(*reinterpret_cast<uint64_t*>(segment.data() + place)).store(word);
  }
}

TEST_F(HostileSegment, that_changes_while_the_daemon_reads_it_does_no_harm) {
  std::mt19937_64 random(test_seed());
  const uint64_t rounds = 100 / kSlowness;
  for (uint64_t round = 0; round < rounds; round++) {
    RawClient hostile(objd_.socket());
    {
      const uint64_t seed = random();
      const Child scribbler([&](TalkLine&) { return scribble(hostile.segment(), seed); });
      babble(hostile, random);
    }
    if (round % 20 == 0) expect_service();
  }
}

// Changes tags and lengths of whatever requests are in the ring, until it is killed.
int change_requests(std::span<Request> requests, uint64_t seed) {
  std::mt19937_64 random(seed);
  while (true) {
    Request& request = requests[random() % requests.size()];
    std::atomic_ref(request.tag).store(static_cast<uint32_t>(random() % 20));
    std::atomic_ref(request.create.data_bytes).store(random() % 5000);
    std::atomic_ref(request.create.metadata_bytes).store(static_cast<uint32_t>(random() % 5000));
  }
}

// The rings are obeyed; only the words of the requests change between the daemon's looks. Sessions
// live longer this way than under plain scribbling.
TEST_F(HostileSegment, whose_requests_change_under_way_does_no_harm) {
  std::mt19937_64 random(test_seed());
  const uint64_t rounds = 100 / kSlowness;
  for (uint64_t round = 0; round < rounds; round++) {
    RawClient hostile(objd_.socket());
    const uint64_t seed = random();
    const Child changer([&](TalkLine&) { return change_requests(hostile.requests(), seed); });
    babble(hostile, random);
  }
}

}  // namespace
}  // namespace obj
