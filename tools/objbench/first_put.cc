// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/first_put.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <vector>

#include "base/clock.hh"
#include "tools/objbench/child_process.hh"
#include "tools/objbench/client.hh"
#include "tools/objbench/copy_speed.hh"
#include "tools/objbench/daemon_binary.hh"
#include "tools/objbench/percentiles.hh"

namespace objbench {
namespace {

constexpr int32_t kTimeoutMs = 10'000;
constexpr int kProcessMs = 120'000;

// bytes/s of one put. The object is deleted again, untimed.
Outcome<double> put_speed(const Client& client, std::span<const std::byte> source) {
  const obj_id id = random_ids(1).front();
  const uint64_t started_ns = obj::monotonic_ns();
  OBJBENCH_DO(put(client, id, source));
  const uint64_t elapsed_ns = obj::monotonic_ns() - started_ns;
  OBJBENCH_DO(remove(client, id));
  return bytes_per_second(source.size(), elapsed_ns);
}

}  // namespace

Outcome<FirstPut> time_first_put(const std::string& socket, size_t size_bytes,
                                 uint32_t later_puts) {
  // Touched here, so that no put pays for the source's pages.
  const std::vector<std::byte> source(size_bytes, std::byte{0x5a});
  OBJBENCH_TRY(const Client client, Client::open(socket));
  FirstPut result;
  OBJBENCH_TRY(result.first, put_speed(client, source));

  const obj_id id = random_ids(1).front();
  obj_buffer buffer;
  OBJBENCH_DO(
      succeeded(obj_create(client.get(), &id, size_bytes, 0, kTimeoutMs, &buffer), "obj_create"));
  CopySpeed copies({static_cast<std::byte*>(buffer.data), size_bytes}, source);
  std::vector<double> later;
  while (later.size() < later_puts) {
    OBJBENCH_TRY(const double speed, put_speed(client, source));
    later.push_back(speed);
    copies.pass();
  }
  OBJBENCH_DO(succeeded(obj_abort(client.get(), &buffer), "obj_abort"));
  result.later = median(std::move(later));
  result.later_puts = later_puts;
  result.memcpy = copies.memcpy_bytes_per_second();
  result.streaming = copies.streaming_bytes_per_second();
  return result;
}

Outcome<FirstPut> time_first_put_of_process(const std::string& socket, size_t size_bytes,
                                            uint32_t later_puts) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_failure("pipe2");
  const obj::UniqueFd reader(ends[0]);
  obj::UniqueFd writer(ends[1]);
  OBJBENCH_TRY(
      ChildProcess process,
      ChildProcess::execute({.path = own_binary(),
                             .arguments = {kFirstPutCommand, socket, std::to_string(size_bytes),
                                           std::to_string(later_puts)},
                             .environment = {},
                             .output = writer.get(),
                             .error = writer.get()}));
  writer = obj::UniqueFd(-1);
  const bool is_over = process.wait(kProcessMs);
  char text[4096];  // one line: it fits into the pipe, so the child never waits for us
  const ssize_t count = is_over ? ::read(reader.get(), text, sizeof text) : 0;
  const std::string line(text, count > 0 ? static_cast<size_t>(count) : 0);
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (json.is_discarded()) {
    return std::unexpected(fmt::format("the putting process {}: {}", process.fate(), line));
  }
  return json.get<FirstPut>();
}

}  // namespace objbench
