// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/put_window.hh"

namespace objbench {
namespace {

constexpr int32_t kTimeoutMs = 10'000;
constexpr size_t kFillInFlight = 64;

}  // namespace

Outcome<void> PutWindow::collect(obj_request*& request) {
  if (request == nullptr) return {};
  return succeeded(obj_wait_all(client_.get(), &request, 1, kTimeoutMs, nullptr), "obj_put_async");
}

Outcome<void> PutWindow::put(const obj_id& id, std::span<const std::byte> data,
                             std::span<const std::byte> metadata) {
  obj_request*& request = requests_[next_];
  next_ = next_ + 1 == requests_.size() ? 0 : next_ + 1;
  OBJBENCH_DO(collect(request));
  return succeeded(obj_put_async(client_.get(), &id, data.data(), data.size(), metadata.data(),
                                 metadata.size(), kTimeoutMs, &request),
                   "obj_put_async");
}

Outcome<void> PutWindow::drain() {
  for (obj_request*& request : requests_) OBJBENCH_DO(collect(request));
  return {};
}

Outcome<void> fill(const Client& client, std::span<const obj_id> ids,
                   std::span<const std::byte> data, std::span<const std::byte> metadata) {
  PutWindow window(client, kFillInFlight);
  for (const obj_id& id : ids) OBJBENCH_DO(window.put(id, data, metadata));
  return window.drain();
}

Outcome<void> fill(const Client& client, std::span<const obj_id> ids, size_t size_bytes) {
  return fill(client, ids, std::vector<std::byte>(size_bytes, std::byte{0x5a}));
}

}  // namespace objbench
