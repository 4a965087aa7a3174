// SPDX-License-Identifier: Apache-2.0
// fabric/pull/read_scheduler.hh -- whose read is posted next, and whether any may be. Pure.
//
// Shares are counted in bytes, and found on three levels:
//
//   class    by weight, the one that is furthest behind        get 16 : wait 4 : prefetch 1
//   source   deficit round robin                               equal bytes for each node read from
//   pull     deficit round robin                               equal bytes for each object
//
// Limits that hold at every instant: the byte window over all, one for prefetches, a token bucket
// over all and one for each class, and a limit for each source that follows its observed rate, so
// that a slow one cannot fill the window with reads that wait at its door. What prefetches may have
// waiting at a source is much less, since whoever waits for a get waits for that too, and least
// while there are such.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/clock.hh"
#include "fabric/pull/deficit_ring.hh"
#include "fabric/pull/pull_class.hh"
#include "fabric/pull/pull_options.hh"
#include "fabric/pull/rate_meter.hh"
#include "fabric/pull/source.hh"
#include "fabric/pull/token_bucket.hh"

namespace obj {

class ReadScheduler {
  struct Peer;

 public:
  // What one pull has to read from one source. Owned by the pull's entry; stays where it is.
  class Flow : public RingMember {
   public:
    Flow(uint32_t pull_, uint32_t source_) : pull(pull_), source(source_) {}

    const uint32_t pull;  // the owner's names for the two, given back by next()
    const uint32_t source;
    bool attached() const { return peer_ != nullptr; }
    PullClass pull_class() const { return class_; }

   private:
    friend class ReadScheduler;
    Peer* peer_ = nullptr;
    PullClass class_ = PullClass::kPrefetch;
    uint64_t in_flight_bytes_ = 0;
  };

  // `options` must outlive the scheduler.
  explicit ReadScheduler(const PullOptions& options) : options_(options) {}
  ReadScheduler(const ReadScheduler&) = delete;
  ReadScheduler& operator=(const ReadScheduler&) = delete;

  // Bytes per second over all classes, or of one; 0: no limit. At any time.
  void set_bandwidth(uint64_t bytes_per_s, uint64_t now_ns);
  void set_bandwidth(PullClass pull_class, uint64_t bytes_per_s, uint64_t now_ns);

  // From now on the flow reads from `node`. REQUIRES: not attached.
  void attach(Flow& flow, SourceNode node);
  // REQUIRES: attached, nothing in flight.
  void detach(Flow& flow);
  SourceNode node_of(const Flow& flow) const;

  // The flow has something to read, in this class. In line already: no effect.
  void offer(Flow& flow, PullClass pull_class);
  // It has nothing to read, or should not read now; offer() brings it back.
  void withdraw(Flow& flow);

  // Whose turn it is; null if nobody may read now. next_deadline_ns() then says when to ask again,
  // if it is only for time. The answer stands until the next call that changes something.
  Flow* next(uint64_t now_ns);
  // Whether the window has room for a read of this size.
  bool fits(uint32_t size_bytes) const;
  // A read of the flow returned by next() was posted.
  void on_posted(Flow& flow, uint32_t size_bytes, uint64_t now_ns);
  // It completed, `ok` or not.
  void on_completed(Flow& flow, uint32_t size_bytes, bool ok, uint64_t now_ns);

  // When the source would have delivered what is in flight there and `more_bytes`; kForeverNs if
  // its speed is not known.
  uint64_t finish_ns(const Flow& flow, uint64_t more_bytes, uint64_t now_ns) const;
  uint64_t rate(const Flow& flow, uint64_t now_ns) const;

  uint64_t in_flight_bytes() const { return in_flight_bytes_; }
  // When a token bucket lets the next read pass; kForeverNs if none holds one back.
  uint64_t next_deadline_ns() const { return tokens_at_ns_; }

 private:
  // The flows of one class that have something to read from one source; a member of its class.
  struct Line : RingMember {
    Peer* peer = nullptr;
    uint64_t in_flight_bytes = 0;
    DeficitRing flows;
  };
  struct Peer {
    SourceNode node;
    uint32_t flows = 0;  // attached
    uint64_t in_flight_bytes = 0;
    uint64_t window_bytes = 0;  // what may be in flight; at least least_window_bytes()
    RateMeter rate;
    PerClass<Line> lines;
  };
  struct ClassQueue {
    DeficitRing sources;
    TokenBucket bucket;
    uint64_t in_flight_bytes = 0;
    uint64_t served = 0;    // bytes over weight
    bool servable = false;  // when next() looked last
  };

  static constexpr PerClass<uint64_t> kWeights = {{16, 4, 1}};
  // What may wait at a source: as much as it delivers in this time, and while its speed is not
  // known or very low, this many chunks.
  static constexpr uint64_t kSourceQueueNs = 100'000'000;
  static constexpr uint64_t kSourceChunksMin = 2;
  // What prefetches may have waiting there: enough that the source never runs dry, even if we come
  // late; and while somebody waits for other objects, or did a moment ago, what a get may have to
  // stand behind.
  static constexpr uint64_t kPrefetchQueueNs = 4'000'000;
  static constexpr uint64_t kPrefetchQueueBesideNs = 250'000;
  static constexpr uint64_t kBesideNs = 50'000'000;
  // Sources that nobody reads from are forgotten beyond this number.
  static constexpr size_t kPeersKeptMax = 4096;

  std::optional<PullClass> next_class(uint64_t now_ns);
  bool may_serve(PullClass pull_class, uint64_t now_ns);
  bool has_room(const Peer& peer) const;
  bool has_room(const Line& line, PullClass pull_class, uint64_t now_ns) const;
  uint64_t prefetch_window_bytes(const Peer& peer, uint64_t now_ns) const;
  uint64_t least_window_bytes() const;
  void fit_window(Peer& peer, uint32_t delivered_bytes, uint64_t now_ns) const;
  void join_line(Flow& flow);
  void leave_line(Flow& flow);
  void enqueue(Peer& peer, PullClass pull_class);
  void forget_idle_peers();

  const PullOptions& options_;
  uint64_t in_flight_bytes_ = 0;
  uint64_t tokens_at_ns_ = kForeverNs;
  uint64_t waited_for_ns_ = 0;  // when a read of another class than prefetch was posted last
  uint64_t served_now_ = 0;     // of the class that was served last, before that read
  TokenBucket bucket_;
  PerClass<ClassQueue> classes_;
  std::unordered_map<SourceNode, std::unique_ptr<Peer>, SourceNodeHash> peers_;
};

}  // namespace obj
