// SPDX-License-Identifier: Apache-2.0
#include "client/get_calls.hh"

#include <vector>

#include "base/clock.hh"
#include "client/answers.hh"
#include "client/blocking_run.hh"

namespace obj::client {
namespace {

Order get_order(const ObjectId& id, uint64_t deadline_ns, uint32_t cell, bool more = false) {
  Order order{Order::Kind::kGet};
  order.more = more;
  order.id = id;
  order.deadline_ns = deadline_ns;
  order.pin_cell = cell;
  return order;
}

// The objects of one obj_get_many() that the daemon must be asked for.
class Batch {
 public:
  Batch(Client& client, uint64_t deadline_ns, size_t misses_max)
      : client_(client), deadline_ns_(deadline_ns), gives_up_ns_(give_up_ns(client, deadline_ns)) {
    misses_.reserve(misses_max);  // so that nothing fails while operations refer to waiter_
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Asks as soon as a tag is free. Those that fit at once are sent together, by wait(). `more`:
  // another one follows, so that the daemon brings them from other nodes as one bundle.
  // REQUIRES: called at most misses_max times.
  Status ask(size_t index, const ObjectId& id, bool more);
  // Until all have ended. Writes the views and statuses of what was asked.
  void collect(std::span<obj_view> views, std::span<int> statuses);

 private:
  struct Miss {
    size_t index;
    Operation* operation;
  };
  Status finish(Operation& operation, obj_view& view);

  Client& client_;
  const uint64_t deadline_ns_;
  const uint64_t gives_up_ns_;
  Waiter waiter_;
  std::vector<Miss> misses_;
};

Status Batch::ask(size_t index, const ObjectId& id, bool more) {
  const auto cell = reserve_cell(client_);
  if (!cell) return cell.error();
  const auto admitted =
      client_.progress().admit(get_order(id, deadline_ns_, *cell, more), gives_up_ns_);
  if (!admitted) {
    client_.reader().put_back(*cell);
    return admitted.error();
  }
  misses_.push_back({index, admitted->operation});
  client_.progress().post(*admitted->operation, &waiter_, Progress::Send::kLater);
  return OBJ_OK;
}

void Batch::collect(std::span<obj_view> views, std::span<int> statuses) {
  client_.progress().publish();
  client_.progress().wait(waiter_, gives_up_ns_);
  for (const auto& [index, operation] : misses_) {
    statuses[index] = finish(*operation, views[index]);
  }
}

Status Batch::finish(Operation& operation, obj_view& view) {
  Progress& progress = client_.progress();
  if (progress.abandon(operation)) return OBJ_ETIMEOUT;
  const Status status = status_of(operation);
  if (status == OBJ_OK) {
    fill_view(client_, operation, view);
  } else {
    client_.reader().put_back(operation.order().pin_cell);
  }
  progress.recycle(operation);
  return status;
}

Status report_first_failure(std::span<const obj_id> ids, std::span<const int> statuses) {
  size_t failed = 0;
  size_t first = 0;
  for (size_t i = ids.size(); i-- > 0;) {
    if (statuses[i] == OBJ_OK) continue;
    first = i;
    failed++;
  }
  if (failed == 0) return OBJ_OK;
  const auto status = static_cast<Status>(statuses[first]);
  return fail(status, "obj_get_many: %zu of %zu objects could not be got; the first is %s: %s",
              failed, ids.size(), to_hex(id_of(ids[first])).c_str(), obj_status_name(status));
}

}  // namespace

Status report_no_cell(const Client& client) {
  return fail(OBJ_ELIMIT, "%u views are held: release some, or raise pins_max in obj_open_options",
              client.layout().pins_max);
}

OrStatus<uint32_t> reserve_cell(Client& client) {
  if (const auto cell = client.pins().take()) return *cell;
  return std::unexpected(report_no_cell(client));
}

void fill_view(Client& client, const Operation& operation, obj_view& view) {
  const session::Completion& answer = operation.answer();
  client.reader().fill_pinned(view, operation.order().pin_cell, answer.slot, answer.generation,
                              answer.offset, answer.data_bytes, answer.metadata_bytes);
}

Status get_slowly(Client& client, const ObjectId& id, int32_t timeout_ms,
                  LocalReader::Attempt attempt, obj_view& view) {
  if (attempt == LocalReader::Attempt::kNoCell) return report_no_cell(client);
  const auto cell = reserve_cell(client);
  if (!cell) return cell.error();
  const uint64_t deadline_ns = deadline_after_ms(monotonic_ns(), timeout_ms);
  const auto finished = run(client, get_order(id, deadline_ns, *cell));
  if (!finished) return finished.error();
  fill_view(client, **finished, view);
  return OBJ_OK;
}

Status get_many(Client& client, std::span<const obj_id> ids, int32_t timeout_ms,
                std::span<obj_view> views, std::span<int> statuses) {
  // Hits first: they need no message, and pins that are left over are for the rest.
  std::vector<size_t> misses;
  for (size_t i = 0; i < ids.size(); i++) {
    switch (client.reader().try_view(id_of(ids[i]), views[i])) {
      case LocalReader::Attempt::kViewed: statuses[i] = OBJ_OK; break;
      case LocalReader::Attempt::kNoCell: statuses[i] = OBJ_ELIMIT; break;
      case LocalReader::Attempt::kAskDaemon: misses.push_back(i); break;
    }
  }
  if (!misses.empty()) {
    Batch batch(client, deadline_after_ms(monotonic_ns(), timeout_ms), misses.size());
    for (const size_t i : misses) statuses[i] = batch.ask(i, id_of(ids[i]), i != misses.back());
    batch.collect(views, statuses);
  }
  return report_first_failure(ids, statuses);
}

Status contains(Client& client, const ObjectId& id, int& present) {
  if (client.reader().sees(id)) {
    present = 1;
    return OBJ_OK;
  }
  // Not in the index may only mean that the chain moved while we looked.
  Order order{Order::Kind::kWait};
  order.id = id;
  const auto finished = run_to_end(client, order);
  if (!finished) return finished.error();
  const Status status = status_of(**finished);
  const bool is_absent = status == OBJ_ENOTFOUND || status == OBJ_ETIMEOUT;
  if (status != OBJ_OK && !is_absent) return report(**finished);
  present = is_absent ? 0 : 1;
  return OBJ_OK;
}

Status release_many(Client& client, std::span<obj_view> views) {
  size_t refused = 0;
  for (obj_view& view : views) {
    if (view.data == nullptr) continue;
    if (!client.reader().release(view)) refused++;
  }
  if (refused == 0) return OBJ_OK;
  return fail(OBJ_EINVAL,
              "obj_release_many: %zu views are not held by this client, or not any more", refused);
}

}  // namespace obj::client
