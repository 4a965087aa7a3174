// SPDX-License-Identifier: Apache-2.0
// tools/objbench/client.hh -- sole owner of one session with a daemon.
#pragma once

#include <obj/obj.h>

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tools/objbench/outcome.hh"

namespace objbench {

class Client {
 public:
  // `requests_max`: a power of two; 0: the library's default.
  static Outcome<Client> open(const std::string& socket, uint32_t requests_max = 0);

  Client(Client&& other) noexcept : client_(std::exchange(other.client_, nullptr)) {}
  Client& operator=(Client&&) = delete;
  ~Client() { obj_close(client_); }

  obj_client* get() const { return client_; }

  // The daemon's status report, or one of its other topics: OBJ_STATUS_...
  Outcome<nlohmann::json> status(uint32_t topic = 0) const;
  // Where the copies of an object are.
  Outcome<nlohmann::json> locate(const obj_id& id) const;
  // What the arena is made of, e.g. "hugetlb-2M".
  Outcome<std::string> pages() const;

 private:
  explicit Client(obj_client* client) : client_(client) {}

  obj_client* client_;
};

// A success, or "CALL: NAME OF STATUS: SENTENCE". `status` is of this thread's last call.
Outcome<void> succeeded(int status, const char* call);

std::vector<obj_id> random_ids(size_t count);

// One put, one delete at a time.
Outcome<void> put(const Client& client, const obj_id& id, std::span<const std::byte> data);
Outcome<void> remove(const Client& client, const obj_id& id);

}  // namespace objbench
