// SPDX-License-Identifier: Apache-2.0
// Goal: doctor reads rightly what kernel and programs print, and what a real attempt comes to.
// Method: texts as they are printed; attempts on sockets of this test's own; this very machine.
#include "tools/objctl/gathering.hh"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>

#include "tools/objctl/address_text.hh"
#include "tools/objctl/descriptor.hh"
#include "tools/objctl/tcp_attempt.hh"

namespace objctl {
namespace {

// Listens on some port of the loopback.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_.get(), any, size), 0);
    EXPECT_EQ(::listen(socket_.get(), 1), 0);
    EXPECT_EQ(::getsockname(socket_.get(), any, &size), 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  const std::string& address() const { return address_; }

 private:
  Descriptor socket_;
  std::string address_;
};

TEST(AddressText, takes_addresses_apart) {
  EXPECT_EQ(host_port_from("node-7:7461")->host, "node-7");
  EXPECT_EQ(host_port_from("node-7:7461")->port, 7461);
  EXPECT_EQ(host_port_from("[fe80::1]:0")->host, "fe80::1");
  for (const char* text :
       {"", "7461", ":7461", "host:", "host:65536", "host:-1", "host:7x", "fe80::1:7461", "host"}) {
    EXPECT_FALSE(host_port_from(text)) << text;
  }
}

TEST(Gathering, reads_the_transports_of_ucx_info) {
  EXPECT_EQ(transports_in("# Memory domain: tcp\n#      Transport: tcp\n#         Device: lo\n"
                          "#      Transport: tcp\n#         Device: eth0\n#      Transport: posix"),
            (std::vector<std::string>{"tcp", "posix"}));
  EXPECT_TRUE(transports_in("no such thing").empty());
  EXPECT_EQ(transports_in("Transport:").size(), 1u);  // cut off: an odd name, no crash
}

TEST(Gathering, reads_the_word_that_is_chosen) {
  EXPECT_EQ(chosen_word("always within_size advise [never] deny force\n"), "never");
  for (const char* text : {"", "[", "]", "][", "never"}) EXPECT_EQ(chosen_word(text), "") << text;
}

TEST(Gathering, reads_numbers_behind_their_keys) {
  const char* const text =
      "MemTotal:       24000 kB\nNotMemFree: 7\nMemFree:\t12 kB\nCapEff:\t4000\n";
  EXPECT_EQ(number_after(text, "MemTotal:"), 24000u);
  EXPECT_EQ(number_after(text, "MemFree:"), 12u);
  EXPECT_EQ(number_after(text, "CapEff:", 16), 0x4000u);
  EXPECT_EQ(number_after(text, "Swap:"), std::nullopt);
  EXPECT_EQ(number_after("MemTotal:", "MemTotal:"), std::nullopt);
  EXPECT_EQ(number_after("MemTotal: many", "MemTotal:"), std::nullopt);
}

TEST(Gathering, tells_whether_something_listens) {
  const Listener listener;
  const PortFact there = attempt_connect(listener.address(), 1000);
  EXPECT_EQ(there.state, PortFact::State::kConnected);
  EXPECT_EQ(there.address, listener.address());
  const PortFact taken = attempt_bind(listener.address());
  EXPECT_EQ(taken.state, PortFact::State::kFailed);
  EXPECT_EQ(taken.problem_errno, EADDRINUSE);
}

TEST(Gathering, tells_whether_an_address_is_free) {
  std::string address;
  {
    const Listener listener;
    address = listener.address();
  }
  EXPECT_EQ(attempt_bind(address).state, PortFact::State::kFree);
  const PortFact nobody = attempt_connect(address, 1000);
  EXPECT_EQ(nobody.state, PortFact::State::kFailed);
  EXPECT_EQ(nobody.problem_errno, ECONNREFUSED);
  EXPECT_EQ(attempt_bind("192.0.2.1:0").problem_errno, EADDRNOTAVAIL);
  EXPECT_EQ(attempt_connect("", 1000).state, PortFact::State::kNotAsked);
  EXPECT_EQ(attempt_connect("no address", 1000).state, PortFact::State::kUnknownHost);
}

TEST(Gathering, takes_the_cluster_from_the_status_report) {
  const Listener listener;
  MachineFacts facts;
  gather_daemon({{"arena", {{"capacity_bytes", 4096}, {"pages", "4K"}}},
                 {"cluster",
                  {{"address", listener.address()},
                   {"directory", "127.0.0.1:x"},
                   {"directory_connected", false},
                   {"transport", "ucx"}}}},
                facts);
  EXPECT_EQ(facts.arena_bytes, 4096u);
  EXPECT_EQ(facts.arena_pages, "4K");
  EXPECT_FALSE(facts.is_alone);
  EXPECT_EQ(facts.listen.state, PortFact::State::kConnected);
  EXPECT_EQ(facts.directory.state, PortFact::State::kUnknownHost);
  EXPECT_EQ(facts.directory_connected, false);
}

TEST(Gathering, survives_any_status_report) {
  for (const char* text : {"{}", R"({"arena": 1, "cluster": 2})", R"({"cluster": {"address": []}})",
                           R"({"cluster": {"directory_connected": 7, "address": ":"}})"}) {
    MachineFacts facts;
    gather_daemon(Json::parse(text), facts);
    EXPECT_NE(facts.listen.state, PortFact::State::kConnected) << text;
    EXPECT_EQ(facts.directory_connected, std::nullopt) << text;
  }
}

TEST(Gathering, takes_a_plan_only_where_no_objd_runs) {
  MachineFacts facts;
  facts.memory_bytes = 1000;
  facts.arena_bytes = 7;
  gather_plan({.memory_bytes = std::nullopt, .listen = "127.0.0.1:0", .directory = ""}, facts);
  EXPECT_EQ(facts.arena_bytes, 7u);
  EXPECT_EQ(facts.listen.state, PortFact::State::kNotAsked);
  facts.daemon_absent = "gone";
  gather_plan({.memory_bytes = std::nullopt, .listen = "127.0.0.1:0", .directory = ""}, facts);
  EXPECT_EQ(facts.arena_bytes, 300u);
  EXPECT_EQ(facts.listen.state, PortFact::State::kFree);
  gather_plan({.memory_bytes = 55, .listen = "", .directory = ""}, facts);
  EXPECT_EQ(facts.arena_bytes, 55u);
  EXPECT_TRUE(facts.is_alone);
}

TEST(Gathering, knows_this_machine) {
  MachineFacts facts;
  gather_machine(std::nullopt, facts);
  EXPECT_GT(facts.memory_bytes, 0u);
  EXPECT_GT(facts.available_bytes, 0u);
  EXPECT_LE(facts.available_bytes, facts.memory_bytes);
}

}  // namespace
}  // namespace objctl
