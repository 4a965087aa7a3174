# SPDX-License-Identifier: Apache-2.0
# ci/packages.sh -- the Debian 12 packages that the project needs, and why. Sourced by ci/setup.
# shellcheck shell=bash disable=SC2034

# To build and run objd, objctl, objbench, libobj and their manual pages.
build_packages=(
  g++ meson ninja-build pkgconf
  libboost-dev        # Boost.Intrusive, in store/
  libcli11-dev        # command lines of the tools
  libfmt-dev          # text of the tools; spdlog brings it as well
  libspdlog-dev       # log lines
  libsystemd-dev      # readiness notice to systemd
  libssl-dev          # HMAC of the fabric's handshake and of requests to S3
  libucx-dev          # messages and reads between nodes
  libibverbs-dev      # reads as one-sided RDMA
  liblz4-dev libzstd-dev  # compression of what is spilled
  liburing-dev        # direct I/O of what is spilled to disk
  libxxhash-dev       # hashes of ids, checksums of spilled objects
  nlohmann-json3-dev  # JSON of status and tools
  scdoc               # manual pages
  bash-completion     # says where completions are installed
)

# To build and run the tests and benchmarks as well.
test_packages=(
  libgtest-dev libgmock-dev libbenchmark-dev
  fio                 # the yardstick of what is spilled
  python3             # the driver of ci/test and the checks
  ccache              # each tier builds the tree anew with other options
  git                 # which files are the project's
  ucx-utils           # ucx_perftest, the yardstick of the fabric's figures
  # ci/rxe, the guests with an RDMA device:
  linux-source-6.1 make bc flex bison xz-utils patch  # to build the User-Mode Linux kernel
  qemu-system-x86 linux-image-amd64 busybox-static cpio kmod  # the other guest
  iproute2            # rdma, tc
  ibverbs-utils       # ibv_devinfo, ibv_rc_pingpong
  perftest            # ib_read_bw, ib_read_lat: the yardsticks of the verbs figures
  util-linux          # unshare, for a test of ci/rxe/run
)

# To check the sources: the second compiler, its sanitizers and libFuzzer, linters.
check_packages=(
  clang-19 libclang-rt-19-dev clang-tidy-19 clang-format-19
  shellcheck
)
