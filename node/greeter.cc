// SPDX-License-Identifier: Apache-2.0
#include "node/greeter.hh"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.hh"
#include "base/log.hh"
#include "base/packet.hh"

namespace obj {
namespace {

using session::Hello;
using session::Welcome;
using session::WelcomeStatus;

// A pidfd of the process at the other end, or none. SO_PEERPIDFD (Linux 6.5) cannot be fooled by a
// process id that was used again; pidfd_open(2) can, in the instant between connect and accept.
UniqueFd open_process(int socket, int32_t pid) {
#ifdef SO_PEERPIDFD
  int pidfd = -1;
  socklen_t size = sizeof pidfd;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0) return UniqueFd(pidfd);
#endif
  static_cast<void>(socket);
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

std::string printable_name(const char (&name)[session::kNameBytes]) {
  const char* const end = std::find(std::begin(name), std::end(name), '\0');
  std::string text(std::begin(name), end);
  // Names go to terminals: no control characters, no broken UTF-8.
  std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

Welcome refusal(WelcomeStatus status, const char* text) {
  Welcome welcome{};
  welcome.magic = session::kHelloMagic;
  welcome.version = session::kProtocolVersion;
  welcome.status = status;
  std::strncpy(welcome.text, text, sizeof welcome.text - 1);
  return welcome;
}

void send_refusal(int socket, const Welcome& welcome) {
  log::warn("hello_refused", {{"reason", welcome.text}});
  // It may not even listen any more; either way the connection ends here.
  static_cast<void>(send_packet(socket, std::as_bytes(std::span(&welcome, 1)), {}).has_value());
}

}  // namespace

Greeter::Greeter(ListeningSocket socket, Reactor& reactor, Doorkeeper& doorkeeper)
    : socket_(std::move(socket)), reactor_(reactor), doorkeeper_(doorkeeper) {}

Greeter::~Greeter() {
  while (!guests_.empty()) dismiss(*guests_.front());
}

Result<void> Greeter::start() { return reactor_.watch(socket_.fd(), *this); }

void Greeter::on_ready() {
  gone_guests_.clear();
  constexpr int kAcceptsPerTurnMax = 16;
  for (int i = 0; i < kAcceptsPerTurnMax; i++) {
    UniqueFd socket(::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.get() < 0) {
      const bool failed = errno != EAGAIN && errno != EINTR && errno != ECONNABORTED;
      if (failed && !std::exchange(accept_failed_, true)) {
        log::error("accept_failed", {{"error", Error{ErrorCode::kSystem, errno, "accept4"}},
                                     {"mend", "raise the limit of open files (LimitNOFILE=)"}});
      }
      return;
    }
    accept_failed_ = false;
    if (guests_.size() == kGuestsMax) dismiss(*guests_.front());
    auto guest = std::make_unique<Guest>(*this, std::move(socket), monotonic_ns() + kHelloNs);
    if (reactor_.watch(guest->socket_.get(), *guest)) guests_.push_back(std::move(guest));
  }
}

void Greeter::on_guest(Guest& guest) {
  Hello hello;
  const ssize_t size = ::recv(guest.socket_.get(), &hello, sizeof hello, MSG_DONTWAIT | MSG_TRUNC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  UniqueFd socket = dismiss(guest);
  if (size <= 0) return;  // it left
  if (size != sizeof hello || hello.magic != session::kHelloMagic) {
    return send_refusal(socket.get(), refusal(WelcomeStatus::kBadHello, "not a hello of libobj"));
  }
  if (hello.version != session::kProtocolVersion) {
    return send_refusal(socket.get(),
                        refusal(WelcomeStatus::kVersion,
                                "libobj and objd are of different versions: install the same"));
  }
  greet(std::move(socket), hello);
}

void Greeter::greet(UniqueFd socket, const Hello& hello) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return;
  const bool read_only = (hello.flags & session::kHelloReadOnly) != 0;
  const Peer peer{credentials.pid, credentials.uid, read_only, printable_name(hello.name)};
  UniqueFd process = open_process(socket.get(), credentials.pid);

  Welcome welcome = refusal(WelcomeStatus::kAccepted, "");
  const std::vector<int> fds = doorkeeper_.on_hello(hello, peer, welcome);
  if (welcome.status != WelcomeStatus::kAccepted) return send_refusal(socket.get(), welcome);
  if (!send_packet(socket.get(), std::as_bytes(std::span(&welcome, 1)), fds)) {
    return doorkeeper_.on_not_welcomed(welcome.session_id);
  }
  doorkeeper_.on_welcomed(welcome.session_id, {std::move(socket), std::move(process)});
}

UniqueFd Greeter::dismiss(Guest& guest) {
  reactor_.unwatch(guest.socket_.get(), guest);
  UniqueFd socket = std::move(guest.socket_);
  const auto place = std::find_if(guests_.begin(), guests_.end(),
                                  [&](const auto& candidate) { return candidate.get() == &guest; });
  gone_guests_.splice(gone_guests_.end(), guests_, place);
  return socket;
}

void Greeter::advance(uint64_t now_ns) {
  gone_guests_.clear();
  while (!guests_.empty() && guests_.front()->deadline_ns_ <= now_ns) dismiss(*guests_.front());
}

uint64_t Greeter::next_deadline_ns() const {
  return guests_.empty() ? kForeverNs : guests_.front()->deadline_ns_;
}

}  // namespace obj
