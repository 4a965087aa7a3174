// SPDX-License-Identifier: Apache-2.0
// tests/fault/honest_witness.hh -- a daemon, and an honest client who tells how it is doing.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/loopback/support/objd_process.hh"
#include "tests/loopback/support/raw_client.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {

// Each test of a hostile client starts from this. At its end the daemon must still serve the honest
// client, hold nothing of the hostile one's, agree with its own recount, have no descriptor more
// than at the start, and end with exit code 0 (sanitizers included).
class HonestWitness : public testing::Test {
 protected:
  explicit HonestWitness(const std::vector<std::string>& flags = {}) : objd_(flags) {}

  void SetUp() override { descriptors_at_start_ = objd_.descriptor_count(); }
  void TearDown() override {
    expect_service();
    expect_nothing_left();
    EXPECT_EQ(objd_.terminate(), 0);
  }

  // Puts, gets and deletes, small and large.
  void expect_service() {
    for (const size_t size_bytes : {100u, 100'000u}) {
      const obj_id id = id_of("honest");
      const std::string data = pattern(size_bytes, size_bytes);
      ASSERT_THAT(put(honest_, id, data, "metadata", 10'000), Gives(OBJ_OK));
      obj_view view{};
      ASSERT_THAT(get(honest_, id, view), Gives(OBJ_OK));
      EXPECT_TRUE(data_of(view) == data);
      EXPECT_EQ(metadata_of(view), "metadata");
      ASSERT_THAT(obj_release(honest_.get(), &view), Gives(OBJ_OK));
      ASSERT_THAT(obj_delete(honest_.get(), &id), Gives(OBJ_OK));
    }
  }

  void expect_nothing_left() {
    EXPECT_TRUE(wait_until([&] { return status_of(honest_)["sessions"].size() == 1; }));
    EXPECT_TRUE(wait_until([&] { return is_at_rest(honest_, sealed_objects()); }));
    EXPECT_TRUE(is_at_rest(honest_, sealed_objects()));
    EXPECT_TRUE(wait_until([&] { return objd_.descriptor_count() <= descriptors_at_start_; }))
        << objd_.descriptor_count() << " descriptors, " << descriptors_at_start_ << " at the start";
  }

  uint64_t breaches() { return status_of(honest_)["counters"]["protocol_errors"]; }
  uint64_t sealed_objects() { return status_of(honest_)["ledger"]["sealed"]["objects"]; }

  // The daemon has ended `hostile` for breaking the protocol: one more than `breaches_before`.
  void expect_ended_for_breach(const RawClient& hostile, uint64_t breaches_before) {
    EXPECT_TRUE(hostile.wait_for_end());
    EXPECT_EQ(breaches(), breaches_before + 1);
  }

  ObjdProcess objd_;
  Client honest_ = objd_.open();
  const ObjectId id_ = object_id_from_name("object");

 private:
  size_t descriptors_at_start_ = 0;
};

}  // namespace obj
