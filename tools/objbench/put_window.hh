// SPDX-License-Identifier: Apache-2.0
// tools/objbench/put_window.hh -- many puts of one client, a fixed number of them in flight.
#pragma once

#include <obj/obj.h>

#include <cstddef>
#include <span>
#include <vector>

#include "tools/objbench/client.hh"
#include "tools/objbench/outcome.hh"

namespace objbench {

// Collects the oldest put when all places are taken.
//
// Lifetime: ids and data of a put stay borrowed until drain(). Requests that are still in flight at
// the end go when the client does.
class PutWindow {
 public:
  PutWindow(const Client& client, size_t in_flight) : client_(client), requests_(in_flight) {}

  Outcome<void> put(const obj_id& id, std::span<const std::byte> data,
                    std::span<const std::byte> metadata = {});
  // Until everything is put.
  Outcome<void> drain();

 private:
  Outcome<void> collect(obj_request*& request);

  const Client& client_;
  std::vector<obj_request*> requests_;  // null: place free
  size_t next_ = 0;                     // the oldest
};

// Puts one object under each id, all with the same bytes.
Outcome<void> fill(const Client& client, std::span<const obj_id> ids,
                   std::span<const std::byte> data, std::span<const std::byte> metadata = {});
// The same with `size_bytes` of some data.
Outcome<void> fill(const Client& client, std::span<const obj_id> ids, size_t size_bytes);

}  // namespace objbench
