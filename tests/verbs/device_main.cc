// SPDX-License-Identifier: Apache-2.0
// main() of tests that need an RDMA device: without one they are skipped, aloud.
#include <gtest/gtest.h>

#include <cstdio>

#include "fabric/verbs/device_list.hh"
#include "fabric/verbs/port_choice.hh"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const auto ports = obj::verbs::choose_ports(obj::verbs::list_devices(), {});
  if (!ports) {
    std::printf("skipped: %s\n", ports.error().c_str());
    return 77;
  }
  return RUN_ALL_TESTS();
}
