#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_layers.py finds planted violations of each kind, and nothing in a tree that keeps the rules."""
import unittest

from planted_tree import PlantedTree


class CheckLayers(PlantedTree):
    def expect_found(self, complaint):
        code, output = self.check("check_layers.py")
        self.assertEqual(code, 1)
        self.assertIn(complaint, output)

    def test_accepts_a_tree_that_keeps_the_rules(self):
        self.plant("base/a.hh", "#include <cstdint>\n")
        self.plant("store/arena.cc", '#include "base/a.hh"\n#include <boost/intrusive/set.hpp>\n')
        self.plant("client/c_api.cc", '#include "store/shared/slot.hh"\n#include <obj/obj.h>\n')
        self.plant("tools/objctl/main.cc", "#include <obj/obj.h>\n#include <CLI/CLI.hpp>\n")
        self.plant("tests/store/arena_test.cc", '#include "store/arena.hh"\n#include <gtest/gtest.h>\n')
        self.assertEqual(self.check("check_layers.py"), (0, "layers: ok\n"))

    def test_finds_a_folder_that_includes_one_above_it(self):
        self.plant("base/a.cc", '#include <cstdint>\n#include "store/arena.hh"\n')
        self.expect_found("base/a.cc:2: base/ may not include store/arena.hh")

    def test_finds_folders_that_should_not_know_each_other(self):
        self.plant("store/arena.cc", '#include "fabric/remote_span.hh"\n')
        self.expect_found("store/arena.cc:1: store/ may not include fabric/remote_span.hh")

    def test_allows_a_seam_header_and_not_its_neighbour(self):
        self.plant("directory/a.cc",
                   '#include "fabric/message_transport.hh"\n#include "fabric/read_source.hh"\n')
        code, output = self.check("check_layers.py")
        self.assertEqual((code, output.count("\n")), (1, 1))
        self.assertIn("directory/ may not include fabric/read_source.hh", output)

    def test_finds_a_client_that_includes_the_private_store(self):
        self.plant("client/c_api.cc", '#include "store/object_store.hh"\n')
        self.expect_found("client/ may not include store/object_store.hh")

    def test_finds_a_shared_header_that_includes_the_private_store(self):
        self.plant("store/shared/slot.hh", '#include "store/arena.hh"\n')
        self.expect_found("store/shared/ may not include store/arena.hh")

    def test_finds_a_tool_that_goes_round_the_public_api(self):
        self.plant("tools/objctl/main.cc", '#include "base/result.hh"\n')
        self.expect_found("tools/ may not include base/result.hh")

    def test_finds_a_product_file_that_includes_tests(self):
        self.plant("node/a.cc", '#include "tests/seed.hh"\n')
        self.expect_found("node/ may not include tests/seed.hh")

    def test_finds_a_foreign_header_outside_its_folder(self):
        for header in ["boost/intrusive/list.hpp", "infiniband/verbs.h", "rdma/rdma_cma.h", "ucp/api/ucp.h",
                       "liburing.h", "spdlog/spdlog.h", "gtest/gtest.h"]:
            with self.subTest(header):
                self.plant("node/a.cc", f"#include <{header}>\n")
                self.expect_found(f"may include {header}")

    def test_sees_includes_with_spaces_and_in_headers_and_c_files(self):
        for name in ["base/a.hh", "base/a.h", "base/a.c"]:
            with self.subTest(name):
                self.plant(name, '  #  include "node/node.hh"\n')
                self.expect_found(f"{name}:1: base/ may not include node/node.hh")

    def test_refuses_a_root_without_sources(self):
        self.expect_found("wrong root?")


if __name__ == "__main__":
    unittest.main()
