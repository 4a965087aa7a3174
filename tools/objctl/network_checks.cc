// SPDX-License-Identifier: Apache-2.0
// tools/objctl/network_checks.cc -- whether the node can reach others and be reached.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tools/objctl/address_text.hh"
#include "tools/objctl/examination.hh"

namespace objctl {
namespace {

using State = PortFact::State;

bool runs(const MachineFacts& facts) { return facts.daemon_absent.empty(); }

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string port_of(const std::string& address) {
  const auto parts = host_port_from(address);
  return parts ? std::to_string(parts->port) : "PORT";
}

std::string who_listens(const std::string& address) {
  return "ss -ltnp 'sport = :" + port_of(address) + "'";
}

Finding unknown_host(const char* check, const std::string& address) {
  const auto parts = host_port_from(address);
  const std::string host = parts ? parts->host : address;
  return {check, Verdict::kProblem, "the host of " + address + " has no address",
          "getent hosts " + host + "   # or write a numeric address"};
}

// Why nobody can connect to an address where something should listen.
std::string connect_problem(const PortFact& port) {
  return fmt::format("{} takes no TCP connection: {}", port.address,
                     std::strerror(port.problem_errno));
}

// Silence is a firewall's way of saying no; a refusal comes from the machine itself.
std::string connect_mend(const PortFact& port, const std::string& start_line) {
  const bool is_silent = port.problem_errno == ETIMEDOUT || port.problem_errno == EHOSTUNREACH ||
                         port.problem_errno == ENETUNREACH;
  if (!is_silent) return start_line;
  return "nft add rule inet filter input tcp dport " + port_of(port.address) +
         " accept   # on that machine";
}

Finding listen_of_planned(const PortFact& port) {
  if (port.state == State::kFree) {
    return {"listen", Verdict::kOk, port.address + " is free", ""};
  }
  if (port.problem_errno == EADDRINUSE) {
    return {"listen", Verdict::kProblem, port.address + " is in use by another program",
            who_listens(port.address)};
  }
  if (port.problem_errno == EADDRNOTAVAIL) {
    return {"listen", Verdict::kProblem, port.address + " is no address of this machine",
            "ip -brief address   # shows those that are"};
  }
  return {"listen", Verdict::kProblem,
          fmt::format("{} cannot be used: {}", port.address, std::strerror(port.problem_errno)),
          "objd --listen HOST:0   # takes any free port"};
}

Finding directory_not_connected(const PortFact& port) {
  if (port.state == State::kConnected) {
    return {"directory", Verdict::kProblem,
            port.address +
                " takes TCP connections, but objd is not connected: another secret, "
                "another version, or no directory at all",
            "secret_file = FILE   # in objd.conf, with the same content on all nodes"};
  }
  if (port.state == State::kUnknownHost) return unknown_host("directory", port.address);
  if (port.state == State::kNotAsked) {
    return {"directory", Verdict::kProblem, "objd is not connected to its directory",
            "directory = HOST:PORT   # in objd.conf; `objctl status` of its node shows it"};
  }
  return {"directory", Verdict::kProblem, connect_problem(port),
          connect_mend(port, "objdir --listen " + port.address + "   # on that machine")};
}

}  // namespace

Finding check_rdma(const MachineFacts& facts) {
  if (facts.rdma_ports.empty()) {
    return {"rdma", Verdict::kOk, "no RDMA device: objects travel over TCP and shared memory", ""};
  }
  const auto is_active = [](const RdmaPort& port) { return port.state == "ACTIVE"; };
  std::vector<std::string> active;
  std::vector<std::string> other;
  for (const RdmaPort& port : facts.rdma_ports) {
    const std::string name = fmt::format("{}/{}", port.device, port.number);
    (is_active(port) ? active : other).push_back(is_active(port) ? name : name + " " + port.state);
  }
  if (!active.empty()) {
    const std::string rest = other.empty() ? "" : "; not active: " + joined(other);
    return {"rdma", Verdict::kOk, "active: " + joined(active) + rest, ""};
  }
  return {"rdma", Verdict::kWarning, "no port of an RDMA device is active: " + joined(other),
          "rdma link   # shows the network device of each; then: ip link set DEVICE up"};
}

Finding check_transports(const MachineFacts& facts) {
  // There is a card, and objd says why it does without.
  const bool is_downgrade =
      facts.transport_in_use.starts_with("ucx (auto:") && !facts.rdma_ports.empty();
  if (is_downgrade) {
    return {"transports", Verdict::kWarning, "objd uses " + facts.transport_in_use,
            "transport = ucx   # in objd.conf, if that is meant"};
  }
  const bool is_verbs = facts.transport_in_use.starts_with("verbs over ");
  if (is_verbs) return {"transports", Verdict::kOk, "objd uses " + facts.transport_in_use, ""};
  if (!facts.ucx_transports) {
    if (!facts.transport_in_use.empty()) {
      return {"transports", Verdict::kOk, "objd uses " + facts.transport_in_use, ""};
    }
    return {"transports", Verdict::kWarning,
            "ucx_info is not installed, so UCX's transports are not known",
            "apt-get install ucx-utils"};
  }
  const std::string all = joined(*facts.ucx_transports);
  if (std::ranges::find(*facts.ucx_transports, "tcp") == facts.ucx_transports->end()) {
    return {"transports", Verdict::kProblem,
            "UCX has no transport tcp, which connections begin with; it has: " +
                (all.empty() ? "none" : all),
            "unset UCX_TLS UCX_NET_DEVICES   # then: ip link set DEVICE up"};
  }
  return {"transports", Verdict::kOk, "UCX has " + all, ""};
}

Finding check_listen(const MachineFacts& facts) {
  const PortFact& port = facts.listen;
  if (port.state == State::kNotAsked) {
    return {"listen", Verdict::kOk,
            runs(facts) && !facts.is_alone ? "objd does not tell where it listens"
                                           : "this node is alone: there is no listen address",
            ""};
  }
  if (port.state == State::kUnknownHost) return unknown_host("listen", port.address);
  if (!runs(facts)) return listen_of_planned(port);
  if (port.state == State::kConnected) {
    return {"listen", Verdict::kOk, "other nodes reach objd at " + port.address, ""};
  }
  return {"listen", Verdict::kProblem, connect_problem(port),
          connect_mend(port, who_listens(port.address))};
}

Finding check_directory(const MachineFacts& facts) {
  const PortFact& port = facts.directory;
  if (runs(facts) && facts.is_alone) {
    return {"directory", Verdict::kOk, "this node is alone: it needs no directory", ""};
  }
  if (facts.directory_connected.value_or(false)) {
    return {"directory", Verdict::kOk, "objd is connected to the directory at " + port.address, ""};
  }
  if (facts.directory_connected) return directory_not_connected(port);
  switch (port.state) {
    case State::kNotAsked:
      return {"directory", Verdict::kOk, "no directory is named: objd runs its own", ""};
    case State::kConnected:
      return {"directory", Verdict::kOk, port.address + " takes TCP connections", ""};
    case State::kUnknownHost:
    case State::kFree:
    case State::kFailed: break;
  }
  return directory_not_connected(port);
}

}  // namespace objctl
