#!/usr/bin/env python3
"""Run a command under a user-mode Linux kernel that has a real AF_VSOCK loopback (CID 1).

    python tests/functional/in_uml.py [--modules vsock,...] [--timeout 120] [--memory 512M] -- COMMAND [ARG ...]

Needs Debian's package user-mode-linux (or UML_HOME=DIR, where `dpkg-deb -x user-mode-linux_*.deb DIR` unpacked it).
No root, no KVM, no emulator: the kernel is an ordinary process. The guest sees this machine's files (read-only, through
hostfs) under a network of its own, so it runs this very checkout and its virtual environment. Only /run and /dev/shm are
writable, and TMPDIR points to /run. It starts and stops in about three seconds, has one CPU and a 100 Hz clock:
correctness, not speed.

The command's output is passed on as it comes; its exit status is this script's (98 where user-mode-linux is not
installed, 99 where the guest reported none).
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import json
import os
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

LOOPBACK_MODULES = ("vsock", "vmw_vsock_virtio_transport_common", "vsock_loopback")
STATUS_NOT_INSTALLED = 98
STATUS_NONE = 99

_START = "guest-start"
_STATUS = "guest-status "
_JOB = "guest_job"  # an unknown kernel argument becomes a variable in the environment of process 1
_FINIT_MODULE = 313  # x86_64
_POWER_OFF = 0x4321FEDC
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


def find_kernel() -> Path | None:
    """The user-mode Linux kernel of this machine, None where it or its modules are not installed."""
    kernel = Path(shutil.which("linux.uml") or _home() / "usr/bin/linux.uml")
    return kernel if kernel.exists() and any(_module_root().glob("*")) else None


def _home() -> Path:
    return Path(os.environ.get("UML_HOME", "/"))


def _module_root() -> Path:
    return _home() / "usr/lib/uml/modules"


def run_in_guest(
    command: Sequence[str],
    *,
    modules: Sequence[str] = LOOPBACK_MODULES,
    memory: str = "512M",
    timeout_seconds: float = 120,
    sink: Callable[[str], object] = sys.stdout.write,
) -> int:
    """Run a command in a guest of its own, hand its output to `sink` line by line, and return its exit status.

    `modules` are loaded in this order before the command starts. Returns STATUS_NONE, and hands over all that the kernel said,
    where the guest ended without a status or was ended at the timeout.
    """
    kernel = find_kernel()
    if kernel is None:
        sink("in_uml: user-mode-linux is not installed (apt-get install user-mode-linux)\n")
        return STATUS_NOT_INSTALLED
    with tempfile.TemporaryDirectory() as scratch:
        process = _boot(kernel, Path(scratch), command, modules, memory)
        late = threading.Timer(timeout_seconds, _end, (process,))
        late.start()
        assert process.stdout is not None
        try:
            status = _pass_on(process.stdout, sink)
        finally:
            is_late = not late.is_alive()
            late.cancel()
            _end(process)
            process.stdout.close()
            process.wait()
    if status is None and is_late:
        sink(f"in_uml: ended after {timeout_seconds:g} s\n")
    return STATUS_NONE if status is None else status


def _boot(kernel: Path, scratch: Path, command: Sequence[str], modules: Sequence[str], memory: str) -> subprocess.Popen[str]:
    job = {
        "command": list(command),
        "folder": str(Path.cwd()),
        "environment": dict(os.environ),
        "modules": list(modules),
        "module_root": str(_module_root()),
    }
    (scratch / "job.json").write_text(json.dumps(job))
    init = scratch / "init"
    script = shlex.join([sys.executable, "-B", str(Path(__file__).resolve())])
    init.write_text(f"#!/bin/sh\nexec {script}\n")
    init.chmod(0o755)
    arguments = [str(kernel), f"mem={memory}", "rootfstype=hostfs", "rootflags=/", "ro", f"init={init}", "quiet"]
    arguments += ["con0=null,fd:1", "con=null", "ssl=null", f"uml_dir={scratch}/uml", "panic=-1", f"{_JOB}={scratch}"]
    return subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _end(process: subprocess.Popen[str]) -> None:
    """End the kernel and the processes that carry its guests' memory."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _pass_on(lines: Iterable[str], sink: Callable[[str], object]) -> int | None:
    """Hand on what the command wrote; without a start, all that the kernel wrote. Returns the status, None without one."""
    kernel_lines: list[str] = []
    clean = (line.replace("\r", "") for line in lines)
    for line in clean:
        if line.rstrip() == _START:
            return _pass_on_command(clean, sink)
        kernel_lines.append(line)
    for line in kernel_lines:
        sink(line)
    return None


def _pass_on_command(lines: Iterator[str], sink: Callable[[str], object]) -> int | None:
    held = ""  # an empty line belongs to the command unless the status follows it
    for line in lines:
        if line.startswith(_STATUS):
            return int(line.removeprefix(_STATUS))
        if held:
            sink(held)
        held = line if line == "\n" else ""
        if not held:
            sink(line)
    return None


def guest(scratch: Path) -> None:
    """Be process 1 of the guest: mount, load modules, run the command, report, power off."""
    job = json.loads((scratch / "job.json").read_text())
    libc = ctypes.CDLL(None, use_errno=True)
    for kind, where in (("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/run"), ("devtmpfs", "/dev")):
        libc.mount(b"none", where.encode(), kind.encode(), 0, None)
    Path("/dev/shm").mkdir(exist_ok=True)  # noqa: S108 (a mount point of the guest, where nobody else is)
    libc.mount(b"none", b"/dev/shm", b"tmpfs", 0, None)
    _bring_up_loopback_interface()
    folder = Path(job["module_root"]) / os.uname().release / "kernel/net/vmw_vsock"
    for module in job["modules"]:
        fd = os.open(folder / f"{module}.ko", os.O_RDONLY)
        if libc.syscall(_FINIT_MODULE, fd, b"", 0):
            print(f"guest: {module}: {os.strerror(ctypes.get_errno())}", flush=True)
        os.close(fd)
    environment = job["environment"] | {"TMPDIR": "/run", "PYTHONDONTWRITEBYTECODE": "1"}
    print(_START, flush=True)
    try:
        status = subprocess.run(job["command"], cwd=job["folder"], env=environment, check=False).returncode
    except OSError as error:
        print(f"guest: {error}", flush=True)
        status = 127
    print(f"\n{_STATUS}{status}", flush=True)
    libc.sync()
    libc.reboot(_POWER_OFF)


def _bring_up_loopback_interface() -> None:
    """127.0.0.1 exists only while `lo` is up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def main() -> int:
    """Read the command line and run the command."""
    parser = argparse.ArgumentParser(description="Run a command under a user-mode Linux kernel with AF_VSOCK.")
    parser.add_argument("--modules", default=",".join(LOOPBACK_MODULES), help="what to load, in order (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=120, help="seconds (default: %(default)s)")
    parser.add_argument("--memory", default="512M", help="of the guest (default: %(default)s)")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    return run_in_guest(
        options.command,
        modules=[name for name in options.modules.split(",") if name],
        memory=options.memory,
        timeout_seconds=options.timeout,
        sink=lambda text: print(text, end="", flush=True),
    )


if __name__ == "__main__":
    if os.getpid() == 1 and _JOB in os.environ:
        guest(Path(os.environ[_JOB]))
    else:
        sys.exit(main())
