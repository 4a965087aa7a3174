// SPDX-License-Identifier: Apache-2.0
#include "client/wait_calls.hh"

#include <algorithm>
#include <vector>

#include "base/clock.hh"
#include "client/answers.hh"
#include "client/blocking_run.hh"
#include "client/get_calls.hh"

namespace obj::client {
namespace {

// One kWait for each object that is not here yet.
struct Missing {
  std::vector<size_t> indices;
  std::vector<Order> orders;
  std::vector<Operation*> operations;

  void add(size_t index, const ObjectId& id, uint64_t deadline_ns) {
    Order order{Order::Kind::kWait};
    order.id = id;
    order.deadline_ns = deadline_ns;
    indices.push_back(index);
    orders.push_back(order);
    operations.push_back(nullptr);
  }
};

// Those that are not needed any more are left to themselves: each is cancelled, and its completion
// is taken by whichever call comes next. REQUIRES: every operation was posted.
Status collect(Progress& progress, const Missing& missing, std::span<uint8_t> ready) {
  Status worst = OBJ_OK;
  for (size_t i = 0; i < missing.operations.size(); i++) {
    Operation& operation = *missing.operations[i];
    if (progress.abandon(operation)) continue;
    const Status status = status_of(operation);
    if (status == OBJ_OK) ready[missing.indices[i]] = 1;
    if (status == OBJ_EDISCONNECTED) worst = report(operation);
    progress.recycle(operation);
  }
  return worst;
}

Status ask_daemon(Client& client, Missing& missing, size_t wanted, uint64_t deadline_ns,
                  std::span<uint8_t> ready) {
  Progress& progress = client.progress();
  const uint64_t gives_up_ns = give_up_ns(client, deadline_ns);
  // Tags that others hold may be held for ever: that must not be how long we wait for them.
  const uint64_t tags_by_ns = std::min(gives_up_ns, give_up_ns(client, monotonic_ns()));
  const auto admitted = progress.admit_all(missing.orders, missing.operations, tags_by_ns);
  if (!admitted) return admitted.error();
  Waiter waiter(wanted);
  for (Operation* const operation : missing.operations) {
    progress.post(*operation, &waiter, Progress::Send::kLater);
  }
  progress.publish();
  progress.wait(waiter, gives_up_ns);
  return collect(progress, missing, ready);
}

}  // namespace

Status wait_for(Client& client, std::span<const obj_id> ids, size_t wanted, int32_t timeout_ms,
                std::span<uint8_t> ready, size_t& ready_count) {
  const uint64_t deadline_ns = deadline_after_ms(monotonic_ns(), timeout_ms);
  Missing missing;
  for (size_t i = 0; i < ids.size(); i++) {
    const ObjectId id = id_of(ids[i]);
    ready[i] = client.reader().sees(id) ? 1 : 0;
    if (ready[i] == 0) missing.add(i, id, deadline_ns);
  }
  const size_t here = ids.size() - missing.indices.size();
  if (here < wanted) {
    if (missing.indices.size() > client.layout().requests_max) {
      return fail(OBJ_ELIMIT, "obj_wait: %zu objects are missing, more than requests_max (%u)",
                  missing.indices.size(), client.layout().requests_max);
    }
    const Status asked = ask_daemon(client, missing, wanted - here, deadline_ns, ready);
    if (asked != OBJ_OK) return asked;
  }
  ready_count = static_cast<size_t>(std::ranges::count(ready, uint8_t{1}));
  if (ready_count >= wanted) return OBJ_OK;
  return fail(OBJ_ETIMEOUT, "obj_wait: %zu of the %zu objects wanted are here", ready_count,
              wanted);
}

}  // namespace obj::client
