// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_directory_peers.hh -- a server and a client in the middle of things, fed any
// bytes.
#pragma once

#include <cstddef>
#include <span>

#include "directory/directory_client.hh"
#include "directory/directory_server.hh"
#include "tests/directory/recording_owner.hh"
#include "tests/directory/scripted_transport.hh"
#include "tests/directory/test_directory.hh"

namespace obj::directory {

// A registered node that holds an object, a subscriber, and then `bytes` from each.
inline void feed_server(std::span<const std::byte> bytes) {
  ScriptedTransport transport;
  wire::MessageWriter writer;
  DirectoryServer server(transport, {.rebuild_grace_ms = 0}, 1, 1, 0);
  const std::vector<CopyReport> reports{sealed(1), sealed(2, 2)};
  const std::vector<ObjectId> ids{id_of(1), id_of(3)};
  server.on_peer_up(1, false);
  server.on_message(1, wire::copy(wire::encode_register(writer, TestDirectory::info(7))));
  server.on_message(1, wire::copy(wire::encode_bare(writer, wire::Type::kInventoryBegin, 1)));
  server.on_message(
      1, wire::copy(wire::encode_records<CopyReport>(writer, wire::Type::kReport, 2, reports)));
  server.on_message(1, wire::copy(wire::encode_bare(writer, wire::Type::kInventoryEnd, 3)));
  server.on_peer_up(2, false);
  server.on_message(
      2, wire::copy(wire::encode_records<ObjectId>(writer, wire::Type::kSubscribe, 1, ids)));
  for (const PeerId peer : {1u, 2u, 1u}) server.on_message(peer, bytes);
  server.on_peer_down(2, {ErrorCode::kDisconnected, 0, "fuzzer"});
  while (server.step(2'000'000'000) > 0) {
  }
}

// Once while it registers, once when it is ready and waits for answers.
inline void feed_client(std::span<const std::byte> bytes) {
  for (const bool ready : {false, true}) {
    ScriptedTransport transport;
    RecordingOwner owner;
    owner.held = {sealed(1)};
    wire::MessageWriter writer;
    DirectoryClientOptions options;
    options.link.address = "directory:1";
    options.node = TestDirectory::info(3);
    DirectoryClient client(transport, owner, options, 1, 0);
    static_cast<void>(client.lookup(id_of(1), 1, kForeverNs));
    static_cast<void>(client.free(id_of(2), 2, kForeverNs));
    static_cast<void>(client.list_nodes(0, 3, kForeverNs));
    client.subscribe(id_of(1));
    client.step(1);
    client.on_peer_up(transport.last_peer, true);
    if (ready) {
      const wire::Registered accepted{.epoch = 1,
                                      .applied_sequence = 0,
                                      .lease_ms = 1000,
                                      .status = wire::RegisterStatus::kAccepted,
                                      .inventory_needed = true};
      client.on_message(transport.last_peer, wire::copy(wire::encode_registered(writer, accepted)));
    }
    client.on_message(transport.last_peer, bytes);
    client.on_message(transport.last_peer, bytes);
    client.step(5'000'000'000);
  }
}

}  // namespace obj::directory
