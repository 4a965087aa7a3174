// SPDX-License-Identifier: Apache-2.0
#include "client/put_calls.hh"

#include <cinttypes>

#include "base/clock.hh"
#include "client/blocking_run.hh"

namespace obj::client {
namespace {

OrStatus<Order> order_of(Order::Kind kind, const Client& client, const NewObject& object,
                         int32_t timeout_ms) {
  if (client.is_read_only()) {
    return std::unexpected(
        fail(OBJ_EREADONLY, "this client is read-only: open one without OBJ_READ_ONLY"));
  }
  if (object.metadata_bytes > OBJ_METADATA_BYTES_MAX) {
    return std::unexpected(fail(OBJ_EINVAL, "%" PRIu64 " bytes of metadata are more than %u",
                                object.metadata_bytes, OBJ_METADATA_BYTES_MAX));
  }
  const auto size_bytes = extent_bytes(object.data_bytes, object.metadata_bytes);
  if (!size_bytes || *size_bytes > client.arena().size()) {
    return std::unexpected(fail(OBJ_ETOOLARGE,
                                "%" PRIu64 " bytes can never fit: the arena has %zu; give objd a "
                                "larger one",
                                object.data_bytes, client.arena().size()));
  }
  Order order{kind};
  order.id = object.id;
  order.deadline_ns = deadline_after_ms(monotonic_ns(), timeout_ms);
  order.data_bytes = object.data_bytes;
  order.metadata_bytes = static_cast<uint32_t>(object.metadata_bytes);
  order.data = object.data;
  order.metadata = object.metadata;
  return order;
}

}  // namespace

OrStatus<Order> put_order(const Client& client, const NewObject& object, int32_t timeout_ms) {
  return order_of(Order::Kind::kPut, client, object, timeout_ms);
}

OrStatus<Order> create_order(const Client& client, const NewObject& object, int32_t timeout_ms) {
  return order_of(Order::Kind::kCreate, client, object, timeout_ms);
}

// A buffer's private words: the generation, and {serial of the client, slot + 1}.
OrStatus<Order> buffer_order(const Client& client, Order::Kind kind, const obj_buffer& buffer) {
  const auto slot_plus_1 = static_cast<uint32_t>(buffer.private_[1]);
  if (buffer.private_[1] >> 32 != client.serial() || slot_plus_1 == 0) {
    return std::unexpected(
        fail(OBJ_EINVAL, "the buffer is not one of this client, or it is used up already"));
  }
  Order order{kind};
  order.slot = slot_plus_1 - 1;
  order.generation = buffer.private_[0];
  return order;
}

void fill_buffer(const Client& client, const Operation& operation, obj_buffer& buffer) {
  const Order& order = operation.order();
  std::byte* const start = client.arena().data() + operation.place_offset();
  buffer.data = start;
  buffer.metadata = start + metadata_offset(order.data_bytes);
  buffer.data_bytes = order.data_bytes;
  buffer.metadata_bytes = order.metadata_bytes;
  buffer.private_[0] = operation.answer().generation;
  buffer.private_[1] = uint64_t{client.serial()} << 32 | (uint64_t{operation.answer().slot} + 1);
}

Status put(Client& client, const NewObject& object, int32_t timeout_ms) {
  const auto order = put_order(client, object, timeout_ms);
  if (!order) return order.error();
  const auto finished = run(client, *order);
  return finished ? OBJ_OK : finished.error();
}

Status create(Client& client, const NewObject& object, int32_t timeout_ms, obj_buffer& buffer) {
  const auto order = create_order(client, object, timeout_ms);
  if (!order) return order.error();
  const auto finished = run(client, *order);
  if (!finished) return finished.error();
  fill_buffer(client, **finished, buffer);
  return OBJ_OK;
}

Status end_buffer(Client& client, Order::Kind kind, obj_buffer& buffer) {
  const auto order = buffer_order(client, kind, buffer);
  if (!order) return order.error();
  buffer = obj_buffer{};
  const auto finished = run(client, *order);
  return finished ? OBJ_OK : finished.error();
}

}  // namespace obj::client
