// SPDX-License-Identifier: Apache-2.0
#include "client/object_calls.hh"

#include <bit>
#include <cstring>

#include "base/check.hh"
#include "base/clock.hh"
#include "client/blocking_run.hh"

namespace obj::client {
namespace {

Order order_about(Order::Kind kind, const ObjectId& id) {
  Order order{kind};
  order.id = id;
  return order;
}

std::unexpected<Status> read_only() {
  return std::unexpected(
      fail(OBJ_EREADONLY, "this client is read-only: open one without OBJ_READ_ONLY"));
}

}  // namespace

OrStatus<Order> remove_order(const Client& client, const ObjectId& id) {
  if (client.is_read_only()) return read_only();
  return order_about(Order::Kind::kDelete, id);
}

Status remove(Client& client, const ObjectId& id) {
  const auto order = remove_order(client, id);
  if (!order) return order.error();
  const auto finished = run(client, *order);
  return finished ? OBJ_OK : finished.error();
}

Status pin(Client& client, Order::Kind kind, const ObjectId& id, std::string_view owner) {
  if (client.is_read_only()) return read_only().error();
  Order order = order_about(kind, id);
  OBJ_CHECK(!owner.empty() && owner.size() < sizeof order.owner);
  std::memcpy(order.owner, owner.data(), owner.size());
  const auto finished = run(client, order);
  return finished ? OBJ_OK : finished.error();
}

Status spill(Client& client, const ObjectId& id) {
  if (client.is_read_only()) return read_only().error();
  const auto finished = run(client, order_about(Order::Kind::kSpill, id));
  return finished ? OBJ_OK : finished.error();
}

Status restore(Client& client, const ObjectId& id, int32_t timeout_ms) {
  Order order = order_about(Order::Kind::kRestore, id);
  order.deadline_ns = deadline_after_ms(monotonic_ns(), timeout_ms);
  const auto finished = run(client, order);
  return finished ? OBJ_OK : finished.error();
}

Status stat(Client& client, const ObjectId& id, obj_info& info) {
  const auto finished = run(client, order_about(Order::Kind::kStat, id));
  if (!finished) return finished.error();
  const session::Completion& answer = (*finished)->answer();
  info = obj_info{};
  info.id = std::bit_cast<obj_id>(id);
  info.state = answer.state;  // enum obj_state has SlotState's numbers
  info.owner_pins = answer.owner_pins;
  info.data_bytes = answer.data_bytes;
  info.metadata_bytes = answer.metadata_bytes;
  info.generation = answer.generation;
  info.views = answer.views;
  info.creator_pid = answer.state == OBJ_STATE_CREATING ? answer.creator_pid : 0;
  return OBJ_OK;
}

static_assert(static_cast<int>(SlotState::kCreating) == OBJ_STATE_CREATING);
static_assert(static_cast<int>(SlotState::kSealed) == OBJ_STATE_SEALED);
static_assert(static_cast<int>(SlotState::kEvicting) == OBJ_STATE_LEAVING);

}  // namespace obj::client
