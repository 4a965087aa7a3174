// SPDX-License-Identifier: Apache-2.0
// tests/loopback/read_only_test.cc -- what a client's descriptors let it do, and what not.
//
// Method: a session by hand, whose descriptors are tried with every call that could write through
// them, by its owner and by another user.
#include <gtest/gtest.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "tests/loopback/support/child.hh"
#include "tests/loopback/support/objd_process.hh"
#include "tests/loopback/support/raw_client.hh"

namespace obj {
namespace {

constexpr uid_t kNobody = 65534;

bool can_map_writable(int fd) {
  void* const address = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) return false;
  ::munmap(address, 4096);
  return true;
}

bool can_make_mapping_writable(int fd) {
  void* const address = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  EXPECT_NE(address, MAP_FAILED);
  const bool made = ::mprotect(address, 4096, PROT_READ | PROT_WRITE) == 0;
  ::munmap(address, 4096);
  return made;
}

bool can_write(int fd) { return ::pwrite(fd, "x", 1, 0) == 1 || ::write(fd, "x", 1) == 1; }

bool can_resize(int fd) { return ::ftruncate(fd, 0) == 0 || ::ftruncate(fd, 1 << 30) == 0; }

bool can_punch(int fd) {
  return ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0;
}

std::string what_is_allowed(int fd) {
  std::string allowed;
  if (can_map_writable(fd)) allowed += "mmap ";
  if (can_make_mapping_writable(fd)) allowed += "mprotect ";
  if (can_write(fd)) allowed += "write ";
  if (can_resize(fd)) allowed += "ftruncate ";
  if (can_punch(fd)) allowed += "punch ";
  return allowed;
}

// What a fresh descriptor of the same file allows, if one can be had at all.
std::string what_is_allowed_anew(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const UniqueFd writable(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  return writable.get() < 0 ? "" : what_is_allowed(writable.get());
}

class ReadOnly : public testing::Test {
 protected:
  static obj_open_options read_only() {
    obj_open_options options = OBJ_OPEN_OPTIONS_INIT;
    options.flags = OBJ_READ_ONLY;
    return options;
  }

  ObjdProcess objd_;
  Client writer_ = objd_.open();
};

TEST_F(ReadOnly, client_gets_and_waits_but_changes_nothing) {
  ASSERT_THAT(put(writer_, id_of("object"), "bytes"), Gives(OBJ_OK));
  const Client reader = objd_.open(read_only());
  const obj_id id = id_of("object");
  obj_view view{};
  ASSERT_THAT(get(reader, id, view), Gives(OBJ_OK));
  EXPECT_EQ(data_of(view), "bytes");
  EXPECT_NE(::mprotect(const_cast<void*>(view.data), view.data_bytes, PROT_READ | PROT_WRITE), 0);
  EXPECT_TRUE(contains(reader, id));
  obj_info info{};
  EXPECT_THAT(obj_stat(reader.get(), &id, &info), Gives(OBJ_OK));

  obj_buffer buffer{};
  const obj_id other = id_of("other");
  EXPECT_THAT(put(reader, other, "bytes"), Gives(OBJ_EREADONLY));
  EXPECT_THAT(put(reader, other, pattern(100'000, 1)), Gives(OBJ_EREADONLY));
  EXPECT_THAT(obj_create(reader.get(), &other, 1, 0, 0, &buffer), Gives(OBJ_EREADONLY));
  EXPECT_THAT(obj_delete(reader.get(), &id), Gives(OBJ_EREADONLY));
  EXPECT_THAT(obj_pin(reader.get(), &id, "owner"), Gives(OBJ_EREADONLY));
  EXPECT_THAT(obj_unpin(reader.get(), &id, "owner"), Gives(OBJ_EREADONLY));
  EXPECT_TRUE(contains(reader, id));
  EXPECT_THAT(obj_release(reader.get(), &view), Gives(OBJ_OK));
  EXPECT_TRUE(is_at_rest(writer_, 1));
}

TEST_F(ReadOnly, the_daemon_too_refuses_its_changes) {
  RawClient reader(objd_.socket(), {.read_only = true});
  const ObjectId id = object_id_from_name("object");
  using enum session::RequestOp;
  session::Request pin = request_of(kPin, 3, id);
  std::strcpy(pin.owner, "owner");
  session::Request unpin = request_of(kUnpin, 4, id);
  std::strcpy(unpin.owner, "owner");
  for (const session::Request& request :
       {create_request(0, id, 1), put_request(1, id, 1), request_of(kDelete, 2, id), pin, unpin}) {
    EXPECT_EQ(reader.ask(request), session::Outcome::kReadOnly) << request.tag;
  }
  EXPECT_EQ(reader.ask(object_request(kSeal, 5, 0, 0)), session::Outcome::kNotFound);
}

TEST_F(ReadOnly, descriptors_allow_no_writing) {
  const RawClient reader(objd_.socket(), {.read_only = true});
  EXPECT_EQ(what_is_allowed(reader.fd(session::kFdArena)), "");
  EXPECT_EQ(what_is_allowed(reader.fd(session::kFdControl)), "");
}

TEST_F(ReadOnly, nobody_writes_the_table_or_resizes_anything) {
  const RawClient client(objd_.socket());
  EXPECT_EQ(what_is_allowed(client.fd(session::kFdControl)), "");
  EXPECT_EQ(what_is_allowed_anew(client.fd(session::kFdControl)), "");
  EXPECT_FALSE(can_resize(client.fd(session::kFdArena)));
  EXPECT_FALSE(can_resize(client.fd(session::kFdSegment)));
}

TEST_F(ReadOnly, descriptors_cannot_be_opened_for_writing_by_another_user) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  const RawClient reader(objd_.socket(), {.read_only = true});
  Child stranger([&](TalkLine& line) {
    if (::setresgid(kNobody, kNobody, kNobody) != 0 ||
        ::setresuid(kNobody, kNobody, kNobody) != 0) {
      return 1;
    }
    const int arena = reader.fd(session::kFdArena);
    const int control = reader.fd(session::kFdControl);
    line.say("can: " + what_is_allowed(arena) + what_is_allowed(control) +
             what_is_allowed_anew(arena) + what_is_allowed_anew(control));
    return 0;
  });
  EXPECT_EQ(stranger.line().hear(), "can: ");
  EXPECT_EQ(stranger.wait(), 0);
}

}  // namespace
}  // namespace obj
