// SPDX-License-Identifier: Apache-2.0
// client/blocking_run.hh -- one operation, from order to result, for a caller that waits.
#pragma once

#include <cstdint>
#include <memory>

#include "client/client.hh"
#include "client/last_error.hh"
#include "client/operation.hh"

namespace obj::client {

struct Recycler {
  Progress* progress;
  void operator()(Operation* operation) const { progress->recycle(*operation); }
};
// An operation that is Done; recycled when its result was read.
using Finished = std::unique_ptr<Operation, Recycler>;

// Runs it to its end, whatever its result: fails only if the daemon did not answer. OBJ_ELIMIT,
// OBJ_ENOMEM, and OBJ_ETIMEOUT when it gave up waiting; a get's pin cell is then taken care of.
OrStatus<Finished> run_to_end(Client& client, const Order& order);

// The same, and a result that is not a success is a failure, with its sentence. A get's pin cell is
// given back on every failure; on success it is the caller's.
OrStatus<Finished> run(Client& client, const Order& order);

// Until when the caller waits for the daemon to answer an order of that deadline.
uint64_t give_up_ns(Client& client, uint64_t deadline_ns);

// Lays a put's bytes where Progress::admit() said.
void stage(const Order& order, std::span<std::byte> staging);

}  // namespace obj::client
