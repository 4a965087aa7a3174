// SPDX-License-Identifier: Apache-2.0
#include "node/same_host/memory_door.hh"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/check.hh"
#include "base/clock.hh"
#include "base/log.hh"
#include "base/packet.hh"
#include "node/same_host/abstract_address.hh"

namespace obj {
namespace {

using same_host::Key;
using same_host::SocketName;

constexpr int kBacklog = 16;

void fill_randomly(void* bytes, size_t size_bytes) {
  OBJ_CHECK(::getrandom(bytes, size_bytes, 0) == static_cast<ssize_t>(size_bytes));
}

// A name that nobody can guess, and that people recognise in ss(8).
SocketName random_name() {
  constexpr std::string_view kPrefix = "objd-";
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<uint8_t, sizeof(SocketName) - kPrefix.size()> random;
  fill_randomly(random.data(), random.size());
  SocketName name;
  std::ranges::copy(kPrefix, name.begin());
  std::ranges::transform(random, name.begin() + kPrefix.size(),
                         [&](uint8_t byte) { return kDigits[byte % kDigits.size()]; });
  return name;
}

// In a time that does not tell how much of it agrees.
bool same(const Key& one, const Key& other) {
  uint32_t differences = 0;
  for (size_t i = 0; i < one.size(); i++) differences |= uint32_t{one[i]} ^ other[i];
  return differences == 0;
}

std::unexpected<Error> system_error(const char* where) {
  return std::unexpected(Error{ErrorCode::kSystem, errno, where});
}

}  // namespace

bool is_of_our_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

Result<void> MemoryDoor::open() {
  name_ = random_name();
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return system_error("socket");
  const AbstractAddress address(name_);
  if (::bind(socket.get(), address.get(), address.size()) != 0) return system_error("bind");
  if (::listen(socket.get(), kBacklog) != 0) return system_error("listen");
  const auto watched = reactor_.watch(socket.get(), listener_);
  if (watched) socket_ = std::move(socket);
  return watched;
}

MemoryDoor::~MemoryDoor() {
  for (Visitor& visitor : visitors_) show_out(visitor);
  if (socket_.get() >= 0) reactor_.unwatch(socket_.get(), listener_);
}

const Key& MemoryDoor::make_key(PeerId peer) {
  Key& key = keys_[peer];
  fill_randomly(key.data(), key.size());
  return key;
}

bool MemoryDoor::take_key(const Key& key) {
  const auto found =
      std::ranges::find_if(keys_, [&](const auto& entry) { return same(entry.second, key); });
  if (found == keys_.end()) return false;
  keys_.erase(found);
  return true;
}

void MemoryDoor::on_visitors() {
  while (true) {
    UniqueFd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.get() < 0) return;
    if (visitors_.size() >= kVisitorsMax || !is_of_our_user(socket.get())) continue;
    Visitor& visitor = visitors_.emplace_back(*this, std::move(socket));
    if (!reactor_.watch(visitor.socket_.get(), visitor)) visitors_.pop_back();
  }
}

// After its key a reader has nothing to say, so whatever comes is its end.
void MemoryDoor::on_visitor(Visitor& visitor) {
  if (visitor.is_gone_) return;
  same_host::Knock knock;
  const auto packet = receive_packet(visitor.socket_.get(), &knock, sizeof knock, 0);
  if (!packet && packet.error().code == ErrorCode::kTimeout) return;
  const bool is_knock = packet && packet->size_bytes == sizeof knock && !visitor.is_reader_ &&
                        knock.magic == same_host::kMagic;
  if (!is_knock || !take_key(knock.key) || !grant(visitor)) return show_out(visitor);
  visitor.is_reader_ = true;
}

bool MemoryDoor::grant(const Visitor& visitor) {
  same_host::Grant grant;
  grant.incarnation = memory_.incarnation;
  const std::array<int, same_host::kGrantFds> files{memory_.control_file, memory_.arena_file};
  const auto sent = send_packet(visitor.socket_.get(), same_host::bytes_of(grant), files);
  if (!sent) log::warn("same_host_grant", {{"error", sent.error()}});
  return sent.has_value();
}

// It may be in the middle of its own callback, so it is freed later.
void MemoryDoor::show_out(Visitor& visitor) {
  if (visitor.is_gone_) return;
  reactor_.unwatch(visitor.socket_.get(), visitor);
  visitor.socket_ = UniqueFd(-1);
  visitor.is_gone_ = true;
}

void MemoryDoor::step(uint64_t now_ns) {
  for (Visitor& visitor : visitors_) {
    if (visitor.is_reader_ || visitor.is_gone_) continue;
    if (visitor.until_ns_ == 0) visitor.until_ns_ = now_ns + kKnockNs;
    if (now_ns >= visitor.until_ns_) show_out(visitor);
  }
  std::erase_if(visitors_, [](const Visitor& visitor) { return visitor.is_gone_; });
}

uint64_t MemoryDoor::next_step_ns() const {
  uint64_t next_ns = kForeverNs;
  for (const Visitor& visitor : visitors_) {
    if (visitor.is_gone_) return 0;
    if (!visitor.is_reader_) next_ns = std::min(next_ns, visitor.until_ns_);
  }
  return next_ns;
}

size_t MemoryDoor::readers() const {
  return static_cast<size_t>(std::ranges::count_if(
      visitors_, [](const Visitor& visitor) { return visitor.is_reader_ && !visitor.is_gone_; }));
}

}  // namespace obj
