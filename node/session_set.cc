// SPDX-License-Identifier: Apache-2.0
#include "node/session_set.hh"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.hh"
#include "base/log.hh"

namespace obj {

SessionSet::SessionSet(ControlHeader& control) : control_(control) {}

SessionId SessionSet::next_id() {
  OBJ_CHECK(last_id_ < kClientSessionMax);  // four billion sessions in one life of the daemon
  return ++last_id_;
}

Session& SessionSet::admit(std::unique_ptr<Session> session) {
  const SessionId id = session->id();
  const auto [place, is_new] = sessions_.emplace(id, Member{std::move(session)});
  OBJ_CHECK(is_new);
  Session& admitted = *place->second.session;
  polled_.push_back(&admitted);
  opened_++;
  const Peer& peer = admitted.peer();
  log::info("session_open", {{"session", id},
                             {"pid", peer.pid},
                             {"uid", peer.uid},
                             {"name", peer.name},
                             {"read_only", peer.read_only}});
  return admitted;
}

void SessionSet::end(SessionId session, const std::string& reason, bool is_breach) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.is_ending) return;
  found->second.is_ending = true;
  ending_.push_back(session);
  std::erase(polled_, found->second.session.get());
  ended_count_++;
  if (is_breach) breaches_++;
  const Peer& peer = found->second.session->peer();
  log::write(is_breach ? log::Level::kWarn : log::Level::kInfo, "session_end",
             {{"session", session},
              {"pid", peer.pid},
              {"name", peer.name},
              {"reason", reason},
              {"open_operations", found->second.session->open_operations()}});
}

void SessionSet::forget_ended(std::vector<SessionId>& ended) {
  for (const SessionId session : ending_) {
    sessions_.erase(session);
    ended.push_back(session);
  }
  ending_.clear();
}

Session* SessionSet::find(SessionId session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.is_ending) return nullptr;
  return found->second.session.get();
}

void SessionSet::flush() {
  for (const SessionId session : dirty_) {
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) continue;
    found->second.is_dirty = false;
    if (!found->second.is_ending) found->second.session->publish_completions();
  }
  dirty_.clear();
}

// An ending session's pins count until forget_ended(): its process may still read.
void SessionSet::collect_pins(std::vector<HeldPin>& pins) {
  for (const auto& [id, member] : sessions_) member.session->collect_pins(pins);
}

void SessionSet::collect_touches(std::vector<uint32_t>& slots) {
  for (Session* session : polled_) session->collect_touches(slots);
}

void SessionSet::want_releases(bool wanted) {
  control_.releases_wanted.store(wanted ? 1 : 0, std::memory_order_seq_cst);
  // Clients look at the flag without a fence, so bring the fence to them: see "Releases" in
  // docs/notes/pin_protocol.md. Where the kernel has no such command the timer has to do.
  if (wanted) ::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
}

void SessionSet::complete(SessionId session, const session::Completion& completion,
                          const std::string& detail) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.is_ending) return;
  Member& member = found->second;
  if (const auto pushed = member.session->push(completion, detail); !pushed) {
    return end(session, pushed.error().where, true);
  }
  if (std::exchange(member.is_dirty, true)) return;
  dirty_.push_back(session);
}

void SessionSet::set_pin(SessionId session, uint32_t pin_cell, ObjectRef ref) {
  if (Session* const found = find(session)) found->set_pin(pin_cell, ref);
}

std::string SessionSet::describe(SessionId session) const {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return "session " + std::to_string(session);
  const Peer& peer = found->second.session->peer();
  return "pid " + std::to_string(peer.pid) + " (" + peer.name + ")";
}

int32_t SessionSet::pid(SessionId session) const {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? 0 : found->second.session->peer().pid;
}

}  // namespace obj
