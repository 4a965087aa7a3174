// SPDX-License-Identifier: Apache-2.0
// directory/wire/messages.hh -- every message, decoded and checked.
//
// What decode() returns looks into the bytes that it was given; they must outlive it. Its records
// were checked once, so that looking at them cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <variant>

#include "base/result.hh"
#include "directory/location.hh"
#include "directory/location_answer.hh"
#include "directory/wire/layout.hh"
#include "directory/wire/records.hh"

namespace obj::directory::wire {

inline constexpr size_t kMessageBytesMax = 64 * 1024;
inline constexpr uint32_t kReportsMax = 1024;
inline constexpr uint32_t kLookupIdsMax = 128;
inline constexpr uint32_t kIdsMax = 1024;  // subscribe, unsubscribe, free
inline constexpr uint32_t kNodesMax = 64;

static_assert(sizeof(Header) + kReportsMax * sizeof(ReportRecord) <= kMessageBytesMax);
static_assert(sizeof(Header) + kLookupIdsMax *
                                   (sizeof(AnswerRecord) + kCopiesShownMax * sizeof(CopyRecord)) <=
                  kMessageBytesMax,
              "an answer to the largest lookup must fit");
static_assert(sizeof(Header) +
                  kNodesMax * (sizeof(NodeRecord) + kAddressBytesMax + kArenaInfoBytesMax) <=
              kMessageBytesMax);

template <class Record>
Record load(const std::byte* bytes) {
  Record record;
  std::memcpy(&record, bytes, sizeof(record));
  return record;
}

// Records of one size.
template <class Value>
class Records {
 public:
  using Record = typename RecordOf<Value>::Type;

  Records() = default;
  // REQUIRES: whole records, each valid.
  explicit Records(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t size() const { return bytes_.size() / sizeof(Record); }
  Value operator[](size_t index) const {
    Value value;
    static_cast<void>(from_wire(load<Record>(bytes_.data() + index * sizeof(Record)), value));
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
};

// Records of different sizes, to be read in order.
class Answers {
 public:
  Answers(std::span<const std::byte> bytes, uint32_t count) : rest_(bytes), left_(count) {}
  uint32_t left() const { return left_; }
  // False: `answer` is unspecified and there is no next one. After decode() that never happens
  // while left() > 0.
  [[nodiscard]] bool next(Answer& answer);
  bool at_end() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
  uint32_t left_;
};

class NodeAnswers {
 public:
  NodeAnswers(std::span<const std::byte> bytes, uint32_t count) : rest_(bytes), left_(count) {}
  uint32_t left() const { return left_; }
  [[nodiscard]] bool next(NodeAnswer& answer);
  bool at_end() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
  uint32_t left_;
};

// ---- node to directory
// -----------------------------------------------------------------------------
struct Register {
  NodeInfo info;
};
struct Heartbeat {
  NodeLoad load;
};
struct Report {
  uint64_t sequence;
  Records<CopyReport> reports;
};
struct InventoryBegin {
  uint64_t sequence;
};
struct InventoryEnd {
  uint64_t sequence;
};
struct Lookup {
  uint64_t cookie;
  Records<ObjectId> ids;
};
struct Subscribe {
  uint64_t cookie;
  Records<ObjectId> ids;
};
struct Unsubscribe {
  uint64_t cookie;
  Records<ObjectId> ids;
};
struct Free {
  uint64_t cookie;
  Records<ObjectId> ids;
};
struct NodeQuery {
  uint64_t cookie;
  Records<NodeId> nodes;
};
// The next kNodesMax nodes whose ids are larger; none: the end.
struct NodeList {
  uint64_t cookie;
  NodeId after;
};

// ---- directory to node
// -----------------------------------------------------------------------------
enum class RegisterStatus : uint16_t {
  kAccepted = 0,
  kOldIncarnation = 1,  // a newer life of this node is registered
  kLimit = 2,           // too many nodes
  kInvalid = 3,         // this connection registered before
};
struct Registered {
  uint64_t epoch;             // another one: another directory, or a restarted one
  uint64_t applied_sequence;  // the last one of this incarnation
  uint32_t lease_ms;
  RegisterStatus status;
  bool inventory_needed;
};
struct Reported {
  uint64_t sequence;
  uint32_t refused;
  Records<ObjectId> conflicts;
};
struct Located {
  uint64_t cookie;
  Answers answers;
};
struct Subscribed {
  uint64_t cookie;
};
struct Changes {
  Records<LocationChange> changes;
};
struct Freed {
  uint64_t cookie;
  Records<uint32_t> holders;
};
struct FreeOrders {
  Records<FreeOrder> orders;
};
struct Nodes {
  uint64_t cookie;
  NodeAnswers answers;
};

using Message = std::variant<Register, Heartbeat, Report, InventoryBegin, InventoryEnd, Lookup,
                             Subscribe, Unsubscribe, Free, NodeQuery, NodeList, Registered,
                             Reported, Located, Subscribed, Changes, Freed, FreeOrders, Nodes>;

// kVersion: another version's message. kInvalid: no message of ours; Error::where says why.
Result<Message> decode(std::span<const std::byte> bytes);

}  // namespace obj::directory::wire
