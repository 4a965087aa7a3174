// SPDX-License-Identifier: Apache-2.0
#include "tests/loopback/support/raw_client.hh"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "base/check.hh"
#include "tests/loopback/support/objd_process.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {
namespace {

using session::Completion;
using session::Hello;
using session::Request;
using session::RequestOp;
using session::Welcome;

// One packet, and the descriptors that came with it.
std::vector<UniqueFd> receive_welcome(int socket, Welcome& welcome) {
  iovec part{&welcome, sizeof welcome};
  alignas(cmsghdr) char control[CMSG_SPACE(session::kWelcomeFdCount * sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  EXPECT_EQ(::recvmsg(socket, &message, MSG_CMSG_CLOEXEC), static_cast<ssize_t>(sizeof welcome));
  std::vector<UniqueFd> fds;
  const cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS) return fds;
  const size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (size_t i = 0; i < count; i++) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(rights) + i * sizeof fd, sizeof fd);
    fds.emplace_back(fd);
  }
  return fds;
}

Mapping map(const UniqueFd& file, uint64_t size_bytes, Mapping::Access access) {
  auto mapping = Mapping::map(file.get(), size_bytes, access, 4096);
  OBJ_CHECK(mapping.has_value());
  return std::move(*mapping);
}

}  // namespace

Hello RawClient::hello(const Options& options) {
  Hello hello{};
  hello.magic = session::kHelloMagic;
  hello.version = session::kProtocolVersion;
  hello.flags = options.read_only ? session::kHelloReadOnly : uint16_t{0};
  hello.pins_max = options.pins_max;
  hello.requests_max = options.requests_max;
  std::strcpy(hello.name, "raw client");
  return hello;
}

RawClient::RawClient(const std::string& socket, const Options& options)
    : socket_(connect_to(socket)) {
  const Hello packet = hello(options);
  EXPECT_TRUE(send_with_fds(socket_.get(), std::as_bytes(std::span(&packet, 1)), {}));
  fds_ = receive_welcome(socket_.get(), welcome_);
  OBJ_CHECK(fds_.size() == session::kWelcomeFdCount);
  layout_ = session::Layout::of(welcome_.requests_max, welcome_.pins_max);
  segment_ = map(fds_[session::kFdSegment], layout_.segment_bytes, Mapping::Access::kReadWrite);
  control_ = map(fds_[session::kFdControl], welcome_.control_bytes, Mapping::Access::kReadOnly);
}

TableView RawClient::table() const {
  const auto view = TableView::over(control_.bytes());
  OBJ_CHECK(view.has_value());
  return *view;
}

void RawClient::post(std::span<const Request> batch) {
  for (const Request& request : batch)
    requests()[posted_++ & (layout_.request_slots - 1)] = request;
  header().requests.tail.store(posted_, std::memory_order_seq_cst);
  ring();
}

void RawClient::ring() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(fd(session::kFdBellToDaemon), &one, sizeof one);
}

std::optional<Completion> RawClient::next_completion() {
  const auto has_come = [this] {
    return header().completions.tail.load(std::memory_order_seq_cst) != taken_;
  };
  wait_until([&] { return has_come() || is_ended(); });
  if (!has_come()) return std::nullopt;
  const Completion completion = completions()[taken_++ & (layout_.requests_max - 1)];
  header().completions.head.store(taken_, std::memory_order_release);
  return completion;
}

std::optional<session::Outcome> RawClient::ask(const Request& request) {
  post(request);
  const auto completion = next_completion();
  if (!completion) return std::nullopt;
  EXPECT_EQ(completion->tag, request.tag);
  return completion->outcome;
}

bool RawClient::is_ended() const {
  pollfd interest{socket_.get(), POLLRDHUP, 0};
  return ::poll(&interest, 1, 0) > 0 && (interest.revents & (POLLRDHUP | POLLHUP)) != 0;
}

bool RawClient::wait_for_end() const {
  return wait_until([this] { return is_ended(); });
}

bool send_with_fds(int socket, std::span<const std::byte> bytes, std::span<const int> fds) {
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  std::vector<std::byte> control(CMSG_SPACE(fds.size_bytes()));
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(bytes.size());
}

Request request_of(RequestOp op, uint32_t tag, const ObjectId& id) {
  Request request{};
  request.op = op;
  request.tag = tag;
  std::memcpy(request.id, id.bytes.data(), sizeof request.id);
  return request;
}

Request create_request(uint32_t tag, const ObjectId& id, uint64_t data_bytes,
                       uint32_t metadata_bytes, int32_t timeout_ms) {
  Request request = request_of(RequestOp::kCreate, tag, id);
  request.create = {data_bytes, metadata_bytes, timeout_ms, 0};
  return request;
}

Request put_request(uint32_t tag, const ObjectId& id, uint64_t data_bytes, uint32_t metadata_bytes,
                    uint32_t staging_block) {
  Request request = request_of(RequestOp::kPutInline, tag, id);
  request.create = {data_bytes, metadata_bytes, 0, staging_block};
  return request;
}

Request get_request(uint32_t tag, const ObjectId& id, uint32_t pin_cell, int32_t timeout_ms) {
  Request request = request_of(RequestOp::kGet, tag, id);
  request.get = {timeout_ms, pin_cell};
  return request;
}

Request object_request(RequestOp op, uint32_t tag, uint32_t slot, uint64_t generation) {
  Request request = request_of(op, tag);
  request.object = {generation, slot};
  return request;
}

}  // namespace obj
