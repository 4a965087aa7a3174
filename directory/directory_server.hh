// SPDX-License-Identifier: Apache-2.0
// directory/directory_server.hh -- the directory on a message transport: decodes, asks, encodes.
//
// It decides nothing about objects (directory_state.hh); its own business is peers: what they may
// send, how much work one of them gets at a time, and what happens to those that do not read.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "directory/directory_listener.hh"
#include "directory/directory_state.hh"
#include "directory/wire/message_writer.hh"
#include "directory/wire/messages.hh"
#include "fabric/message_transport.hh"

namespace obj::directory {

// Lifetime: `transport` must outlive it and, once told to, call it as its handler.
// Threads:  the reactor thread.
// Limits:   one message of news and kInboxBytesMax of unhandled messages per peer; beyond that, or
//           when the transport's own queue is full, the peer is hung up on and a line is logged.
class DirectoryServer : public MessageHandler, private DirectoryListener {
 public:
  // `seed`: random and secret. `epoch`: another one each time that a directory starts.
  DirectoryServer(MessageTransport& transport, const DirectoryOptions& options, uint64_t seed,
                  uint64_t epoch, uint64_t now_ns);

  // Time passes, put-off work goes on, and news leave. Call it after each progress() of the
  // transport, and at next_step_ns() at the latest. Returns the work done; 0: nothing is left to
  // do.
  uint32_t step(uint64_t now_ns);
  uint64_t next_step_ns() const;

  const DirectoryState& state() const { return state_; }

  void on_peer_up(PeerId peer, bool is_ours) override;
  void on_message(PeerId peer, std::span<const std::byte> message) override;
  void on_peer_down(PeerId peer, const Error& why) override;

  static constexpr size_t kInboxBytesMax = size_t{1} << 20;

 private:
  // Changes told, or records cleaned, before others get their turn: about a millisecond.
  static constexpr uint32_t kSlice = 8192;

  struct Peer {
    PeerId id;
    bool hung_up = false;                      // nothing from it counts any more
    bool has_news = false;                     // it is in with_news_
    wire::MessageWriter news;                  // changes or free orders, not yet sent
    std::deque<std::vector<std::byte>> inbox;  // the first one is handled in part
    size_t inbox_bytes = 0;
    size_t reports_done = 0;  // of the first message in the inbox
    ReportOutcome outcome;    // of those
  };

  void on_change(PeerId subscriber, const LocationChange& change) override;
  void on_free(PeerId holder, const FreeOrder& order) override;
  void on_expelled(PeerId peer, const char* why) override;

  Peer* find(PeerId id);
  void drop(Peer& peer, const Error& why);
  void defer(Peer& peer, std::span<const std::byte> message);
  uint32_t go_on();

  // True: done with the message. False: call again with the same one.
  bool handle(Peer& peer, std::span<const std::byte> bytes);
  bool take(Peer& peer, const wire::Register& message);
  bool take(Peer& peer, const wire::Heartbeat& message);
  bool take(Peer& peer, const wire::Report& message);
  bool take(Peer& peer, const wire::InventoryBegin& message);
  bool take(Peer& peer, const wire::InventoryEnd& message);
  bool take(Peer& peer, const wire::Lookup& message);
  bool take(Peer& peer, const wire::Subscribe& message);
  bool take(Peer& peer, const wire::Unsubscribe& message);
  bool take(Peer& peer, const wire::Free& message);
  bool take(Peer& peer, const wire::NodeQuery& message);
  bool take(Peer& peer, const wire::NodeList& message);
  template <class Other>
  bool take(Peer& peer, const Other& message);  // not for a directory

  void acknowledge(Peer& peer, uint64_t sequence, const ReportOutcome& outcome);
  void reply(Peer& peer, std::span<const std::byte> message);
  template <class News>
  void add_news(PeerId id, wire::Type type, const News& news);
  void flush(Peer& peer);
  void send(Peer& peer, std::span<const std::byte> message);
  std::span<const ObjectId> copy_ids(const wire::Records<ObjectId>& ids);

  // Fixed after construction.
  MessageTransport& transport_;
  DirectoryOptions options_;
  uint64_t epoch_;

  uint64_t stepped_ns_;
  bool busy_ = false;  // the last step() did not finish
  DirectoryState state_;
  std::unordered_map<PeerId, Peer> peers_;
  std::deque<PeerId> unfinished_;  // peers with something in their inbox
  std::vector<PeerId> with_news_;

  // Scratch, so that messages cost no allocation.
  wire::MessageWriter writer_;
  std::vector<ObjectId> ids_;
  std::vector<CopyReport> reports_;
  std::vector<Answer> answers_;
  std::vector<uint32_t> holders_;
};

}  // namespace obj::directory
