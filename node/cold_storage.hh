// SPDX-License-Identifier: Apache-2.0
// node/cold_storage.hh -- seam: objects in storage, as the local service and the cluster need them.
//
// Implemented by Storage (node/spill/). A node without spill_directory has none. See docs/spill.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/object_id.hh"
#include "base/result.hh"
#include "node/elsewhere.hh"
#include "node/spill/spilled_objects.hh"
#include "store/admission.hh"
#include "store/object_ref.hh"

namespace obj {

// Who keeps other nodes informed.
class ColdStorageWatcher {
 public:
  virtual ~ColdStorageWatcher() = default;
  // The record of an object that was in storage only is no more. Must not call the storage.
  virtual void on_forgotten(const SpilledObject& object) = 0;
};

// Threads: the reactor thread.
class ColdStorage {
 public:
  virtual ~ColdStorage() = default;

  // The record of this id, whether the object is in memory too or not. Null: there is none. Valid
  // until the next call of anything here.
  virtual const SpilledObject* find(const ObjectId& id) const = 0;

  // Brings the object back into memory, if there is room before the deadline.
  // ColdStorageNews::on_recalled() or on_recall_failed() follows, never from inside this call,
  // unless the deadline or a remove() comes first. Asked often, it is read once.
  // No record: no effect.
  virtual void recall(const ObjectId& id, uint64_t deadline_ns, uint64_t now_ns) = 0;

  // The object is deleted: so is its record, and what of it is on its way. Absent: no effect.
  virtual void remove(const ObjectId& id) = 0;

  // Makes the primary `id` safe. on_spilled() follows, never from inside this call.
  virtual void spill(const ObjectId& id, QuestionTag tag) = 0;

  // Why nothing that storage could do will make room for what waits: a sentence; empty: it may.
  virtual std::string why_hopeless(uint64_t now_ns) const = 0;

  // Until another is set; null: nobody.
  virtual void set_watcher(ColdStorageWatcher* watcher) = 0;

  // The ids of all that is in storage only.
  virtual std::vector<ObjectId> list_cold() const = 0;

  // The answer to a create of kSpillSession that waited in the admission queue.
  virtual void on_create_outcome(const CreateOutcome& outcome, uint64_t now_ns) = 0;
};

class ColdStorageNews {
 public:
  virtual ~ColdStorageNews() = default;

  // It is in memory, sealed, at least until this call returns.
  virtual void on_recalled(const Placement& placement) = 0;
  // kInvalid: the record is damaged; kNotFound: it is gone; kSystem; kOutOfMemory: no room in time;
  // kCancelled: deleted. `why` is a sentence.
  virtual void on_recall_failed(const ObjectId& id, const Error& error, const std::string& why) = 0;
  virtual void on_spilled(QuestionTag tag, const Result<void>& result, const std::string& why) = 0;
  // Objects may leave memory now that could not before.
  virtual void on_storage_relief() = 0;
};

}  // namespace obj
