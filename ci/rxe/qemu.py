# SPDX-License-Identifier: Apache-2.0
"""How a guest of QEMU starts: Debian's own kernel, every instruction emulated, two CPUs. Needs no KVM."""
import collections
import pathlib
import shutil
import subprocess

MODULES = ["virtio_pci", "9p", "9pnet_virtio", "overlay", "dummy", "veth", "sch_netem", "crc32_generic",
           "rdma_ucm", "rdma_rxe", "loop", "dm_mod", "dm_flakey"]
APPLETS = ["sh", "mount", "insmod", "mkdir", "switch_root"]

Boot = collections.namedtuple("Boot", "command environment")


class NoKernel(Exception):
    """There is none; says what to do."""


def paths_of(module, release):
    """Of a module's file and those it needs, in the order to load them; nothing if there is no such module."""
    run = subprocess.run(["/sbin/modprobe", "--show-depends", "-S", release, module],
                         capture_output=True, text=True, check=False)
    return [line.split()[1] for line in run.stdout.splitlines() if line.startswith("insmod ")]


def debian_kernel():
    """The newest kernel of Debian that has rxe, and its release. The cloud flavour has not."""
    releases = [path.name.removeprefix("vmlinuz-") for path in pathlib.Path("/boot").glob("vmlinuz-*-amd64")]
    for release in sorted(releases, reverse=True):
        if paths_of("rdma_rxe", release):
            return pathlib.Path("/boot") / f"vmlinuz-{release}", release
    raise NoKernel("no kernel in /boot has the module rdma_rxe. Run ci/setup, or: "
                   "apt-get install linux-image-amd64 kmod")


def make_ramdisk(folder, release):
    """busybox, the modules, and boot-qemu as /init."""
    root = folder / "ramdisk"
    for name in ("bin", "modules", "proc", "sys", "dev", "lower", "rw", "new"):
        (root / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin")
    for applet in APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
    order = dict.fromkeys(path for module in MODULES for path in paths_of(module, release))
    for path in order:
        shutil.copy(path, root / "modules")
    (root / "modules" / "order").write_text("".join(f"{pathlib.Path(path).name}\n" for path in order))
    shutil.copy(folder / "guest" / "boot-qemu", root / "init")
    names = subprocess.run(["find", "."], cwd=root, capture_output=True, check=True).stdout
    with (folder / "initrd").open("wb") as image:
        subprocess.run(["cpio", "--create", "--format=newc", "--quiet"], cwd=root, input=names, stdout=image,
                       check=True)
    shutil.rmtree(root)


def share(path, tag, more=""):
    return ["-virtfs", f"local,path={path},mount_tag={tag},security_model=none{more}"]


def boot(folder, out, memory_bytes, _say):
    kernel, release = debian_kernel()
    make_ramdisk(folder, release)
    shares = share("/", "root", ",readonly=on,multidevs=remap") + share(folder, "job")
    if out:
        shares += share(out, "out")
    parameters = (f"console=ttyS0 loglevel=5 panic=-1 mitigations=off obj_job={folder} obj_out={out or ''}")
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2",
               "-m", f"{memory_bytes >> 20}M", "-display", "none", "-no-reboot", "-nic", "none", "-monitor", "none",
               "-serial", "stdio", "-kernel", str(kernel), "-initrd", str(folder / "initrd"),
               "-append", parameters, *shares]
    return Boot(command, {})
