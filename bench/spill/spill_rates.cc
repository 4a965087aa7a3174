// SPDX-License-Identifier: Apache-2.0
// bench/spill/spill_rates.cc -- how fast the tier spills and restores, beside fio in the same run.
//
//   bench_spill_rates DIRECTORY [MIB]
//
// Writes MIB (1024) to segments that were written before, as a running daemon does. fio gets the
// same file system, block size and depth, registered buffers in huge pages if there are some
// (sysctl vm.nr_hugepages=64), and a file that was written before.
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "base/clock.hh"
#include "base/reactor.hh"
#include "bench/release_only.hh"
#include "spill/local_spill.hh"
#include "spill/open_disk.hh"

namespace obj {
namespace {

constexpr double kGb = 1e9;
constexpr double kGib = 1 << 30;

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Counting : public SpillCompletions {
 public:
  std::vector<SpillPlace> places;
  uint64_t under_way = 0;
  uint64_t failed = 0;

  void on_written(SpillCookie cookie, const Result<SpillPlace>& place) override {
    under_way--;
    if (place) {
      places[cookie] = *place;
    } else {
      failed++;
    }
  }
  void on_restored(SpillCookie, const Result<void>& result) override {
    under_way--;
    if (!result) failed++;
  }
};

struct Rate {
  double seconds = 0;
  double cpu = 0;
};

class Bench {
 public:
  Bench(std::string directory, uint64_t bytes) : directory_(std::move(directory)), bytes_(bytes) {
    void* const arena =
        ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ::madvise(arena, bytes_, MADV_HUGEPAGE);
    arena_ = {static_cast<std::byte*>(arena), bytes_};
    std::mt19937_64 random(1);
    for (size_t i = 0; i + 8 <= bytes_; i += 8) {
      const uint64_t value = random();
      std::memcpy(arena_.data() + i, &value, 8);
    }
    LocalSpillOptions options;
    SpillDirectoryOptions where;
    where.path = directory_;
    options.directories.push_back(where);
    auto spill = LocalSpill::open(options, std::move(*open_disk(DiskDriver::kAuto)), arena_);
    if (!spill) {
      std::fprintf(stderr, "%s\n", spill.error().sentence.c_str());
      std::exit(1);
    }
    spill_ = std::move(*spill);
    spill_->set_completions(counting_);
  }
  ~Bench() {
    spill_->close(kForeverNs);
    ::munmap(arena_.data(), arena_.size());
  }

  Rate write(uint64_t object_bytes) {
    const uint64_t count = bytes_ / object_bytes;
    std::vector<WriteOrder> orders(count);
    counting_.places.assign(count, {});
    for (uint64_t i = 0; i < count; i++) {
      orders[i].cookie = i;
      std::memcpy(orders[i].copy.id.bytes.data(), &i, sizeof i);
      orders[i].copy.data_bytes = object_bytes;
      orders[i].payload = arena_.subspan(i * object_bytes, object_bytes);
    }
    return run(count, [&] { spill_->write(orders); });
  }
  Rate restore(uint64_t object_bytes, uint64_t count, bool is_shuffled) {
    std::vector<uint64_t> order(bytes_ / object_bytes);
    std::iota(order.begin(), order.end(), 0);
    if (is_shuffled) std::ranges::shuffle(order, std::mt19937_64(2));
    order.resize(std::min<size_t>(order.size(), count));
    std::vector<RestoreOrder> orders;
    for (const uint64_t i : order) {
      RestoreOrder each{i, counting_.places[i], {}, {}};
      std::memcpy(each.copy.id.bytes.data(), &i, sizeof i);
      each.copy.data_bytes = object_bytes;
      each.destination = arena_.subspan(i * object_bytes, object_bytes);
      orders.push_back(each);
    }
    return run(orders.size(), [&] { spill_->restore(orders); });
  }
  void remove_all() {
    for (const SpillPlace& place : counting_.places) spill_->remove(place);
    while (spill_->due_ns() != kForeverNs || !spill_->is_idle()) turn();
  }

 private:
  void turn() {
    spill_->step(monotonic_ns());
    spill_->events().progress(64);
  }
  template <class Begin>
  Rate run(uint64_t count, Begin begin) {
    counting_.under_way = count;
    const uint64_t start_ns = monotonic_ns();
    const double cpu = cpu_seconds();
    begin();
    // Sleeps as the daemon's reactor does.
    auto reactor = Reactor::create(0);
    (void)reactor->add(spill_->events());
    while (counting_.under_way > 0) {
      const bool has_more = spill_->step(monotonic_ns());
      reactor->run_once(has_more ? 0 : 1);
    }
    if (counting_.failed > 0) std::printf("%lu FAILED\n", counting_.failed);
    return {1e-9 * static_cast<double>(monotonic_ns() - start_ns), cpu_seconds() - cpu};
  }

  std::string directory_;
  uint64_t bytes_;
  std::span<std::byte> arena_;
  Counting counting_;
  std::unique_ptr<LocalSpill> spill_;
};

// GB/s of fio: its terse output, version 3.
double fio(const std::string& directory, const std::string& mode, const char* block, int depth,
           uint64_t bytes) {
  const bool is_read = mode.find("read") != std::string::npos;
  const std::string size = std::to_string(bytes);
  const std::string command =
      "fio --name=yardstick --filename=" + directory +
      "/fio.bytes --ioengine=io_uring --direct=1 " +
      "--fixedbufs --registerfiles --minimal --terse-version=3 --rw=" + mode + " --bs=" + block +
      " --iodepth=" + std::to_string(depth) + " --size=" + size +
      (mode == "randread" ? " --io_size=" + std::to_string(uint64_t{100'000} * 4096) : "") +
      (is_read ? "" : " --end_fsync=1 --overwrite=1 ");
  double best = 0;
  for (const std::string memory : {" --mem=shmhuge", ""}) {
    FILE* const output = ::popen((command + memory + " 2>/dev/null").c_str(), "r");
    std::vector<char> line(65536, 0);
    const size_t length = std::fread(line.data(), 1, line.size() - 1, output);
    ::pclose(output);
    std::string text(line.data(), length);
    text = text.substr(std::min(text.size(), text.find("3;fio")));
    const int field = is_read ? 6 : 47;
    for (int i = 0; i < field && !text.empty(); i++) {
      text.erase(
          0, std::min(text.size(), text.find(';') == text.npos ? text.size() : text.find(';') + 1));
    }
    const double gb_s = std::strtod(text.c_str(), nullptr) * 1024 / kGb;
    std::printf("    fio %-9s %-4s depth %2d %-15s %6.2f GB/s\n", mode.c_str(), block, depth,
                memory.empty() ? "(own pages)" : "(huge pages)", gb_s);
    best = std::max(best, gb_s);
  }
  return best;
}

void report(const char* name, const Rate& rate, double bytes, double yardstick) {
  const double gb_s = bytes / rate.seconds / kGb;
  std::printf("%-22s %6.2f GB/s  %5.0f%% of fio  %6.3f CPU s/GiB\n", name, gb_s,
              yardstick > 0 ? 100 * gb_s / yardstick : 0, rate.cpu / (bytes / kGib));
}

int run(const std::string& directory, uint64_t bytes) {
  std::filesystem::create_directories(directory);
  const auto total = static_cast<double>(bytes);
  for (int round = 0; round < 2; round++) {
    const double fio_write = fio(directory, "write", "1M", 16, bytes);
    const double fio_read = fio(directory, "read", "1M", 16, bytes);
    const double fio_random = fio(directory, "randread", "4k", 32, bytes);
    {
      Bench bench(directory, bytes);
      for (int warm_up = 0; warm_up < 2; warm_up++) {
        bench.write(1 << 20);
        bench.remove_all();
      }
      report("spill_write_1m", bench.write(1 << 20), total, fio_write);
      report("spill_read_1m", bench.restore(1 << 20, UINT64_MAX, false), total, fio_read);
      bench.remove_all();
    }
    {
      Bench bench(directory, bytes);
      bench.write(4096);
      bench.remove_all();
      report("spill_write_4k", bench.write(4096), total, fio_write);
      const double wanted = std::min(total, 100'000.0 * 4096);
      report("restore_4k", bench.restore(4096, 100'000, true), wanted, fio_random);
      bench.remove_all();
    }
  }
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace obj

int main(int argc, char** argv) {
  if (const char* why = obj::unfit_build()) {
    std::fprintf(stderr, "%s: refuses to measure: %s\n", argv[0], why);
    return 77;
  }
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY [MIB]\n", argv[0]);
    return 2;
  }
  std::printf("%s\n", obj::cpu_model().c_str());
  const uint64_t mib = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1024;
  return obj::run(argv[1], mib << 20);
}
