// SPDX-License-Identifier: Apache-2.0
// node/remote/read_routes.hh -- several data planes as one: each read takes the best that reaches
// its source.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "fabric/read_plane.hh"

namespace obj {

// A read and the check of it may take different ways: both speak of the same slot and generation.
//
// Threads:  the reactor thread.
// Lifetime: all planes outlive it; they complete reads to whoever they were made for.
class ReadRoutes final : public ReadTransport {
 public:
  // `planes`: the best first; may be empty. `rest` takes what none of them reaches, so that nobody
  // waits while they connect.
  ReadRoutes(std::vector<ReadPlane*> planes, ReadTransport& rest)
      : planes_(std::move(planes)), rest_(rest) {}

  void connect(SourceNode node, const std::string& address) override {
    for (ReadPlane* const plane : planes_) plane->connect(node, address);
    rest_.connect(node, address);
  }
  void forget(SourceNode node) override {
    for (ReadPlane* const plane : planes_) plane->forget(node);
    rest_.forget(node);
  }
  void post_read(const ReadOrder& order) override { way_to(order.copy.node).post_read(order); }
  void post_check(const CheckOrder& order) override { way_to(order.copy.node).post_check(order); }
  // Whoever does not know the cookie ignores it.
  void hurry(ReadCookie cookie) override {
    for (ReadPlane* const plane : planes_) plane->hurry(cookie);
    rest_.hurry(cookie);
  }

 private:
  ReadTransport& way_to(SourceNode node) const {
    for (ReadPlane* const plane : planes_) {
      if (plane->reaches(node)) return *plane;
    }
    return rest_;
  }

  const std::vector<ReadPlane*> planes_;
  ReadTransport& rest_;
};

}  // namespace obj
