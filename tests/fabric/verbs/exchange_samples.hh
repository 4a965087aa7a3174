// SPDX-License-Identifier: Apache-2.0
// tests/fabric/verbs/exchange_samples.hh -- messages as two daemons would exchange them.
#pragma once

#include "fabric/verbs/exchange_wire.hh"

namespace obj::verbs {

inline QueueAddress sample_address(uint32_t number) {
  return {.gid = *gid_of_ipv4("10.99.0.1"),
          .kind = GidKind::kRoceV2Ipv4,
          .lid = 0,
          .queue_number = number,
          .packet_number = 0xabcdef,
          .mtu_bytes = 4096,
          .reads_max = 16};
}

inline Offer sample_offer() {
  return {.number = 3, .lanes = {{0, sample_address(17)}, {5, sample_address(18)}}};
}

inline Answer sample_answer() {
  NodeMemory memory;
  memory.arena = {.address = 0x7f0000000000,
                  .size_bytes = 10 << 20,
                  .piece_bytes = 4 << 20,
                  .keys = {11, 12, 13}};
  memory.table = {
      .address = 0x7f1000000000, .size_bytes = 1 << 20, .piece_bytes = 1 << 20, .keys = {21}};
  return {.number = 3,
          .table = {.version = 1, .slot_count = 1000, .slots_offset = 8192},
          .lanes = {{.index = 0,
                     .verdict = LaneVerdict::kConnected,
                     .memory = 0,
                     .owner = sample_address(99)},
                    {.index = 5, .verdict = LaneVerdict::kNoSuchKind, .owner = {}}},
          .memories = {memory}};
}

}  // namespace obj::verbs
