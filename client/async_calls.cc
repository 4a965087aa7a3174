// SPDX-License-Identifier: Apache-2.0
#include "client/async_calls.hh"

#include "base/clock.hh"
#include "client/answers.hh"
#include "client/blocking_run.hh"
#include "client/get_calls.hh"
#include "client/object_calls.hh"

namespace obj::client {
namespace {

OrStatus<obj_request*> start(Client& client, const OrStatus<Order>& order) {
  if (!order) return std::unexpected(order.error());
  const auto admitted = client.progress().admit(*order, 0);
  if (!admitted) return std::unexpected(admitted.error());
  stage(*order, admitted->staging);
  client.progress().post(*admitted->operation, nullptr, Progress::Send::kNow);
  return admitted->operation;
}

// Hands the result of a Done operation to its user and frees it.
void collect(Client& client, Operation& operation) {
  const Order& order = operation.order();
  const bool is_get = order.kind == Order::Kind::kGet && order.out != nullptr;
  if (is_get && operation.succeeded()) {
    fill_view(client, operation, *static_cast<obj_view*>(order.out));
  } else if (is_get) {
    client.reader().put_back(order.pin_cell);
  } else if (order.kind == Order::Kind::kCreate && operation.succeeded()) {
    fill_buffer(client, operation, *static_cast<obj_buffer*>(order.out));
  }
  client.progress().recycle(operation);
}

Status stale_request() {
  return fail(OBJ_EINVAL, "the request was collected before, or is not one of this client");
}

}  // namespace

OrStatus<obj_request*> start_put(Client& client, const NewObject& object, int32_t timeout_ms) {
  return start(client, put_order(client, object, timeout_ms));
}

OrStatus<obj_request*> start_create(Client& client, const NewObject& object, int32_t timeout_ms,
                                    obj_buffer& buffer) {
  auto order = create_order(client, object, timeout_ms);
  if (order) order->out = &buffer;
  return start(client, order);
}

OrStatus<obj_request*> start_seal(Client& client, obj_buffer& buffer) {
  const auto started = start(client, buffer_order(client, Order::Kind::kSeal, buffer));
  if (started) buffer = obj_buffer{};
  return started;
}

OrStatus<obj_request*> start_get(Client& client, const ObjectId& id, int32_t timeout_ms,
                                 obj_view& view) {
  Order order{Order::Kind::kGet};
  order.id = id;
  switch (client.reader().try_view(id, view)) {
    case LocalReader::Attempt::kViewed: {
      auto done = client.progress().admit_done(order);
      if (!done) client.reader().release(view);
      return done;
    }
    case LocalReader::Attempt::kNoCell: return std::unexpected(report_no_cell(client));
    case LocalReader::Attempt::kAskDaemon: break;
  }
  const auto cell = reserve_cell(client);
  if (!cell) return std::unexpected(cell.error());
  order.deadline_ns = deadline_after_ms(monotonic_ns(), timeout_ms);
  order.pin_cell = *cell;
  order.out = &view;
  auto started = start(client, order);
  if (!started) client.reader().put_back(*cell);
  return started;
}

OrStatus<obj_request*> start_remove(Client& client, const ObjectId& id) {
  return start(client, remove_order(client, id));
}

Status test(Client& client, obj_request*& request, int& done, int* status) {
  if (request == nullptr) {
    done = 1;
    return OBJ_OK;
  }
  Operation& operation = *request;
  switch (client.progress().test(operation)) {
    case Progress::Standing::kStale: return stale_request();
    case Progress::Standing::kPending: done = 0; return OBJ_OK;
    case Progress::Standing::kDone: break;
  }
  const Status result = report(operation);
  if (status != nullptr) *status = result;
  collect(client, operation);
  request = nullptr;
  done = 1;
  return OBJ_OK;
}

Status wait_all(Client& client, std::span<obj_request*> requests, int32_t timeout_ms,
                int* statuses) {
  const uint64_t deadline_ns = deadline_after_ms(monotonic_ns(), timeout_ms);
  const auto standing = client.progress().wait_all(requests, deadline_ns);
  if (standing == Progress::Standing::kStale) return stale_request();

  Status first_failure = OBJ_OK;
  size_t pending = 0;
  for (size_t i = 0; i < requests.size(); i++) {
    if (requests[i] == nullptr) continue;
    Operation& operation = *requests[i];
    if (standing == Progress::Standing::kPending && !client.progress().is_done(operation)) {
      pending++;
      continue;
    }
    const Status status = first_failure == OBJ_OK ? report(operation) : status_of(operation);
    if (first_failure == OBJ_OK) first_failure = status;
    if (statuses != nullptr) statuses[i] = status;
    collect(client, operation);
    requests[i] = nullptr;
  }
  if (pending == 0) return first_failure;
  return fail(OBJ_ETIMEOUT, "obj_wait_all: %zu of %zu requests are not complete", pending,
              requests.size());
}

}  // namespace obj::client
