// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/eventfd_ping_pong.hh"

#include <sys/eventfd.h>
#include <unistd.h>

#include <vector>

#include "base/clock.hh"
#include "base/unique_fd.hh"
#include "tools/objbench/child_process.hh"
#include "tools/objbench/percentiles.hh"

namespace objbench {
namespace {

bool ring(const obj::UniqueFd& bell) {
  const uint64_t one = 1;
  return ::write(bell.get(), &one, sizeof one) == sizeof one;
}

bool hear(const obj::UniqueFd& bell) {
  uint64_t count = 0;
  return ::read(bell.get(), &count, sizeof count) == sizeof count;
}

}  // namespace

Outcome<double> eventfd_ping_pong_us(uint32_t round_trips, uint32_t pause_us) {
  const obj::UniqueFd there(::eventfd(0, EFD_CLOEXEC));
  const obj::UniqueFd back(::eventfd(0, EFD_CLOEXEC));
  if (there.get() < 0 || back.get() < 0) return system_failure("eventfd");
  OBJBENCH_TRY(const ChildProcess peer, ChildProcess::fork([&] {  // answers until it is killed
                 while (hear(there) && ring(back)) {
                 }
                 return 0;
               }));
  std::vector<double> samples;
  for (uint32_t trip = 0; trip < round_trips; trip++) {
    ::usleep(pause_us);
    const uint64_t started_ns = obj::monotonic_ns();
    if (!ring(there) || !hear(back)) return system_failure("eventfd");
    samples.push_back(static_cast<double>(obj::monotonic_ns() - started_ns) / 1e3);
  }
  return median(std::move(samples));
}

}  // namespace objbench
