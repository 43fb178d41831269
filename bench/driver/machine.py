"""The machine: what it is, who else uses it, and how deep its cores may sleep."""

import datetime
import os
import platform
import resource
import struct
import subprocess
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def _output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def describe():
    cpu = next((line.split(":", 1)[1].strip() for line in
                Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "?")
    here = Path(__file__).parent
    return {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="minutes"),
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        # BBR paces on loopback too, so large messages depend on it, raw ones as well.
        "congestion_control": _output("sysctl", "-n", "net.ipv4.tcp_congestion_control"),
        "system": _output("sh", "-c", ". /etc/os-release && echo $PRETTY_NAME"),
        "compiler": _output("c++", "--version").split("\n")[0],
        "commit": _output("git", "-C", str(here), "describe", "--always", "--dirty"),
        "peers": {name: version for name, version in
                  ((package, _output("dpkg-query", "-W", "-f", "${Version}", package)) for package in
                   ("libgrpc++-dev", "libthrift-dev", "libcapnp-dev", "libnghttp2-dev",
                    "nghttp2-client", "libprotobuf-dev")) if version},
    }


def _busy_seconds():
    """CPU time that anybody has used, and that the hypervisor has taken away."""
    fields = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _idle, _wait, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / TICKS


class Others:
    """Cores that other processes used during a run: of `servers`, this process and its children, what
    is used is ours."""

    def __init__(self, servers):
        self._servers = servers
        self._from = self._now()

    def _now(self):
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        ours = (sum(server.cpu_seconds() for server in self._servers) + time.process_time()
                + children.ru_utime + children.ru_stime)
        return time.perf_counter(), _busy_seconds(), ours

    def cores(self):
        begin, now = self._from, self._now()
        passed = now[0] - begin[0]
        return max(0.0, ((now[1] - begin[1]) - (now[2] - begin[2])) / passed) if passed > 0 else 0.0


class AwakeCores:
    """Keeps idle cores from sleeping deeply (/dev/cpu_dma_latency at 0), where that may be opened."""

    DEVICE = "/dev/cpu_dma_latency"

    @classmethod
    def possible(cls):
        return os.access(cls.DEVICE, os.W_OK)

    @staticmethod
    def has_effect():
        """Whether the kernel chooses among states to sleep in at all; many guests' kernels do not."""
        driver = Path("/sys/devices/system/cpu/cpuidle/current_driver")
        return driver.exists() and driver.read_text().strip() != "none"

    def __enter__(self):
        self._file = open(self.DEVICE, "wb", buffering=0)
        self._file.write(struct.pack("i", 0))
        return self

    def __exit__(self, *_):
        self._file.close()
