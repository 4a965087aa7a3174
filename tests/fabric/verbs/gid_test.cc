// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/gid.hh"

#include <gtest/gtest.h>

namespace obj::verbs {
namespace {

Gid gid(std::initializer_list<int> front, std::initializer_list<int> back = {}) {
  Gid result{};
  size_t i = 0;
  for (const int byte : front) result[i++] = static_cast<uint8_t>(byte);
  i = result.size() - back.size();
  for (const int byte : back) result[i++] = static_cast<uint8_t>(byte);
  return result;
}

const Gid kLinkLocal = gid({0xfe, 0x80}, {1});
const Gid kGlobal = gid({0x20, 1, 0xd, 0xb8}, {1});
const Gid kIpv4 = *gid_of_ipv4("10.99.0.1");
const Gid kOtherIpv4 = *gid_of_ipv4("192.168.7.1");

TEST(Gid, says_of_which_kind_an_entry_is) {
  EXPECT_EQ(kind_of(Gid{}, GidTable::kRoceV2), std::nullopt);
  EXPECT_EQ(kind_of(kIpv4, GidTable::kRoceV2), GidKind::kRoceV2Ipv4);
  EXPECT_EQ(kind_of(kIpv4, GidTable::kRoceV1), GidKind::kRoceV1);
  EXPECT_EQ(kind_of(kGlobal, GidTable::kRoceV2), GidKind::kRoceV2Ipv6);
  EXPECT_EQ(kind_of(kLinkLocal, GidTable::kRoceV2), GidKind::kRoceV2LinkLocal);
  EXPECT_EQ(kind_of(kLinkLocal, GidTable::kInfiniband), GidKind::kInfiniband);
}

TEST(Gid, is_written_as_the_address_that_it_is) {
  EXPECT_EQ(to_text(kIpv4), "10.99.0.1");
  EXPECT_EQ(to_text(kGlobal), "2001:db8::1");
  EXPECT_EQ(gid_of_ipv4("storage7"), std::nullopt);
  EXPECT_EQ(gid_of_ipv4("::1"), std::nullopt);
}

// As a port with two IPv4 addresses lists them: each as version 1 and 2, link-local first.
std::vector<GidEntry> table() {
  return {{kLinkLocal, GidKind::kRoceV1, 0}, {kLinkLocal, GidKind::kRoceV2LinkLocal, 1},
          {kIpv4, GidKind::kRoceV1, 2},      {kIpv4, GidKind::kRoceV2Ipv4, 3},
          {kGlobal, GidKind::kRoceV1, 4},    {kGlobal, GidKind::kRoceV2Ipv6, 5},
          {kOtherIpv4, GidKind::kRoceV1, 6}, {kOtherIpv4, GidKind::kRoceV2Ipv4, 7}};
}

std::vector<uint32_t> indexes(const std::vector<GidEntry>& entries) {
  std::vector<uint32_t> result;
  for (const GidEntry& entry : entries) result.push_back(entry.index);
  return result;
}

TEST(Gid, is_ranked_ipv4_before_ipv6_before_link_local_before_version_1) {
  EXPECT_EQ(indexes(ranked(table(), std::nullopt)), (std::vector<uint32_t>{3, 5, 1, 0}));
}

TEST(Gid, that_is_preferred_stands_for_its_kind) {
  EXPECT_EQ(indexes(ranked(table(), kOtherIpv4)), (std::vector<uint32_t>{7, 5, 1, 6}));
}

}  // namespace
}  // namespace obj::verbs
