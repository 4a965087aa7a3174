// SPDX-License-Identifier: Apache-2.0
// node/local_service.hh -- what the node answers its local clients: decisions, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hh"
#include "client/session/layout.hh"
#include "node/cold_storage.hh"
#include "node/elsewhere.hh"
#include "node/operation.hh"
#include "node/prefetches.hh"
#include "node/waiters.hh"
#include "node/wishes.hh"
#include "store/admission.hh"
#include "store/object_store.hh"

namespace obj {

// Seam to the sessions: how an answer reaches a client. Implemented by SessionSet and by test
// fakes.
class Answers {
 public:
  virtual ~Answers() = default;

  // Sends one completion. `detail`: a sentence for people, or empty.
  // A session that is gone or is being ended swallows it.
  virtual void complete(SessionId session, const session::Completion& completion,
                        const std::string& detail) = 0;

  // Stores a pin of `ref` into a cell of the session's segment, before the completion that tells
  // it.
  virtual void set_pin(SessionId session, uint32_t pin_cell, ObjectRef ref) = 0;

  // "pid 4711 (train.py)", for messages about who holds memory.
  virtual std::string describe(SessionId session) const = 0;
  // 0 if the session is gone.
  virtual int32_t pid(SessionId session) const = 0;
};

// Who asks.
struct Caller {
  SessionId session;
  bool read_only;
  std::span<const std::byte>
      staging;  // the session's staging blocks; the client may write them now
};

struct ServiceCounters {
  uint64_t puts = 0;  // inline
  uint64_t creates = 0;
  uint64_t seals = 0;
  uint64_t aborts = 0;
  uint64_t slow_gets = 0;  // those that came as a message
  uint64_t waits = 0;
  uint64_t deletes = 0;
  uint64_t out_of_memory = 0;
  uint64_t prefetches = 0;
  uint64_t pushes = 0;
  uint64_t remote_failures = 0;  // gets and waits that ended because a pull failed
  uint64_t spills = 0;           // asked for by name
  uint64_t recalls = 0;          // gets and restores of what was in storage only
  uint64_t recall_failures = 0;
};

// What concerns objects of other nodes is in local_service_elsewhere.cc, what concerns those in
// storage in local_service_storage.cc.
//
// Lifetime: everything passed to the constructor must outlive it.
// Threads:  the reactor thread.
class LocalService : public ElsewhereNews, public ColdStorageNews {
 public:
  LocalService(ObjectStore& store, Admission& admission, Readers& readers, Answers& answers,
               std::span<std::byte> arena);

  // The rest of the cluster. Before the first request; without it the node is alone.
  void set_elsewhere(Elsewhere& elsewhere) { elsewhere_ = &elsewhere; }
  // The node's storage. Before the first request; without it nothing is spilled.
  void set_storage(ColdStorage& storage) { storage_ = &storage; }

  // Carries out one checked request. Every operation but Cancel gets exactly one completion, now or
  // later, unless its session ends first.
  // REQUIRES: `tag` names no other operation of the session in flight.
  void handle(const Caller& caller, uint32_t tag, const Operation& operation, uint64_t now_ns);

  // The session is gone, and Readers no longer shows its pins.
  void end_session(SessionId session);

  // A client rang: it may have released something.
  void on_bell() { relief_ = true; }

  // Does what is due: expired waits, waiting creates, withdrawn objects. Call it after each batch
  // of requests and at next_deadline_ns().
  void advance(uint64_t now_ns);
  uint64_t next_deadline_ns() const;

  // ElsewhereNews.
  void on_pulled(const Placement& placement) override { announce_sealed(placement); }
  void on_bundle_done(BundleId bundle, uint64_t now_ns) override;
  void on_bundle_failed(BundleId bundle, const PullFailure& failure, uint64_t now_ns) override;
  void on_relief() override { relief_ = true; }
  void on_freed(QuestionTag tag, const Result<uint32_t>& holders, const std::string& why) override;
  void on_pushed(QuestionTag tag, const Result<void>& result, const std::string& why) override;
  bool on_push(const ObjectId& id, uint64_t now_ns) override;

  // ColdStorageNews.
  void on_recalled(const Placement& placement) override { announce_sealed(placement); }
  void on_recall_failed(const ObjectId& id, const Error& error, const std::string& why) override;
  void on_spilled(QuestionTag tag, const Result<void>& result, const std::string& why) override;
  void on_storage_relief() override { relief_ = true; }

  const ServiceCounters& counters() const { return counters_; }
  size_t waiting_creates() const { return admission_.waiting(); }
  size_t waiting_gets() const { return waiters_.size(); }
  size_t waiting_gets(SessionId session) const { return waiters_.size(session); }

 private:
  // While anything waits for pins to go, look again this often even if nobody rings: a client need
  // not be well-behaved (docs/notes/pin_protocol.md).
  static constexpr uint64_t kRescanNs = 10'000'000;
  // How long an object that another node pushed is wanted.
  static constexpr uint64_t kPushedWantedNs = 60'000'000'000;

  void on(const Caller& caller, uint32_t tag, const op::Create& create);
  void on(const Caller& caller, uint32_t tag, const op::PutInline& put);
  void on(const Caller& caller, uint32_t tag, const op::Seal& seal);
  void on(const Caller& caller, uint32_t tag, const op::Abort& abort);
  void on(const Caller& caller, uint32_t tag, const op::Get& get);
  void on(const Caller& caller, uint32_t tag, const op::Wait& wait);
  void on(const Caller& caller, uint32_t tag, const op::Delete& del);
  void on(const Caller& caller, uint32_t tag, const op::Pin& pin);
  void on(const Caller& caller, uint32_t tag, const op::Unpin& unpin);
  void on(const Caller& caller, uint32_t tag, const op::Stat& stat);
  void on(const Caller& caller, uint32_t tag, const op::Cancel& cancel);
  void on(const Caller& caller, uint32_t tag, const op::Prefetch& prefetch);
  void on(const Caller& caller, uint32_t tag, const op::Push& push);
  void on(const Caller& caller, uint32_t tag, const op::Spill& spill);
  void on(const Caller& caller, uint32_t tag, const op::Restore& restore);

  void get_or_wait(const Waiter& waiter, int32_t timeout_ms, PullClass pull_class);
  void grant(const Waiter& waiter, const Placement& placement);
  void expire(const Waiter& waiter);
  void expire_here(const Waiter& waiter);
  void announce_sealed(const Placement& sealed);
  void conclude(SessionId session, uint32_t tag, session::Outcome outcome,
                const std::string& detail);

  // Storage.
  bool is_in_storage(const ObjectId& id) const;
  void wait_for_storage(const Waiter& waiter);
  void recall_draft();
  void expire_in_storage(const Waiter& waiter);
  void fail_waiters(const ObjectId& id, session::Outcome outcome, const std::string& why);
  void end_hopeless_creates();

  // Other nodes.
  void wish(const Waiter& waiter, PullClass pull_class);
  void request_draft();
  void request(const Wishes::Draft& draft);
  void fail_wish(const Wish& wish, session::Outcome outcome, const std::string& why);
  void no_longer_waits(const Waiter& waiter);
  void end_wishes(SessionId session);
  bool request_prefetch();
  void expire_prefetches();
  void expire_remote(const Waiter& waiter);
  void answer_create(const CreateOutcome& outcome);
  void answer(SessionId session, uint32_t tag, session::Outcome outcome);
  void answer(SessionId session, uint32_t tag, const Result<void>& result);
  std::string who_holds_the_memory();
  void update_release_bell();

  ObjectStore& store_;
  Readers& readers_;
  Answers& answers_;
  std::span<std::byte> arena_;
  Admission& admission_;
  Elsewhere* elsewhere_ = nullptr;  // null: this node is alone
  ColdStorage* storage_ = nullptr;  // null: there is none
  Waiters waiters_;
  Wishes wishes_;
  Prefetches prefetches_;
  std::vector<Waiter> recalling_;  // the gets of one call that wait for storage, so far
  ServiceCounters counters_;
  uint64_t now_ns_ = 0;  // of the request being handled

  bool relief_ = false;           // memory may have come back since the last advance()
  bool releases_wanted_ = false;  // what clients were told last
  uint64_t rescan_at_ns_ = kForeverNs;
  std::vector<Waiter> due_;              // scratch
  std::vector<CreateOutcome> outcomes_;  // scratch
  std::vector<BundleId> unwanted_;       // scratch
};

}  // namespace obj
