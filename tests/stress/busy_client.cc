// SPDX-License-Identifier: Apache-2.0
#include "tests/stress/busy_client.hh"

#include <array>
#include <cstdio>
#include <cstring>
#include <random>

#include "tests/loopback/support/client.hh"

namespace obj {
namespace {

// All busy clients use the same names, so that they meet.
constexpr uint64_t kNames = 400;
constexpr size_t kHeldMax = 32;
constexpr size_t kWaitingMax = 8;

class BusyClient {
 public:
  BusyClient(Client client, uint64_t seed) : client_(std::move(client)), random_(seed) {}

  bool is_wrong() const { return is_wrong_; }

  void step() {
    switch (random_() % 12) {
      case 0:
      case 1:
      case 2: return put_one();
      case 3:
      case 4: return create_one();
      case 5: return finish_one();
      case 6:
      case 7: return get_one();
      case 8: return release_one();
      case 9: return delete_one();
      case 10: return start_waiting();
      case 11: return stop_waiting();
    }
  }

 private:
  obj_id any_id() {
    number_ = random_() % kNames;
    return id_of("busy " + std::to_string(number_));
  }
  char letter() const { return static_cast<char>('a' + number_ % 26); }
  size_t any_size() { return random_() % 4 == 0 ? random_() % 500'000 : random_() % 4000; }

  // What may come of a call in a store that is full, contended and shared.
  void expect(int status) {
    for (const int fine : {OBJ_OK, OBJ_EEXISTS, OBJ_ENOMEM, OBJ_ENOTFOUND, OBJ_ETIMEOUT,
                           OBJ_ECANCELLED, OBJ_ELIMIT}) {
      if (status == fine) return;
    }
    std::fprintf(stderr, "busy client: %s: %s\n", obj_status_name(status), obj_last_error());
    is_wrong_ = true;
  }

  void put_one() {
    const obj_id id = any_id();
    const std::string data(any_size(), letter());
    expect(put(client_, id, data, {}, static_cast<int32_t>(random_() % 3)));
  }

  void create_one() {
    if (buffers_.size() == kHeldMax) return finish_one();
    const obj_id id = any_id();
    obj_buffer buffer{};
    const auto timeout_ms = static_cast<int32_t>(random_() % 3);
    const int status = obj_create(client_.get(), &id, any_size(), 0, timeout_ms, &buffer);
    expect(status);
    if (status != OBJ_OK) return;
    std::memset(buffer.data, letter(), buffer.data_bytes);
    buffers_.push_back(buffer);
  }

  void finish_one() {
    if (buffers_.empty()) return;
    obj_buffer buffer = buffers_.back();
    buffers_.pop_back();
    expect(random_() % 3 == 0 ? obj_abort(client_.get(), &buffer)
                              : obj_seal(client_.get(), &buffer));
  }

  void get_one() {
    if (views_.size() == kHeldMax) return release_one();
    obj_view view{};
    const obj_id id = any_id();
    const int status = get(client_, id, view, static_cast<int32_t>(random_() % 2));
    expect(status);
    if (status != OBJ_OK) return;
    if (data_of(view).find_first_not_of(letter()) != std::string_view::npos) {
      std::fprintf(stderr, "busy client: wrong bytes\n");
      is_wrong_ = true;
    }
    views_.push_back(view);
  }

  void release_one() {
    if (views_.empty()) return;
    std::swap(views_[random_() % views_.size()], views_.back());
    expect(obj_release(client_.get(), &views_.back()));
    views_.pop_back();
  }

  void delete_one() {
    const obj_id id = any_id();
    expect(obj_delete(client_.get(), &id));
  }

  // For an object that may never come, and for memory that may never be free.
  void start_waiting() {
    obj_request*& request = requests_[random_() % kWaitingMax];
    const size_t place = static_cast<size_t>(&request - requests_.data());
    if (request != nullptr) return;
    const obj_id id = any_id();
    awaited_views_[place] = {};
    awaited_buffers_[place] = {};
    if (random_() % 4 == 0) {
      expect(obj_create_async(client_.get(), &id, any_size(), 0, OBJ_FOREVER,
                              &awaited_buffers_[place], &request));
    } else {
      expect(obj_get_async(client_.get(), &id, OBJ_FOREVER, &awaited_views_[place], &request));
    }
  }

  void stop_waiting() {
    const size_t place = random_() % kWaitingMax;
    if (requests_[place] == nullptr) return;
    if (random_() % 2 == 0) expect(obj_cancel(client_.get(), requests_[place]));
    int done = 0;
    int status = OBJ_OK;
    expect(obj_test(client_.get(), &requests_[place], &done, &status));
    if (done == 0) return;
    expect(status);
    if (status != OBJ_OK) return;
    if (awaited_views_[place].data != nullptr)
      expect(obj_release(client_.get(), &awaited_views_[place]));
    if (awaited_buffers_[place].data != nullptr)
      expect(obj_abort(client_.get(), &awaited_buffers_[place]));
  }

  Client client_;
  std::mt19937_64 random_;
  uint64_t number_ = 0;  // of the name used last
  bool is_wrong_ = false;
  std::vector<obj_buffer> buffers_;
  std::vector<obj_view> views_;
  std::array<obj_request*, kWaitingMax> requests_{};
  std::array<obj_view, kWaitingMax> awaited_views_{};
  std::array<obj_buffer, kWaitingMax> awaited_buffers_{};
};

}  // namespace

int run_busy_client(const std::string& socket, uint64_t seed) {
  BusyClient client(open_client(socket), seed);
  while (!client.is_wrong()) client.step();
  return 1;
}

}  // namespace obj
