// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_request_input.hh -- requests from a fuzzer's bytes: arbitrary or nearly right.
#pragma once

#include <cstring>

#include "client/session/layout.hh"
#include "tests/fuzz/fuzz_input.hh"

namespace obj {

// Ids of few kinds, so that requests meet; sizes around what the arena and a block hold.
inline session::Request take_request_from(FuzzInput& input, uint64_t arena_bytes) {
  using enum session::RequestOp;
  if (input.below(8) == 0) return input.take<session::Request>();
  session::Request request{};
  request.op = static_cast<session::RequestOp>(input.below(17));
  request.tag = input.below(18);
  request.id[0] = static_cast<uint8_t>(input.below(6));
  switch (request.op) {
    case kCreate:
    case kPutInline:
      request.create.data_bytes = input.pick(
          {0, 1, 64, 4000, 4096, arena_bytes / 4, arena_bytes, arena_bytes + 1, UINT64_MAX});
      request.create.metadata_bytes =
          static_cast<uint32_t>(input.pick({0, 1, 8, 96, 4096, UINT32_MAX}));
      request.create.timeout_ms = static_cast<int32_t>(input.pick({0, 1, 20, UINT32_MAX}));
      request.create.staging_block = input.below(18);
      break;
    case kSeal:
    case kAbort:
      request.object.slot = input.below(40);
      request.object.generation = input.pick({0, 1, 2, 3, 4, 5, 6, 7});
      break;
    case kGet:
    case kWait:
    case kPrefetch:
    case kRestore:
      request.flags = static_cast<uint16_t>(input.below(2));
      request.get.timeout_ms = static_cast<int32_t>(input.pick({0, 1, 20, UINT32_MAX}));
      request.get.pin_cell = input.below(18);
      break;
    case kPin:
    case kUnpin: request.owner[0] = static_cast<char>(input.below(4)); break;
    case kCancel: request.cancel.target_tag = input.below(18); break;
    case kPush: request.push.node = input.below(3); break;
    case kDelete:
    case kSpill:
    case kStat: break;
  }
  return request;
}

}  // namespace obj
