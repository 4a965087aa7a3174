// SPDX-License-Identifier: Apache-2.0
// Goal: doctor's judgement names what is wrong and the line that mends it, and is silent otherwise.
// Method: a machine on which all is well; each test changes the facts that it is about.
#include "tools/objctl/examination.hh"

#include <gtest/gtest.h>

#include <cerrno>

#include "tools/objctl/json_fields.hh"

namespace objctl {
namespace {

using State = PortFact::State;

constexpr uint64_t kGiB = uint64_t{1} << 30;

// A node of a cluster whose objd runs.
MachineFacts healthy() {
  MachineFacts facts;
  facts.arena_pages = "hugetlb-2M";
  facts.arena_bytes = 4 * kGiB;
  facts.memory_bytes = 16 * kGiB;
  facts.available_bytes = 8 * kGiB;
  facts.shm_free_bytes = kGiB;
  facts.shmem_enabled = "never";
  facts.rdma_ports = {{"mlx5_0", 1, "ACTIVE"}};
  facts.ucx_transports = {"self", "tcp", "posix"};
  facts.is_alone = false;
  facts.transport_in_use = "ucx";
  facts.listen = {State::kConnected, "10.0.0.7:7461", 0};
  facts.directory = {State::kConnected, "10.0.0.1:7462", 0};
  facts.directory_connected = true;
  return facts;
}

// The same machine before objd is started.
MachineFacts planned() {
  MachineFacts facts = healthy();
  facts.daemon_absent = "nothing listens on /run/objd/objd.sock";
  facts.arena_pages = "";
  facts.huge_pages_free = 4096;
  facts.listen.state = State::kFree;
  facts.directory_connected.reset();
  return facts;
}

void expect(const Finding& finding, Verdict verdict, const std::string& says,
            const std::string& mend) {
  EXPECT_EQ(finding.verdict, verdict) << finding.says;
  EXPECT_NE(finding.says.find(says), std::string::npos) << finding.says;
  EXPECT_NE(finding.mend.find(mend), std::string::npos) << finding.mend;
  EXPECT_EQ(finding.mend.empty(), verdict == Verdict::kOk) << finding.check << ": " << finding.mend;
}

TEST(Examination, finds_nothing_on_a_healthy_machine) {
  const std::vector<Finding> findings = examine(healthy());
  EXPECT_EQ(findings.size(), 10u);
  for (const Finding& finding : findings) {
    EXPECT_EQ(finding.verdict, Verdict::kOk) << finding.check << ": " << finding.says;
    EXPECT_EQ(finding.mend, "") << finding.check;
  }
  EXPECT_FALSE(has_problem(findings));
}

TEST(Examination, misses_only_the_daemon_before_it_is_started) {
  for (const Finding& finding : examine(planned())) {
    const bool is_daemon = std::string(finding.check) == "objd";
    EXPECT_EQ(finding.verdict, is_daemon ? Verdict::kProblem : Verdict::kOk) << finding.says;
  }
  EXPECT_TRUE(has_problem(examine(planned())));
  MachineFacts facts = planned();
  facts.socket = "/tmp/o.sock";
  expect(check_daemon(facts), Verdict::kProblem, "nothing listens", "objd --socket /tmp/o.sock");
}

TEST(Examination, compares_memory_with_the_arena) {
  MachineFacts facts = planned();
  facts.available_bytes = 2 * kGiB;
  expect(check_memory(facts), Verdict::kProblem, "too little for an arena of 4 GiB",
         "objd --object-store-memory 1638M");
  facts = healthy();
  facts.available_bytes = 100 << 20;
  expect(check_memory(facts), Verdict::kWarning, "kill", "object_store_memory = ");
}

TEST(Examination, says_what_the_running_arena_is_made_of) {
  MachineFacts facts = healthy();
  facts.arena_pages = "transparent";
  expect(check_huge_pages(facts), Verdict::kOk, "transparent", "");
  facts.arena_pages = "4K";
  expect(check_huge_pages(facts), Verdict::kWarning, "4 KiB pages",
         "sysctl -w vm.nr_overcommit_hugepages=2048");
}

TEST(Examination, counts_the_huge_pages_that_a_planned_arena_would_get) {
  MachineFacts facts = planned();
  facts.huge_pages_free = 1000;
  facts.huge_pages_overcommit = 1048;
  expect(check_huge_pages(facts), Verdict::kOk, "2,048", "");
  facts.huge_pages_overcommit = 1047;
  expect(check_huge_pages(facts), Verdict::kWarning, "2,047 huge pages",
         "sysctl -w vm.nr_overcommit_hugepages=2048");
  for (const char* word : {"always", "within_size", "advise", "force"}) {
    facts.shmem_enabled = word;
    expect(check_huge_pages(facts), Verdict::kOk, word, "");
  }
  facts.shmem_enabled = "deny";
  EXPECT_EQ(check_huge_pages(facts).verdict, Verdict::kWarning);
}

TEST(Examination, compares_lockable_memory_with_the_arena) {
  MachineFacts facts = healthy();
  facts.memlock_bytes = 8 << 20;
  expect(check_locked_memory(facts), Verdict::kProblem, "limited to 8 MiB",
         "LimitMEMLOCK=infinity");
  facts.rdma_ports.clear();
  expect(check_locked_memory(facts), Verdict::kWarning, "4 GiB", "LimitMEMLOCK=infinity");
  facts.may_lock_all = true;
  expect(check_locked_memory(facts), Verdict::kOk, "CAP_IPC_LOCK", "");
  facts.may_lock_all = false;
  facts.memlock_bytes = facts.arena_bytes;
  expect(check_locked_memory(facts), Verdict::kOk, "enough", "");
  facts.memlock_bytes.reset();
  expect(check_locked_memory(facts), Verdict::kOk, "unlimited", "");
}

TEST(Examination, looks_at_dev_shm) {
  MachineFacts facts = healthy();
  facts.shm_free_bytes = 63 << 20;
  expect(check_shared_memory(facts), Verdict::kWarning, "63 MiB", "mount -o remount,size=");
  facts.shm_free_bytes.reset();
  expect(check_shared_memory(facts), Verdict::kWarning, "not there", "mount -t tmpfs");
}

TEST(Examination, tells_a_forbidden_io_uring_from_a_filtered_and_a_missing_one) {
  MachineFacts facts = healthy();
  facts.io_uring_errno = EPERM;
  expect(check_io_uring(facts), Verdict::kWarning, "cannot be used", "seccomp");
  facts.io_uring_disabled = 2;
  expect(check_io_uring(facts), Verdict::kWarning, "io_uring_disabled is 2",
         "sysctl -w kernel.io_uring_disabled=0");
  facts.io_uring_errno = 0;  // this process is of the group that may
  expect(check_io_uring(facts), Verdict::kOk, "works", "");
  facts.io_uring_disabled = 0;
  facts.io_uring_errno = ENOSYS;
  expect(check_io_uring(facts), Verdict::kWarning, "cannot be used", "linux-image");
}

TEST(Examination, wants_one_active_rdma_port_or_no_device) {
  MachineFacts facts = healthy();
  facts.rdma_ports = {{"rxe0", 1, "DOWN"}, {"mlx5_0", 2, "ACTIVE"}};
  expect(check_rdma(facts), Verdict::kOk, "active: mlx5_0/2; not active: rxe0/1 DOWN", "");
  facts.rdma_ports.pop_back();
  expect(check_rdma(facts), Verdict::kWarning, "rxe0/1 DOWN", "ip link set");
  facts.rdma_ports.clear();
  expect(check_rdma(facts), Verdict::kOk, "TCP and shared memory", "");
}

TEST(Examination, wants_tcp_of_ucx) {
  MachineFacts facts = healthy();
  facts.ucx_transports = {"self", "posix"};
  expect(check_transports(facts), Verdict::kProblem, "it has: self, posix", "UCX_TLS");
  facts.ucx_transports.reset();
  expect(check_transports(facts), Verdict::kOk, "objd uses ucx", "");
  facts.transport_in_use = "";
  expect(check_transports(facts), Verdict::kWarning, "not installed", "apt-get install ucx-utils");
}

TEST(Examination, says_over_what_objd_reads_and_why_not_over_a_card_that_is_there) {
  MachineFacts facts = healthy();
  facts.transport_in_use = "verbs over mlx5_0:1 RoCEv2 IPv4 10.0.0.1";
  expect(check_transports(facts), Verdict::kOk, "mlx5_0:1", "");
  facts.rdma_ports = {{.device = "mlx5_0", .number = 1, .state = "ACTIVE"}};
  facts.transport_in_use = "ucx (auto: RDMA needs 4096 MiB of locked memory)";
  expect(check_transports(facts), Verdict::kWarning, "locked memory", "transport = ucx");
  facts.rdma_ports.clear();
  facts.transport_in_use = "ucx (auto: no usable RDMA port)";
  expect(check_transports(facts), Verdict::kOk, "UCX has", "");
}

TEST(Examination, wants_the_running_objd_to_be_reached) {
  MachineFacts facts = healthy();
  facts.listen = {State::kFailed, "10.0.0.7:7461", ECONNREFUSED};
  expect(check_listen(facts), Verdict::kProblem, "Connection refused", "ss -ltnp 'sport = :7461'");
  facts.listen.problem_errno = ETIMEDOUT;
  expect(check_listen(facts), Verdict::kProblem, "timed out", "tcp dport 7461 accept");
  facts.listen = {State::kUnknownHost, "nowhere:7461", 0};
  expect(check_listen(facts), Verdict::kProblem, "nowhere:7461", "getent hosts nowhere");
}

TEST(Examination, wants_the_planned_address_to_be_free) {
  MachineFacts facts = planned();
  facts.listen = {State::kFailed, "10.0.0.7:7461", EADDRINUSE};
  expect(check_listen(facts), Verdict::kProblem, "in use", "ss -ltnp 'sport = :7461'");
  facts.listen.problem_errno = EADDRNOTAVAIL;
  expect(check_listen(facts), Verdict::kProblem, "no address of this machine", "ip -brief address");
  facts.listen.problem_errno = EACCES;
  expect(check_listen(facts), Verdict::kProblem, "Permission denied", "objd --listen HOST:0");
}

TEST(Examination, tells_an_absent_directory_from_one_that_does_not_let_objd_in) {
  MachineFacts facts = healthy();
  facts.directory_connected = false;
  expect(check_directory(facts), Verdict::kProblem, "another secret", "secret_file = ");
  facts.directory = {State::kFailed, "10.0.0.1:7462", ECONNREFUSED};
  expect(check_directory(facts), Verdict::kProblem, "Connection refused",
         "objdir --listen 10.0.0.1:7462");
  facts.directory.problem_errno = EHOSTUNREACH;
  expect(check_directory(facts), Verdict::kProblem, "No route", "tcp dport 7462 accept");
}

TEST(Examination, wants_a_named_directory_before_objd_is_started) {
  MachineFacts facts = planned();
  expect(check_directory(facts), Verdict::kOk, "takes TCP connections", "");
  facts.directory = {State::kFailed, "10.0.0.1:7462", ECONNREFUSED};
  expect(check_directory(facts), Verdict::kProblem, "Connection refused", "objdir --listen");
  facts.directory = {};
  expect(check_directory(facts), Verdict::kOk, "runs its own", "");
}

TEST(Examination, asks_no_network_of_a_node_that_is_alone) {
  MachineFacts facts = healthy();
  facts.is_alone = true;
  facts.listen = facts.directory = {};
  facts.directory_connected.reset();
  expect(check_listen(facts), Verdict::kOk, "alone", "");
  expect(check_directory(facts), Verdict::kOk, "alone", "");
}

TEST(Examination, prints_findings_with_their_mend) {
  const std::vector<Finding> findings = {{"rdma", Verdict::kOk, "all is well", ""},
                                         {"memory", Verdict::kProblem, "too little", "buy some"}};
  EXPECT_EQ(examination_page(findings),
            "ok       rdma        all is well\n"
            "PROBLEM  memory      too little\n"
            "                     mend: buy some\n");
  EXPECT_EQ(examination_json(findings),
            R"({"check":"rdma","verdict":"ok","says":"all is well","mend":null})"
            "\n"
            R"({"check":"memory","verdict":"problem","says":"too little","mend":"buy some"})"
            "\n");
}

}  // namespace
}  // namespace objctl
