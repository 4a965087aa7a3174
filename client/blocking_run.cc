// SPDX-License-Identifier: Apache-2.0
#include "client/blocking_run.hh"

#include <algorithm>
#include <cstring>

#include "base/clock.hh"
#include "client/answers.hh"

namespace obj::client {
namespace {

// The daemon never got to know the operation, or ended it without a pin.
void give_back_cell(Client& client, const Order& order) {
  if (order.kind == Order::Kind::kGet) client.reader().put_back(order.pin_cell);
}

}  // namespace

uint64_t give_up_ns(Client& client, uint64_t deadline_ns) {
  if (deadline_ns == kForeverNs) return kForeverNs;
  return std::max(deadline_ns, monotonic_ns()) + client.progress().grace_ns();
}

void stage(const Order& order, std::span<std::byte> staging) {
  if (staging.empty()) return;
  if (order.data_bytes != 0) std::memcpy(staging.data(), order.data, order.data_bytes);
  if (order.metadata_bytes == 0) return;
  std::memcpy(staging.data() + metadata_offset(order.data_bytes), order.metadata,
              order.metadata_bytes);
}

OrStatus<Finished> run_to_end(Client& client, const Order& order) {
  Progress& progress = client.progress();
  const uint64_t gives_up_ns = give_up_ns(client, order.deadline_ns);
  const auto admitted = progress.admit(order, gives_up_ns);
  if (!admitted) {
    give_back_cell(client, order);
    return std::unexpected(admitted.error());
  }
  Operation& operation = *admitted->operation;
  stage(order, admitted->staging);
  Waiter waiter;
  progress.post(operation, &waiter, Progress::Send::kNow);
  if (!progress.wait(waiter, gives_up_ns) && progress.abandon(operation)) {
    return std::unexpected(report_silence(order));
  }
  return Finished(&operation, Recycler{&progress});
}

OrStatus<Finished> run(Client& client, const Order& order) {
  auto finished = run_to_end(client, order);
  if (!finished) return finished;
  if (const Status status = report(**finished); status != OBJ_OK) {
    give_back_cell(client, order);
    return std::unexpected(status);
  }
  return finished;
}

}  // namespace obj::client
