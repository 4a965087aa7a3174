// SPDX-License-Identifier: Apache-2.0
#include "fabric/pull/pull.hh"

#include <algorithm>

#include "base/check.hh"

namespace obj {

namespace {

// A source whose slot cannot be looked at this many times in a row loses what waits for the look.
constexpr uint32_t kChecksFailedMax = 3;

constexpr uint64_t ns(uint32_t ms) { return uint64_t{ms} * 1'000'000; }

// What the source has now is what its location promised, so its bytes were the object's.
std::optional<Error> contradiction(const SlotSighting& seen, const Source& source,
                                   const ObjectId& id, const ObjectShape& shape) {
  if (seen.generation != source.generation) {
    return Error{ErrorCode::kStale, 0, "the source reused the memory"};
  }
  const bool as_promised =
      seen.id == id && seen.offset == source.offset && seen.data_bytes == shape.data_bytes &&
      seen.metadata_bytes == shape.metadata_bytes && seen.ready_bytes >= source.ready_bytes;
  if (!as_promised) return Error{ErrorCode::kInvalid, 0, "the location is a lie"};
  return std::nullopt;
}

}  // namespace

Pull::Pull(const ObjectId& id, const ObjectShape& shape, const PullOptions& options, uint64_t seed)
    : id_(id),
      shape_(shape),
      options_(options),
      chunks_(shape.transfer_bytes, options.object_chunk_size),
      jitter_(seed),
      restore_backoff_(ns(options.retry_least_ms), ns(options.retry_most_ms)),
      memory_backoff_(ns(options.retry_least_ms), ns(options.retry_most_ms)) {
  last_cause_ = {.error = {ErrorCode::kNotFound, 0, "no node has it"}, .object = id};
}

// ---- memory -------------------------------------------------------------------------------------

void Pull::on_granted(uint64_t now_ns, Actions& out) {
  OBJ_CHECK(state_ == State::kWaiting);
  OBJ_CHECK(memory_ == Memory::kAsked);
  memory_ = Memory::kGranted;
  state_ = State::kReading;
  move_on(now_ns, out);
}

void Pull::on_refused(const Error& error, uint64_t now_ns, Actions& out) {
  OBJ_CHECK(state_ == State::kWaiting);
  OBJ_CHECK(memory_ == Memory::kAsked);
  memory_ = Memory::kNotAsked;
  const bool may_pass = error.code == ErrorCode::kOutOfMemory || error.code == ErrorCode::kExists;
  if (may_pass) {
    memory_at_ns_ = now_ns + memory_backoff_.next(jitter_);
    move_on(now_ns, out);
  } else {
    fail({.error = error, .object = id_}, out);
  }
}

void Pull::ask_for_memory(uint64_t now_ns, Actions& out) {
  const bool due = state_ == State::kWaiting && memory_ == Memory::kNotAsked &&
                   now_ns >= memory_at_ns_ && has_live_source();
  if (!due) return;
  memory_ = Memory::kAsked;
  out.push_back(Reserve{});
}

// ---- reads --------------------------------------------------------------------------------------

uint32_t Pull::next_read_bytes(uint32_t source, uint64_t now_ns) {
  const PullSource& from = sources_[source];
  const bool may_read = state_ == State::kReading && from.state == PullSource::State::kLive &&
                        !from.parts_hurried && now_ns >= from.retry_at_ns;
  if (!may_read) return 0;
  const std::optional<uint32_t> chunk = chunks_.first_missing();
  if (!chunk || chunks_.end(*chunk) > from.source.ready_bytes) return 0;
  return chunks_.size_bytes(*chunk);
}

Pull::Read Pull::take_read(uint32_t source, uint64_t now_ns) {
  OBJ_CHECK(next_read_bytes(source, now_ns) > 0);
  const uint32_t chunk = *chunks_.first_missing();
  chunks_.start(chunk, static_cast<uint16_t>(source));
  part_posted(sources_[source], now_ns);
  sources_[source].reads_in_flight++;
  return {chunk, chunks_.offset(chunk), chunks_.size_bytes(chunk)};
}

void Pull::on_read_done(uint32_t part, const Result<ReadProof>& result, uint64_t now_ns,
                        Actions& out) {
  OBJ_CHECK(part < chunks_.count() && chunks_.state(part) == ChunkMap::State::kInFlight);
  PullSource& source = sources_[chunks_.source(part)];
  const bool was_hurried = source.parts_hurried;
  source.reads_in_flight--;
  part_done(source, now_ns);
  // What a source sent before it was found wrong or dead can no longer be verified.
  const bool can_be_verified =
      source.state == PullSource::State::kLive || source.state == PullSource::State::kWithdrawn;
  const bool is_proven = result && *result == ReadProof::kSameGeneration;
  if (running() && is_proven) {
    ChunkMap::List proven;
    chunks_.complete(part, proven);
    chunks_.verify(proven);
    note_progress(source);
    show_ready(out);
  } else if (running() && result && can_be_verified) {
    chunks_.complete(part, source.unverified);
    note_progress(source);
  } else {
    chunks_.lose(part);
    if (running() && !result && !was_hurried) note_failure(source, result.error(), now_ns, out);
  }
  move_on(now_ns, out);
}

void Pull::part_posted(PullSource& source, uint64_t now_ns) {
  if (source.parts_in_flight == 0) source.quiet_since_ns = now_ns;
  source.parts_in_flight++;
  parts_in_flight_++;
}

void Pull::part_done(PullSource& source, uint64_t now_ns) {
  source.quiet_since_ns = now_ns;
  source.parts_in_flight--;
  parts_in_flight_--;
  if (source.parts_in_flight == 0) source.parts_hurried = false;
}

void Pull::show_ready(Actions& out) {
  const uint64_t ready_bytes = chunks_.ready_bytes();
  if (ready_bytes == shown_bytes_ || chunks_.all_verified()) return;
  shown_bytes_ = ready_bytes;
  out.push_back(ShowReady{ready_bytes});
}

// ---- the generation check -----------------------------------------------------------------------

bool Pull::wants_check(const PullSource& source) {
  const bool can_answer =
      source.state == PullSource::State::kLive || source.state == PullSource::State::kWithdrawn;
  const bool may_ask = can_answer && !source.check_in_flight() && !source.parts_hurried &&
                       seen_ns_ >= source.retry_at_ns;
  if (!may_ask) return false;
  if (source.unverified.count > 0) {
    return source.reads_in_flight == 0 || source.unverified.count >= options_.check_every_chunks;
  }
  return wants_probe(source);
}

// A look that verifies nothing: is the object there at all, or how far has a partial copy come?
bool Pull::wants_probe(const PullSource& source) {
  if (source.state != PullSource::State::kLive) return false;
  if (chunks_.count() == 0) return !presence_checked_ && parts_in_flight_ == 0;
  const std::optional<uint32_t> chunk = chunks_.first_missing();
  return chunk && chunks_.end(*chunk) > source.source.ready_bytes && source.parts_in_flight == 0 &&
         seen_ns_ >= source.probe_at_ns;
}

void Pull::post_checks(uint64_t now_ns, Actions& out) {
  if (state_ != State::kReading) return;
  for (uint32_t index = 0; index < sources_.size(); index++) {
    PullSource& source = sources_[index];
    if (!wants_check(source)) continue;
    chunks_.move(source.unverified, source.under_check);
    part_posted(source, now_ns);
    out.push_back(CheckSource{index});
  }
}

void Pull::on_check_done(uint32_t part, const Result<SlotSighting>& result, uint64_t now_ns,
                         Actions& out) {
  OBJ_CHECK(part >= kCheckPart && part - kCheckPart < sources_.size());
  PullSource& source = sources_[part - kCheckPart];
  OBJ_CHECK(source.check_in_flight());
  const bool was_hurried = source.parts_hurried;
  part_done(source, now_ns);
  const bool matters = running() && (source.state == PullSource::State::kLive ||
                                     source.state == PullSource::State::kWithdrawn);
  if (matters && !result) {
    const Error& error = result.error();
    check_failed_at(source, was_hurried ? Error{ErrorCode::kTimeout, 0, "check"} : error, now_ns,
                    out);
  } else if (matters) {
    const std::optional<Error> wrong = contradiction(*result, source.source, id_, shape_);
    if (wrong) {
      distrust(source, *wrong, out);
      note_trouble(now_ns);
    } else {
      check_passed_at(source, result->ready_bytes, now_ns, out);
    }
  }
  move_on(now_ns, out);
}

void Pull::check_failed_at(PullSource& source, const Error& error, uint64_t now_ns, Actions& out) {
  chunks_.move(source.under_check, source.unverified);
  note_failure(source, error, now_ns, out);
  source.checks_failed++;
  if (source.checks_failed < kChecksFailedMax) return;
  source.checks_failed = 0;
  chunks_.lose(source.unverified);
}

void Pull::check_passed_at(PullSource& source, uint64_t ready_bytes, uint64_t now_ns,
                           Actions& out) {
  const bool grew = ready_bytes > source.source.ready_bytes;
  if (grew) source.source.ready_bytes = std::min(ready_bytes, shape_.transfer_bytes);
  const bool verified = source.under_check.count > 0 || chunks_.count() == 0;
  chunks_.verify(source.under_check);
  source.checks_failed = 0;
  presence_checked_ = true;
  if (verified || grew) {
    note_progress(source);
    source.probe.reset();
    show_ready(out);
  } else {
    source.probe_at_ns = now_ns + source.probe.next(jitter_);
    note_trouble(now_ns);
  }
}

// ---- what follows -------------------------------------------------------------------------------

void Pull::tick(uint64_t now_ns, Actions& out) {
  for (uint32_t index = 0; index < sources_.size(); index++) check_stalled(index, now_ns, out);
  move_on(now_ns, out);
}

void Pull::move_on(uint64_t now_ns, Actions& out) {
  seen_ns_ = now_ns;
  if (state_ == State::kDraining) end_drained(out);
  if (!running()) return;
  lose_hope(now_ns, out);
  if (!running()) return;
  ask_for_memory(now_ns, out);
  ask_to_restore(now_ns, out);
  post_checks(now_ns, out);
  finish(out);
}

void Pull::ask_to_restore(uint64_t now_ns, Actions& out) {
  if (!spilled_at_ || has_live_source()) {
    restore_backoff_.reset();
    restore_at_ns_ = 0;
  } else if (now_ns >= restore_at_ns_) {
    last_cause_ = {
        .error = {ErrorCode::kTimeout, 0, "restore"}, .object = id_, .node = spilled_at_};
    note_trouble(now_ns);
    restore_at_ns_ = now_ns + restore_backoff_.next(jitter_);
    out.push_back(AskRestore{*spilled_at_});
  }
}

void Pull::note_progress(PullSource& source) {
  source.retry.reset();
  source.unreachable = false;
  hope_until_ns_ = kForeverNs;
  forsaken_ = false;
}

// Only trouble starts the clock: a pull that waits for its turn or for memory is not hopeless.
void Pull::note_trouble(uint64_t now_ns) {
  hope_until_ns_ = std::min(hope_until_ns_, now_ns + ns(options_.give_up_ms));
}

// Only nodes that read it themselves are left, and none of them has a byte that we lack. If they
// got their bytes from a holder that is gone, they wait for each other, and would for ever.
bool Pull::starves() {
  const bool is_stuck = state_ == State::kReading && chunks_.in_flight() == 0 &&
                        has_live_source() && !has_whole_source();
  if (!is_stuck) return false;
  const std::optional<uint32_t> chunk = chunks_.first_missing();
  return chunk && std::none_of(sources_.begin(), sources_.end(), [&](const PullSource& entry) {
           return entry.state == PullSource::State::kLive &&
                  entry.source.ready_bytes >= chunks_.end(*chunk);
         });
}

void Pull::lose_hope(uint64_t now_ns, Actions& out) {
  had_whole_ |= has_whole_source();
  const bool is_lost = !sources_.empty() && !has_live_source();
  const bool forsaken = (is_lost || (had_whole_ && starves())) && !spilled_at_;
  if (forsaken && !forsaken_) {
    if (!last_cause_.node) last_cause_.error.where = "no node has all of it";
    hope_until_ns_ = std::min(hope_until_ns_, now_ns + ns(options_.no_source_grace_ms));
  } else if (!forsaken && forsaken_) {
    hope_until_ns_ = now_ns + ns(options_.give_up_ms);
  }
  forsaken_ = forsaken;
  if (now_ns >= hope_until_ns_) fail(last_cause_, out);
}

// The only way to Sealed, so no path can forget the check.
void Pull::finish(Actions& out) {
  // Of an object without bytes, that it exists is all there is to verify.
  const bool verified = chunks_.all_verified() && (chunks_.count() > 0 || presence_checked_);
  if (state_ != State::kReading || !verified) return;
  OBJ_CHECK(chunks_.in_flight() == 0);
  state_ = State::kSealed;
  out.push_back(Seal{});
}

void Pull::fail(const PullFailure& failure, Actions& out) {
  out.push_back(TellFailure{failure});
  stop(State::kFailed, out);
}

void Pull::cancel(Actions& out) {
  if (running()) stop(State::kCancelled, out);
}

void Pull::stop(State end, Actions& out) {
  end_ = end;
  state_ = State::kDraining;
  end_drained(out);
}

void Pull::end_drained(Actions& out) {
  if (chunks_.in_flight() > 0) return;
  state_ = end_;
  if (memory_ != Memory::kNotAsked) out.push_back(Release{});
}

uint64_t Pull::next_deadline_ns() const {
  uint64_t deadline_ns = kForeverNs;
  const auto include = [&](uint64_t at_ns) { deadline_ns = std::min(deadline_ns, at_ns); };
  const auto include_future = [&](uint64_t at_ns) {
    if (at_ns > seen_ns_) include(at_ns);
  };
  for (const PullSource& source : sources_) {
    const bool may_stall = source.parts_in_flight > 0 && !source.parts_hurried;
    if (may_stall) include(source.quiet_since_ns + ns(options_.pull_timeout_ms));
    if (running()) include_future(source.retry_at_ns);
    if (running()) include_future(source.probe_at_ns);
  }
  if (!running()) return deadline_ns;
  include(hope_until_ns_);
  if (memory_ == Memory::kNotAsked) include_future(memory_at_ns_);
  if (spilled_at_) include_future(restore_at_ns_);
  return deadline_ns;
}

}  // namespace obj
