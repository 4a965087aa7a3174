// SPDX-License-Identifier: Apache-2.0
// fabric/pull/pull_sources.cc -- the part of Pull that knows whom to ask, and whom no more.
#include <algorithm>

#include "base/check.hh"
#include "fabric/pull/pull.hh"

namespace obj {

void Pull::on_sources(std::span<const Source> sources, std::optional<SourceNode> spilled_at,
                      uint64_t now_ns, Actions& out) {
  if (!running()) return;
  spilled_at_ = spilled_at;
  retire_unlisted(sources);
  bool any_new = false;
  for (const Source& source : sources) any_new |= merge_source(source);
  if (any_new) try_all_at_once();
  move_on(now_ns, out);
}

// True if it is a copy that was not known, or is back.
bool Pull::merge_source(const Source& source) {
  const auto known = std::find_if(sources_.begin(), sources_.end(), [&](const PullSource& entry) {
    return entry.state != PullSource::State::kEmpty && entry.source.same_copy(source);
  });
  if (known == sources_.end()) {
    add_source(source);
    return true;
  }
  const uint64_t ready_bytes = std::min(source.ready_bytes, shape_.transfer_bytes);
  known->source.ready_bytes = std::max(known->source.ready_bytes, ready_bytes);
  if (known->state != PullSource::State::kWithdrawn) return false;
  known->state = PullSource::State::kLive;
  return true;
}

void Pull::add_source(const Source& source) {
  PullSource entry(source, options_);
  entry.source.ready_bytes = std::min(source.ready_bytes, shape_.transfer_bytes);
  const auto empty = std::find_if(sources_.begin(), sources_.end(), [](const PullSource& other) {
    return other.state == PullSource::State::kEmpty;
  });
  if (empty != sources_.end()) {
    *empty = entry;
  } else {
    OBJ_CHECK(sources_.size() < UINT16_MAX);
    sources_.push_back(entry);
  }
}

void Pull::retire_unlisted(std::span<const Source> sources) {
  for (PullSource& entry : sources_) {
    const bool listed = std::any_of(sources.begin(), sources.end(), [&](const Source& source) {
      return source.same_copy(entry.source);
    });
    if (listed || entry.state == PullSource::State::kEmpty) continue;
    if (entry.state == PullSource::State::kLive) entry.state = PullSource::State::kWithdrawn;
    // Remembered only as long as the directory may name it again, or something is due from it.
    if (entry.idle()) entry.state = PullSource::State::kEmpty;
  }
}

bool Pull::has_live_source() const {
  return std::any_of(sources_.begin(), sources_.end(), [](const PullSource& entry) {
    return entry.state == PullSource::State::kLive && !entry.unreachable;
  });
}

bool Pull::has_whole_source() const {
  return std::any_of(sources_.begin(), sources_.end(), [&](const PullSource& entry) {
    return entry.state == PullSource::State::kLive && !entry.unreachable &&
           entry.source.ready_bytes == shape_.transfer_bytes;
  });
}

// A new holder, or the death of one, is a reason to try now; failures in a row still count.
void Pull::try_all_at_once() {
  for (PullSource& entry : sources_) {
    entry.retry_at_ns = 0;
    entry.probe_at_ns = 0;
  }
}

void Pull::on_node_down(SourceNode node, uint64_t now_ns, Actions& out) {
  if (!running()) return;
  if (spilled_at_ == node) spilled_at_.reset();
  for (PullSource& entry : sources_) {
    const bool dies = entry.source.node == node && (entry.state == PullSource::State::kLive ||
                                                    entry.state == PullSource::State::kWithdrawn);
    if (!dies) continue;
    entry.state = PullSource::State::kDead;
    chunks_.lose(entry.unverified);
    chunks_.lose(entry.under_check);
    last_cause_ = {
        .error = {ErrorCode::kDisconnected, 0, "the source died"}, .object = id_, .node = node};
    try_all_at_once();
  }
  move_on(now_ns, out);
}

// Its bytes are not, or no longer, the object's: nothing unverified of it may be used.
void Pull::distrust(PullSource& source, const Error& error, Actions& out) {
  source.state = PullSource::State::kWrong;
  chunks_.lose(source.unverified);
  chunks_.lose(source.under_check);
  last_cause_ = {.error = error, .object = id_, .node = source.source.node};
  out.push_back(ReportStale{source.source});
}

void Pull::note_failure(PullSource& source, const Error& error, uint64_t now_ns, Actions& out) {
  note_trouble(now_ns);
  const bool is_about_the_copy = error.code == ErrorCode::kStale ||
                                 error.code == ErrorCode::kNotFound ||
                                 error.code == ErrorCode::kInvalid;
  if (is_about_the_copy) {
    if (source.state != PullSource::State::kWrong) distrust(source, error, out);
    return;
  }
  last_cause_ = {.error = error, .object = id_, .node = source.source.node};
  if (error.code == ErrorCode::kDisconnected) source.unreachable = true;
  // Reads that were posted together often fail together: that is one failure.
  if (now_ns >= source.retry_at_ns) source.retry_at_ns = now_ns + source.retry.next(jitter_);
}

// Nothing came for too long. The reads still own their destination, so the chunks can go to another
// source only when their completions are in: the driver is told to hurry those.
void Pull::check_stalled(uint32_t index, uint64_t now_ns, Actions& out) {
  PullSource& source = sources_[index];
  const uint64_t timeout_ns = uint64_t{options_.pull_timeout_ms} * 1'000'000;
  const bool stalled = source.parts_in_flight > 0 && !source.parts_hurried &&
                       now_ns >= source.quiet_since_ns + timeout_ns;
  if (!stalled) return;
  source.parts_hurried = true;
  hurry_parts(index, out);
  if (running()) {
    note_failure(source, {ErrorCode::kTimeout, 0, "no progress"}, now_ns, out);
  }
}

void Pull::hurry_parts(uint32_t index, Actions& out) {
  const SourceNode node = sources_[index].source.node;
  if (sources_[index].check_in_flight()) out.push_back(HurryPart{kCheckPart + index, node});
  for (uint32_t chunk = 0; chunk < chunks_.count(); chunk++) {
    const bool posted_there =
        chunks_.state(chunk) == ChunkMap::State::kInFlight && chunks_.source(chunk) == index;
    if (posted_there) out.push_back(HurryPart{chunk, node});
  }
}

}  // namespace obj
