// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/remote_load.hh"

#include <algorithm>
#include <bit>
#include <thread>
#include <vector>

#include "base/check.hh"
#include "base/clock.hh"
#include "tools/objbench/client.hh"
#include "tools/objbench/remote_objects.hh"

namespace objbench {
namespace {

constexpr uint64_t kRoundBytes = uint64_t{128} << 20;
constexpr uint64_t kRoundObjectsMax = 4096;
constexpr uint32_t kRequestsMin = 64;
constexpr int32_t kGetMs = 60'000;

// A get in flight.
struct Place {
  obj_request* request = nullptr;
  obj_view view{};
  uint64_t started_ns = 0;
};

// The gets of one reader in one round.
class ReaderRound {
 public:
  ReaderRound(const Client& client, uint32_t in_flight, LatencyHistogram& latencies)
      : client_(client), places_(in_flight), latencies_(latencies) {}

  Outcome<void> run(std::span<const obj_id> ids) {
    size_t turn = 0;
    for (const obj_id& id : ids) {
      Place& place = places_[turn];
      turn = turn + 1 == places_.size() ? 0 : turn + 1;
      OBJBENCH_DO(collect(place));
      place.started_ns = obj::monotonic_ns();
      OBJBENCH_DO(succeeded(obj_get_async(client_.get(), &id, kGetMs, &place.view, &place.request),
                            "obj_get_async"));
    }
    for (Place& place : places_) OBJBENCH_DO(collect(place));
    return {};
  }

 private:
  Outcome<void> collect(Place& place) {
    if (place.request == nullptr) return {};
    OBJBENCH_DO(succeeded(obj_wait_all(client_.get(), &place.request, 1, kGetMs, nullptr),
                          "obj_get_async"));
    latencies_.record(obj::monotonic_ns() - place.started_ns);
    return succeeded(obj_release(client_.get(), &place.view), "obj_release");
  }

  const Client& client_;
  std::vector<Place> places_;
  LatencyHistogram& latencies_;
};

class RemoteLoad {
 public:
  RemoteLoad(std::vector<Client> sources, std::vector<Client> readers, const RemoteSpec& spec)
      : sources_(std::move(sources)),
        readers_(std::move(readers)),
        spec_(spec),
        latencies_(readers_.size()) {}

  Outcome<RemoteTally> run() {
    RemoteTally tally;
    OBJBENCH_TRY(const double unused, round());  // connects all with all
    static_cast<void>(unused);
    for (LatencyHistogram& latencies : latencies_) latencies = {};
    while (tally.seconds < spec_.seconds) {
      OBJBENCH_TRY(const double seconds, round());
      tally.seconds += seconds;
      tally.rounds++;
    }
    for (const LatencyHistogram& latencies : latencies_) tally.latencies.merge(latencies);
    return tally;
  }

 private:
  // Seconds that the slowest reader took. Nothing is left of the round's objects.
  Outcome<double> round() {
    const std::vector<obj_id> ids = random_ids(spec_.objects());
    const auto seconds = round_of(ids);
    const auto removed = remove_all(sources_.front(), ids);
    if (seconds && !removed) return std::unexpected(removed.error());
    return seconds;
  }

  Outcome<double> round_of(std::span<const obj_id> ids) {
    OBJBENCH_DO(store_reported(sources_.front(), ids, spec_.size_bytes));
    for (size_t i = 1; i < sources_.size(); i++) OBJBENCH_DO(replicate(sources_[i], ids, i + 1));
    std::vector<std::string> failures(readers_.size());
    const uint64_t started_ns = obj::monotonic_ns();
    {
      std::vector<std::jthread> threads;
      for (size_t i = 0; i < readers_.size(); i++) {
        threads.emplace_back([&, i] {
          const auto done = ReaderRound(readers_[i], spec_.in_flight, latencies_[i]).run(ids);
          if (!done) failures[i] = done.error();
        });
      }
    }  // joins
    const uint64_t elapsed_ns = obj::monotonic_ns() - started_ns;
    for (const std::string& failure : failures) {
      if (!failure.empty()) return std::unexpected(failure);
    }
    OBJBENCH_DO(check_last(ids));
    return static_cast<double>(elapsed_ns) / 1e9;
  }

  // Has another node hold the objects, too: as the one that completes so many `copies`.
  Outcome<void> replicate(const Client& source, std::span<const obj_id> ids, size_t copies) const {
    LatencyHistogram ignored;
    OBJBENCH_DO(ReaderRound(source, spec_.in_flight, ignored).run(ids));
    return wait_for_copies(sources_.front(), ids.back(), copies);
  }

  // The bytes of one object of each round, on each reader, untimed.
  Outcome<void> check_last(std::span<const obj_id> ids) const {
    for (const Client& reader : readers_) {
      obj_view view;
      OBJBENCH_DO(succeeded(obj_get(reader.get(), &ids.back(), kGetMs, &view), "obj_get"));
      const auto whole = is_whole(view, ids.back(), spec_.size_bytes);
      OBJBENCH_DO(succeeded(obj_release(reader.get(), &view), "obj_release"));
      if (!whole) return whole;
    }
    return {};
  }

  const std::vector<Client> sources_;
  const std::vector<Client> readers_;
  const RemoteSpec& spec_;
  std::vector<LatencyHistogram> latencies_;  // of each reader
};

Outcome<std::vector<Client>> open_all(std::span<const std::string> sockets, uint32_t in_flight) {
  std::vector<Client> clients;
  for (const std::string& socket : sockets) {
    OBJBENCH_TRY(Client client,
                 Client::open(socket, std::max(std::bit_ceil(in_flight), kRequestsMin)));
    clients.push_back(std::move(client));
  }
  return clients;
}

}  // namespace

uint64_t RemoteSpec::objects() const {
  const uint64_t by_size = kRoundBytes / std::max<uint64_t>(size_bytes, 1);
  return std::max<uint64_t>(std::min(by_size, kRoundObjectsMax), uint64_t{2} * in_flight);
}

uint64_t arena_bytes_for(const RemoteSpec& spec) {
  const uint64_t extent_bytes = (spec.size_bytes + 64 + 4095) / 4096 * 4096;
  return spec.objects() * extent_bytes * 9 / 4 + (uint64_t{64} << 20);
}

Outcome<RemoteTally> run_remote_load(std::span<const std::string> sockets, const RemoteSpec& spec) {
  OBJ_CHECK(spec.sources >= 1 && spec.readers >= 1);
  OBJ_CHECK(sockets.size() >= spec.sources + spec.readers);
  OBJBENCH_TRY(auto sources, open_all(sockets.first(spec.sources), spec.in_flight));
  OBJBENCH_TRY(auto readers, open_all(sockets.last(spec.readers), spec.in_flight));
  return RemoteLoad(std::move(sources), std::move(readers), spec).run();
}

}  // namespace objbench
