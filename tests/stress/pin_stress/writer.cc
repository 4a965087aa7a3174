// SPDX-License-Identifier: Apache-2.0
#include "tests/stress/pin_stress/writer.hh"

#include <array>
#include <cstdio>

#include "tests/loopback/support/client.hh"
#include "tests/stress/pin_stress/content.hh"

namespace obj {
namespace {

class Writer {
 public:
  Writer(Client client, Scoreboard& board) : client_(std::move(client)), board_(board) {}

  int run() {
    while (board_.stop.load(std::memory_order_relaxed) == 0) {
      for (size_t place = 0; place < kInFlight; place++) start(place);
      if (!finish_all()) return 1;
    }
    return 0;
  }

 private:
  static constexpr size_t kInFlight = 64;

  void start(size_t place) {
    const uint64_t version = version_++;
    Content::fill(version, words_[place].data());
    ids_[place] = Content::id_of_name(version % Content::kNames);
    // The name may still be there from its last version. Deleting what is not there is fine, and
    // the delete is before the put in the ring.
    obj_delete_async(client_.get(), &ids_[place], &requests_[2 * place]);
    obj_put_async(client_.get(), &ids_[place], words_[place].data(),
                  Content::words_of(version) * sizeof(uint64_t), nullptr, 0, 1000,
                  &requests_[2 * place + 1]);
  }

  bool finish_all() {
    const int status =
        obj_wait_all(client_.get(), requests_.data(), requests_.size(), 30'000, nullptr);
    board_.versions.store(version_, std::memory_order_relaxed);
    if (status == OBJ_OK) return true;
    std::fprintf(stderr, "writer: %s: %s\n", obj_status_name(status), obj_last_error());
    return false;
  }

  Client client_;
  Scoreboard& board_;
  uint64_t version_ = 0;
  std::array<std::array<uint64_t, 1024>, kInFlight> words_;
  std::array<obj_id, kInFlight> ids_;
  std::array<obj_request*, 2 * kInFlight> requests_{};
};

}  // namespace

int run_writer(const std::string& socket, Scoreboard& board) {
  Client client = open_client(socket);
  if (!client) return 2;
  return std::make_unique<Writer>(std::move(client), board)->run();
}

}  // namespace obj
