// SPDX-License-Identifier: Apache-2.0
// tests/client/fork_test.cc -- a forked child can read what its parent holds, and do nothing to it.
#include <gtest/gtest.h>
#include <obj/obj.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/client/support/end_forked_child.hh"
#include "tests/client/support/fake_daemon.hh"
#include "tests/client/support/open_client.hh"

namespace obj::test {
namespace {

int run_in_child(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

class ForkTest : public testing::Test {
 protected:
  FakeDaemon daemon_;
  ClientHandle client_ = open_client(daemon_.path());
  obj_id id_ = id_named("an object");
};

TEST_F(ForkTest, every_call_in_the_child_says_that_the_client_is_the_parents) {
  ASSERT_EQ(put(client_, id_, "bytes"), OBJ_OK);
  obj_view view;
  ASSERT_EQ(obj_get(client_.get(), &id_, 0, &view), OBJ_OK);
  const obj_id other = id_named("other");
  obj_buffer buffer;
  ASSERT_EQ(obj_create(client_.get(), &other, 10, 0, 0, &buffer), OBJ_OK);
  obj_request* request = nullptr;
  ASSERT_EQ(obj_put_async(client_.get(), &id_, "x", 1, nullptr, 0, 0, &request), OBJ_OK);
  EXPECT_EQ(run_in_child([&] {
              obj_client* const client = client_.get();
              obj_view copy = view;
              obj_view fresh;
              obj_buffer fresh_buffer;
              obj_info info;
              int flag;
              size_t count;
              uint64_t cursor = 0;
              const bool all_refused =
                  obj_get(client, &id_, 0, &fresh) == OBJ_EFORKED &&
                  obj_release(client, &copy) == OBJ_EFORKED &&
                  obj_release_many(client, &copy, 1) == OBJ_EFORKED &&
                  obj_put(client, &id_, "x", 1, nullptr, 0, 0) == OBJ_EFORKED &&
                  obj_create(client, &id_, 1, 0, 0, &fresh_buffer) == OBJ_EFORKED &&
                  obj_seal(client, &buffer) == OBJ_EFORKED && buffer.data != nullptr &&
                  obj_abort(client, &buffer) == OBJ_EFORKED &&
                  obj_contains(client, &id_, &flag) == OBJ_EFORKED &&
                  obj_delete(client, &id_) == OBJ_EFORKED &&
                  obj_pin(client, &id_, "o") == OBJ_EFORKED &&
                  obj_stat(client, &id_, &info) == OBJ_EFORKED &&
                  obj_list(client, &cursor, &info, 1, &count) == OBJ_EFORKED &&
                  obj_status(client, 0, nullptr, 0, &count) == OBJ_EFORKED &&
                  obj_test(client, &request, &flag, nullptr) == OBJ_EFORKED &&
                  obj_wait_all(client, &request, 1, 0, nullptr) == OBJ_EFORKED &&
                  obj_cancel(client, request) == OBJ_EFORKED;
              const bool still_readable = data_of(view) == "bytes";
              obj_close(client);
              return all_refused && still_readable;
            }),
            0);
  EXPECT_EQ(daemon_.segment().pins_held(), 1u);
  EXPECT_EQ(obj_release(client_.get(), &view), OBJ_OK);
  EXPECT_EQ(obj_seal(client_.get(), &buffer), OBJ_OK);
  EXPECT_EQ(obj_wait_all(client_.get(), &request, 1, OBJ_FOREVER, nullptr), OBJ_EEXISTS);
}

TEST_F(ForkTest, the_session_segment_is_not_there_in_the_child) {
  EXPECT_EQ(run_in_child([&] {
              FILE* const maps = std::fopen("/proc/self/maps", "r");
              char line[512];
              int arena = 0;
              while (std::fgets(line, sizeof line, maps) != nullptr) {
                arena += std::strstr(line, "memfd:fake") != nullptr ? 1 : 0;
              }
              std::fclose(maps);
              // The test's own control, arena and segment, and the client's control and arena.
              return arena == 5;
            }),
            0);
}

TEST_F(ForkTest, close_in_the_child_does_not_unmap_what_took_the_segments_place) {
  EXPECT_EQ(run_in_child([&] {
              // Whatever addresses the segment had are free now: take everything of its size.
              std::vector<void*> taken;
              const size_t bytes = daemon_.segment().layout.segment_bytes;
              for (int i = 0; i < 64; i++) {
                taken.push_back(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
              }
              obj_close(client_.get());
              for (void* memory : taken) std::memset(memory, 1, 1);
              return true;
            }),
            0);
}

TEST_F(ForkTest, close_in_the_child_ends_nothing_of_the_parents) {
  EXPECT_EQ(run_in_child([&] {
              obj_close(client_.get());
              return true;
            }),
            0);
  EXPECT_EQ(put(client_, id_, "bytes"), OBJ_OK);
}

TEST_F(ForkTest, the_child_may_open_a_client_of_its_own) {
  FakeDaemon second;
  EXPECT_EQ(run_in_child([&] {
              obj_client* own = nullptr;
              if (obj_open(second.path().c_str(), nullptr, &own) != OBJ_OK) return false;
              obj_view view;
              const bool works = obj_put(own, &id_, "mine", 4, nullptr, 0, 0) == OBJ_OK &&
                                 obj_get(own, &id_, 0, &view) == OBJ_OK &&
                                 data_of(view) == "mine" && obj_release(own, &view) == OBJ_OK;
              obj_view parents;
              const bool refused = obj_get(client_.get(), &id_, 0, &parents) == OBJ_EFORKED;
              obj_close(own);
              return works && refused;
            }),
            0);
}

// Other threads of the parent hold the library's locks at the moment of the fork.
TEST_F(ForkTest, a_fork_beside_busy_threads_leaves_a_child_that_does_not_hang) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; t++) {
    threads.emplace_back([&] {
      const obj_id id = id_named("absent");
      obj_view view;
      while (!stop) obj_get(client_.get(), &id, 0, &view);
    });
  }
  std::thread forker([&] {
    ASSERT_EQ(put(client_, id_, "bytes"), OBJ_OK);
    obj_view view;
    for (int i = 0; i < 20; i++) {
      ASSERT_EQ(obj_get(client_.get(), &id_, 0, &view), OBJ_OK);
      const pid_t child = ::fork();
      if (child == 0) {
        const bool refused = obj_release(client_.get(), &view) == OBJ_EFORKED;
        obj_close(client_.get());
        if (!refused) ::_exit(1);
        end_forked_child();  // with this thread's magazines
      }
      int status = 1;
      EXPECT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
      ASSERT_EQ(obj_release(client_.get(), &view), OBJ_OK);
    }
  });
  forker.join();
  stop = true;
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace obj::test
