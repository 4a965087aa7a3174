// SPDX-License-Identifier: Apache-2.0
// tests/node/operation_test.cc -- what decode() lets through, and what it calls a breach.
//
// Each field is set to its last good and first bad value.
#include "node/operation.hh"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace obj {
namespace {

using session::Layout;
using session::Request;
using session::RequestOp;

constexpr Layout kLayout = Layout::of(16, 100);

Request request_of(RequestOp op) {
  Request request{};
  request.op = op;
  request.tag = 15;
  std::memset(request.id, 0xab, sizeof request.id);
  return request;
}

Request put_of(uint64_t data_bytes, uint32_t metadata_bytes, uint32_t block) {
  Request request = request_of(RequestOp::kPutInline);
  request.create.data_bytes = data_bytes;
  request.create.metadata_bytes = metadata_bytes;
  request.create.staging_block = block;
  return request;
}

// The field that decode() names, or "" if it accepts.
std::string breach(const Request& request) {
  const auto operation = decode(request, kLayout);
  return operation ? "" : operation.error().where;
}

TEST(Decode, reads_every_field_of_a_create) {
  Request request = request_of(RequestOp::kCreate);
  request.create.data_bytes = UINT64_MAX;  // its size is for the store to judge
  request.create.metadata_bytes = 7;
  request.create.timeout_ms = -1;
  const auto operation = decode(request, kLayout);
  ASSERT_TRUE(operation.has_value());
  const auto& create = std::get<op::Create>(*operation);
  EXPECT_EQ(create.id.bytes[3], 0xab);
  EXPECT_EQ(create.data_bytes, UINT64_MAX);
  EXPECT_EQ(create.metadata_bytes, 7u);
  EXPECT_EQ(create.timeout_ms, -1);
}

TEST(Decode, accepts_an_inline_put_up_to_its_block_and_no_further) {
  EXPECT_EQ(breach(put_of(4096, 0, 15)), "");
  EXPECT_EQ(breach(put_of(4097, 0, 15)), "data_bytes");
  EXPECT_EQ(breach(put_of(UINT64_MAX, 0, 15)), "data_bytes");
  EXPECT_EQ(breach(put_of(4088, 8, 15)), "");
  EXPECT_EQ(breach(put_of(4089, 8, 15)), "metadata_bytes");  // metadata starts at 4096
  EXPECT_EQ(breach(put_of(0, 4096, 15)), "");
  EXPECT_EQ(breach(put_of(0, UINT32_MAX, 15)), "metadata_bytes");
  EXPECT_EQ(breach(put_of(0, 0, 16)), "staging_block");
}

TEST(Decode, refuses_tags_cells_and_flags_out_of_range) {
  Request request = request_of(RequestOp::kGet);
  request.get.pin_cell = 99;
  EXPECT_EQ(breach(request), "");
  request.get.pin_cell = 100;
  EXPECT_EQ(breach(request), "pin_cell");
  request.get.pin_cell = 0;
  request.tag = 16;
  EXPECT_EQ(breach(request), "tag");
  request.tag = 0;
  request.flags = session::kMore;
  EXPECT_EQ(breach(request), "");
  request.flags = 2;
  EXPECT_EQ(breach(request), "flags");
}

TEST(Decode, lets_only_calls_of_many_objects_say_that_more_follow) {
  for (uint16_t op = 1; op <= 13; op++) {
    Request request = request_of(RequestOp{op});
    request.owner[0] = 'x';  // or a number of something, for other operations
    request.flags = session::kMore;
    const bool may = request.op == RequestOp::kGet || request.op == RequestOp::kPrefetch;
    if (may) request.get.pin_cell = 0;
    EXPECT_EQ(breach(request), may ? "" : "flags") << op;
  }
}

TEST(Decode, takes_a_push_to_any_node_but_0) {
  Request request = request_of(RequestOp::kPush);
  EXPECT_EQ(breach(request), "node");
  request.push.node = 77;
  EXPECT_EQ(std::get<op::Push>(*decode(request, kLayout)).node, 77u);
}

TEST(Decode, refuses_a_cancel_of_an_impossible_tag) {
  Request request = request_of(RequestOp::kCancel);
  request.cancel.target_tag = 15;
  EXPECT_EQ(breach(request), "");
  request.cancel.target_tag = 16;
  EXPECT_EQ(breach(request), "target_tag");
}

TEST(Decode, wants_an_owner_of_1_to_31_bytes_and_a_nul) {
  Request request = request_of(RequestOp::kPin);
  EXPECT_EQ(breach(request), "owner");  // empty
  std::memset(request.owner, 'x', sizeof request.owner);
  EXPECT_EQ(breach(request), "owner");  // no NUL
  request.owner[31] = '\0';
  const auto operation = decode(request, kLayout);
  ASSERT_TRUE(operation.has_value());
  EXPECT_EQ(std::get<op::Pin>(*operation).owner, std::string(31, 'x'));
}

TEST(Decode, refuses_operations_that_do_not_exist) {
  for (const uint32_t op : {0u, 16u, 255u, 65535u}) {
    EXPECT_EQ(breach(request_of(static_cast<RequestOp>(op))), "op") << op;
  }
}

TEST(Decode, never_yields_an_operation_outside_the_layout_from_random_bytes) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; i++) {
    Request request;
    for (size_t at = 0; at < sizeof request; at += 8) {
      const uint64_t word = random() & random();  // many zero bits, so that checks are passed too
      std::memcpy(reinterpret_cast<char*>(&request) + at, &word, 8);
    }
    request.op = static_cast<RequestOp>(random() % 14);
    const auto operation = decode(request, kLayout);
    if (!operation) continue;
    if (const auto* get = std::get_if<op::Get>(&*operation)) {
      ASSERT_LT(get->pin_cell, kLayout.pins_max);
    }
    if (const auto* put = std::get_if<op::PutInline>(&*operation)) {
      ASSERT_LT(put->staging_block, kLayout.staging_blocks);
      ASSERT_LE((put->data_bytes + 7u) / 8 * 8 + put->metadata_bytes, session::kStagingBlockBytes);
    }
  }
}

}  // namespace
}  // namespace obj
