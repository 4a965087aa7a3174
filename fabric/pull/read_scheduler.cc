// SPDX-License-Identifier: Apache-2.0
#include "fabric/pull/read_scheduler.hh"

#include <algorithm>
#include <utility>

#include "base/check.hh"

namespace obj {

void ReadScheduler::set_bandwidth(uint64_t bytes_per_s, uint64_t now_ns) {
  bucket_.set_rate(bytes_per_s, now_ns);
}

void ReadScheduler::set_bandwidth(PullClass pull_class, uint64_t bytes_per_s, uint64_t now_ns) {
  classes_[pull_class].bucket.set_rate(bytes_per_s, now_ns);
}

void ReadScheduler::attach(Flow& flow, SourceNode node) {
  OBJ_CHECK(!flow.attached());
  forget_idle_peers();
  std::unique_ptr<Peer>& peer = peers_[node];
  if (peer == nullptr) {
    peer = std::make_unique<Peer>();
    peer->node = node;
    for (const PullClass pull_class : kAllPullClasses) peer->lines[pull_class].peer = peer.get();
  }
  peer->flows++;
  flow.peer_ = peer.get();
}

void ReadScheduler::detach(Flow& flow) {
  OBJ_CHECK(flow.attached() && flow.in_flight_bytes_ == 0);
  withdraw(flow);
  flow.peer_->flows--;
  flow.peer_ = nullptr;
  flow.deficit_bytes = 0;
}

SourceNode ReadScheduler::node_of(const Flow& flow) const { return flow.peer_->node; }

void ReadScheduler::forget_idle_peers() {
  if (peers_.size() < kPeersKeptMax) return;
  std::erase_if(peers_, [](const auto& entry) {
    return entry.second->flows == 0 && entry.second->in_flight_bytes == 0;
  });
}

// ---- lines --------------------------------------------------------------------------------------

void ReadScheduler::offer(Flow& flow, PullClass pull_class) {
  OBJ_CHECK(flow.attached());
  if (flow.class_ != pull_class) {
    withdraw(flow);
    // What it has in flight counts for its new class, so that both classes' sums stay right.
    classes_[flow.class_].in_flight_bytes -= flow.in_flight_bytes_;
    classes_[pull_class].in_flight_bytes += flow.in_flight_bytes_;
    Peer& peer = *flow.peer_;
    peer.lines[flow.class_].in_flight_bytes -= flow.in_flight_bytes_;
    peer.lines[pull_class].in_flight_bytes += flow.in_flight_bytes_;
    enqueue(peer, flow.class_);  // it may have room now
    flow.class_ = pull_class;
  }
  if (!flow.in_ring()) join_line(flow);
}

void ReadScheduler::withdraw(Flow& flow) {
  if (flow.in_ring()) leave_line(flow);
}

void ReadScheduler::join_line(Flow& flow) {
  flow.peer_->lines[flow.class_].flows.add(flow);
  enqueue(*flow.peer_, flow.class_);
}

void ReadScheduler::leave_line(Flow& flow) {
  Line& line = flow.peer_->lines[flow.class_];
  line.flows.remove(flow);
  if (line.flows.empty() && line.in_ring()) classes_[flow.class_].sources.remove(line);
}

// A source that has too much in flight is put in line all the same: next() takes it out again.
void ReadScheduler::enqueue(Peer& peer, PullClass pull_class) {
  Line& line = peer.lines[pull_class];
  if (line.in_ring() || line.flows.empty()) return;
  classes_[pull_class].sources.add(line);
}

// ---- turns --------------------------------------------------------------------------------------

bool ReadScheduler::has_room(const Peer& peer) const {
  return peer.in_flight_bytes < std::max(least_window_bytes(), peer.window_bytes);
}

bool ReadScheduler::has_room(const Line& line, PullClass pull_class, uint64_t now_ns) const {
  if (!has_room(*line.peer)) return false;
  return pull_class != PullClass::kPrefetch ||
         line.in_flight_bytes < prefetch_window_bytes(*line.peer, now_ns);
}

uint64_t ReadScheduler::prefetch_window_bytes(const Peer& peer, uint64_t now_ns) const {
  const bool is_beside = waited_for_ns_ != 0 && now_ns - waited_for_ns_ < kBesideNs;
  const uint64_t queue_ns = is_beside ? kPrefetchQueueBesideNs : kPrefetchQueueNs;
  const uint64_t least_bytes = is_beside ? options_.object_chunk_size : least_window_bytes();
  const double rate = static_cast<double>(peer.rate.bytes_per_s(now_ns));
  return std::max(least_bytes, static_cast<uint64_t>(rate * static_cast<double>(queue_ns) / 1e9));
}

uint64_t ReadScheduler::least_window_bytes() const {
  return kSourceChunksMin * options_.object_chunk_size;
}

// What may be in flight at a source doubles with each round trip, up to what its rate warrants: one
// lucky first read must not bring a slow source half of a large object.
void ReadScheduler::fit_window(Peer& peer, uint32_t delivered_bytes, uint64_t now_ns) const {
  const double rate = static_cast<double>(peer.rate.bytes_per_s(now_ns));
  const auto warranted = static_cast<uint64_t>(rate * static_cast<double>(kSourceQueueNs) / 1e9);
  peer.window_bytes = std::max(peer.window_bytes, least_window_bytes()) + delivered_bytes;
  peer.window_bytes = std::min(peer.window_bytes, warranted);
}

bool ReadScheduler::may_serve(PullClass pull_class, uint64_t now_ns) {
  ClassQueue& queue = classes_[pull_class];
  if (queue.sources.empty()) return false;
  const bool prefetches_enough = pull_class == PullClass::kPrefetch &&
                                 queue.in_flight_bytes >= options_.prefetch_bytes_in_flight_max;
  if (prefetches_enough) return false;
  if (queue.bucket.ready(now_ns)) return true;
  tokens_at_ns_ = std::min(tokens_at_ns_, queue.bucket.ready_at_ns());
  return false;
}

std::optional<PullClass> ReadScheduler::next_class(uint64_t now_ns) {
  std::optional<PullClass> next;
  for (const PullClass pull_class : kAllPullClasses) {
    ClassQueue& queue = classes_[pull_class];
    const bool was_servable = std::exchange(queue.servable, may_serve(pull_class, now_ns));
    if (!queue.servable) continue;
    // A class that was idle or held back starts level with the others: it has saved nothing up.
    if (!was_servable) queue.served = std::max(queue.served, served_now_);
    if (!next || queue.served < classes_[*next].served) next = pull_class;
  }
  if (next && !bucket_.ready(now_ns)) {
    tokens_at_ns_ = std::min(tokens_at_ns_, bucket_.ready_at_ns());
    return std::nullopt;
  }
  return next;
}

ReadScheduler::Flow* ReadScheduler::next(uint64_t now_ns) {
  tokens_at_ns_ = kForeverNs;
  while (const std::optional<PullClass> pull_class = next_class(now_ns)) {
    DeficitRing& sources = classes_[*pull_class].sources;
    Line& line = static_cast<Line&>(sources.turn(options_.object_chunk_size));
    if (!has_room(line, *pull_class, now_ns)) {
      sources.remove(line);  // a completion brings it back
      continue;
    }
    return static_cast<Flow*>(&line.flows.turn(options_.object_chunk_size));
  }
  return nullptr;
}

bool ReadScheduler::fits(uint32_t size_bytes) const {
  return in_flight_bytes_ == 0 ||
         size_bytes <= options_.max_bytes_in_flight -
                           std::min(in_flight_bytes_, options_.max_bytes_in_flight);
}

void ReadScheduler::on_posted(Flow& flow, uint32_t size_bytes, uint64_t now_ns) {
  Peer& peer = *flow.peer_;
  ClassQueue& queue = classes_[flow.class_];
  Line& line = peer.lines[flow.class_];
  line.flows.charge(flow, size_bytes);
  queue.sources.charge(line, size_bytes);
  served_now_ = queue.served;
  queue.served += size_bytes * (kWeights[PullClass::kGet] / kWeights[flow.class_]);
  queue.bucket.take(size_bytes, now_ns);
  bucket_.take(size_bytes, now_ns);
  peer.rate.on_post(peer.in_flight_bytes == 0, now_ns);
  peer.in_flight_bytes += size_bytes;
  queue.in_flight_bytes += size_bytes;
  line.in_flight_bytes += size_bytes;
  if (flow.class_ != PullClass::kPrefetch) waited_for_ns_ = now_ns;
  flow.in_flight_bytes_ += size_bytes;
  in_flight_bytes_ += size_bytes;
}

void ReadScheduler::on_completed(Flow& flow, uint32_t size_bytes, bool ok, uint64_t now_ns) {
  OBJ_CHECK(flow.attached() && flow.in_flight_bytes_ >= size_bytes);
  Peer& peer = *flow.peer_;
  flow.in_flight_bytes_ -= size_bytes;
  classes_[flow.class_].in_flight_bytes -= size_bytes;
  peer.lines[flow.class_].in_flight_bytes -= size_bytes;
  in_flight_bytes_ -= size_bytes;
  peer.in_flight_bytes -= size_bytes;
  peer.rate.on_complete(ok ? size_bytes : 0, peer.in_flight_bytes == 0, now_ns);
  fit_window(peer, ok ? size_bytes : 0, now_ns);
  if (!has_room(peer)) return;
  for (const PullClass pull_class : kAllPullClasses) enqueue(peer, pull_class);
}

uint64_t ReadScheduler::rate(const Flow& flow, uint64_t now_ns) const {
  return flow.peer_->rate.bytes_per_s(now_ns);
}

uint64_t ReadScheduler::finish_ns(const Flow& flow, uint64_t more_bytes, uint64_t now_ns) const {
  const uint64_t rate_now = rate(flow, now_ns);
  if (rate_now == 0) return kForeverNs;
  const double bytes = static_cast<double>(flow.peer_->in_flight_bytes + more_bytes);
  return static_cast<uint64_t>(bytes * 1e9 / static_cast<double>(rate_now));
}

}  // namespace obj
