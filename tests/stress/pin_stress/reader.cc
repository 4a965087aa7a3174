// SPDX-License-Identifier: Apache-2.0
#include "tests/stress/pin_stress/reader.hh"

#include <algorithm>
#include <array>
#include <cstdio>

#include "tests/loopback/support/client.hh"
#include "tests/stress/pin_stress/content.hh"

namespace obj {
namespace {

// xorshift64*: a std engine would take longer than the get.
class FastRandom {
 public:
  explicit FastRandom(uint64_t seed) : state_(seed | 1) {}
  uint64_t operator()() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1d;
  }

 private:
  uint64_t state_;
};

// Most views are held for an instant and some for long, and each is checked when it is got and
// again when it is released: what is reused under a reader shows at the latest then.
class Reader {
 public:
  Reader(Client client, uint64_t seed, Scoreboard& board)
      : client_(std::move(client)), random_(seed), board_(board) {}

  int run() {
    while (board_.stop.load(std::memory_order_relaxed) == 0) {
      for (int n = 0; n < kGetsBetweenReports; n++) {
        if (!step()) return 1;
      }
      report();
    }
    return release_all() ? 0 : 1;
  }

 private:
  static constexpr int kGetsBetweenReports = 4096;
  static constexpr size_t kBriefViews = 8;
  static constexpr size_t kLongViews = 256;
  static constexpr uint64_t kHotVersions = 1024;  // so few that they are used before they grow cold

  struct HeldView {
    obj_view view{};
    uint64_t name = 0;
  };

  bool step() {
    HeldView& place = random_() % 128 == 0 ? long_views_[random_() % kLongViews]
                                           : brief_views_[brief_next_++ % kBriefViews];
    if (place.view.data != nullptr && !check_and_release(place)) return false;
    const bool is_at_edge = random_() % 16 == 0;
    const uint64_t age = is_at_edge ? pick_age_at_edge() : 64 + random_() % kHotVersions;
    const uint64_t versions = board_.versions.load(std::memory_order_relaxed);
    place.name = (versions - std::min(versions, age)) % Content::kNames;
    const obj_id id = Content::id_of_name(place.name);
    const int status = obj_get(client_.get(), &id, 0, &place.view);
    if (status == OBJ_OK) return check(place);
    if (status != OBJ_ENOTFOUND && status != OBJ_ETIMEOUT) return fail("obj_get", status);
    misses_++;
    if (is_at_edge) edge_ = std::max(edge_ - edge_ / 16, 2 * kHotVersions);
    return true;
  }

  // Where gets and evictions meet: about as far back as objects still are there. A little further
  // after each try, and a good step nearer after a miss, which costs a message.
  uint64_t pick_age_at_edge() {
    edge_ = std::min(edge_ + 8, Content::kNames);
    return edge_ - random_() % (edge_ / 16);
  }

  bool check(const HeldView& held) {
    gets_++;
    if (!Content::is_right(held.name, data_of(held.view))) wrong_++;
    return true;
  }

  bool check_and_release(HeldView& held) {
    if (!Content::is_right(held.name, data_of(held.view))) wrong_++;
    const int status = obj_release(client_.get(), &held.view);
    return status == OBJ_OK || fail("obj_release", status);
  }

  bool release_all() {
    for (auto* views : {brief_views_.data(), long_views_.data()}) {
      const size_t count = views == brief_views_.data() ? kBriefViews : kLongViews;
      for (size_t i = 0; i < count; i++) {
        if (views[i].view.data != nullptr && !check_and_release(views[i])) return false;
      }
    }
    report();
    return true;
  }

  void report() {
    board_.gets.fetch_add(std::exchange(gets_, 0), std::memory_order_relaxed);
    board_.misses.fetch_add(std::exchange(misses_, 0), std::memory_order_relaxed);
    board_.wrong.fetch_add(std::exchange(wrong_, 0), std::memory_order_relaxed);
  }

  bool fail(const char* call, int status) {
    std::fprintf(stderr, "reader: %s: %s: %s\n", call, obj_status_name(status), obj_last_error());
    return false;
  }

  Client client_;
  FastRandom random_;
  Scoreboard& board_;
  uint64_t gets_ = 0;
  uint64_t misses_ = 0;
  uint64_t wrong_ = 0;
  uint64_t edge_ = 4000;  // in versions before the newest
  uint64_t brief_next_ = 0;
  std::array<HeldView, kBriefViews> brief_views_{};
  std::array<HeldView, kLongViews> long_views_{};
};

}  // namespace

int run_reader(const std::string& socket, uint64_t seed, Scoreboard& board) {
  Client client = open_client(socket);
  if (!client) return 2;
  return std::make_unique<Reader>(std::move(client), seed, board)->run();
}

}  // namespace obj
