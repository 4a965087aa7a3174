// SPDX-License-Identifier: Apache-2.0
#include "client/cluster_calls.hh"

#include <vector>

#include "base/clock.hh"
#include "client/answers.hh"
#include "client/blocking_run.hh"
#include "client/get_calls.hh"

namespace obj::client {
namespace {

// Waits for the answers and reports the first failure.
Status collect(Client& client, Waiter& waiter, const std::vector<Operation*>& operations,
               uint64_t gives_up_ns) {
  Progress& progress = client.progress();
  progress.publish();
  progress.wait(waiter, gives_up_ns);
  Status first = OBJ_OK;
  for (Operation* const operation : operations) {
    const Order order = operation->order();
    if (progress.abandon(*operation)) {
      if (first == OBJ_OK) first = report_silence(order);
      continue;
    }
    if (first == OBJ_OK) first = report(*operation);
    progress.recycle(*operation);
  }
  return first;
}

}  // namespace

Status prefetch(Client& client, std::span<const obj_id> ids, int32_t timeout_ms) {
  const uint64_t now_ns = monotonic_ns();
  const uint64_t gives_up_ns = give_up_ns(client, now_ns);
  Waiter waiter;
  std::vector<Operation*> operations;
  operations.reserve(ids.size());  // so that nothing fails while operations refer to the waiter
  Status status = OBJ_OK;
  for (size_t i = 0; i < ids.size() && status == OBJ_OK; i++) {
    Order order{Order::Kind::kPrefetch};
    order.id = id_of(ids[i]);
    order.deadline_ns = deadline_after_ms(now_ns, timeout_ms);
    order.more = i + 1 < ids.size();
    const auto admitted = client.progress().admit(order, gives_up_ns);
    if (!admitted) {
      status = admitted.error();
      break;
    }
    operations.push_back(admitted->operation);
    client.progress().post(*admitted->operation, &waiter, Progress::Send::kLater);
  }
  const Status collected = collect(client, waiter, operations, gives_up_ns);
  return status != OBJ_OK ? status : collected;
}

Status push(Client& client, const ObjectId& id, uint32_t node) {
  Order order{Order::Kind::kPush};
  order.id = id;
  order.node = node;
  const auto finished = run(client, order);
  return finished ? OBJ_OK : finished.error();
}

}  // namespace obj::client
