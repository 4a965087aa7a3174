// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/exchange_wire.hh -- messages by which two daemons connect queue pairs. Layout:
// "Exchange" in docs/verbs.md.
//
// They travel on connections that passed the handshake (secret, incarnation), so keys of memory are
// told only to members of the cluster; but every byte is input.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "fabric/verbs/adapter.hh"
#include "fabric/verbs/memory_layout.hh"

namespace obj::verbs {

inline constexpr uint16_t kExchangeVersion = 1;
inline constexpr uint8_t kLanesMax = 8;     // queue pairs from one reader to one owner
inline constexpr uint8_t kMemoriesMax = 4;  // ports of one node
inline constexpr size_t kReasonBytesMax = 512;

// One lane of the reader's that is to be connected; it replaces an earlier one of that index.
struct OfferedLane {
  uint8_t index = 0;
  QueueAddress reader;

  friend bool operator==(const OfferedLane&, const OfferedLane&) = default;
};

struct Offer {
  uint32_t number = 0;  // comes back in the answer
  std::vector<OfferedLane> lanes;

  friend bool operator==(const Offer&, const Offer&) = default;
};

enum class LaneVerdict : uint8_t {
  kConnected = 0,
  kNoSuchKind,  // the owner has no port with a GID of that kind
  kLimit,       // the owner's device has no more queue pairs
  kFailed,
};
inline constexpr uint8_t kLaneVerdictLast = static_cast<uint8_t>(LaneVerdict::kFailed);

struct AnsweredLane {
  uint8_t index = 0;
  LaneVerdict verdict = LaneVerdict::kFailed;
  uint8_t memory = 0;  // which of the answer's, if connected
  QueueAddress owner;  // if connected

  friend bool operator==(const AnsweredLane&, const AnsweredLane&) = default;
};

struct Answer {
  uint32_t number = 0;
  TableShape table;
  std::vector<AnsweredLane> lanes;
  std::vector<NodeMemory> memories;

  friend bool operator==(const Answer&, const Answer&) = default;
};

// The owner cannot be read at all over verbs. `reason` is for people: printable ASCII.
struct Refusal {
  uint32_t number = 0;
  bool is_version = false;  // it speaks another version of this exchange
  std::string reason;

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

using ExchangeMessage = std::variant<Offer, Answer, Refusal>;

// REQUIRES: counts within the limits above. What is longer than kReasonBytesMax or not printable is
// cut or replaced.
std::vector<std::byte> encode(const Offer& offer);
std::vector<std::byte> encode(const Answer& answer);
std::vector<std::byte> encode(const Refusal& refusal);

struct OtherVersion {
  uint16_t version;
};
// Nothing: it breaks the rules of the page.
std::optional<std::variant<ExchangeMessage, OtherVersion>> decode_exchange(
    std::span<const std::byte> message);

}  // namespace obj::verbs
