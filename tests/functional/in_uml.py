#!/usr/bin/env python3
"""Run a command under a user-mode Linux kernel that has a real AF_VSOCK loopback (CID 1).

    python tests/functional/in_uml.py [--modules vsock,...] [--timeout 120] [--memory 512M] -- COMMAND [ARG ...]

Needs Debian's package user-mode-linux (or UML_HOME=DIR, where `dpkg-deb -x user-mode-linux_*.deb DIR` unpacked it).
No root, no KVM, no emulator: the kernel is an ordinary process. The guest sees this machine's files (read-only, through
hostfs) under a network of its own, so it runs this very checkout and its virtual environment. Only /run and /dev/shm are
writable, and TMPDIR points to /run. It starts and stops in about three seconds, has one CPU and a 100 Hz clock:
correctness, not speed.

The kernel knows 832 bytes of a process's extended state (x87, SSE, AVX). Where the processor has more (AVX-512, AMX, protection
keys), the kernel gets `extended_state.c` preloaded, which completes its transfers, and the guest's C library and OpenSSL are kept
from the registers that the kernel does not save. UML_EXTENDED_STATE=completed or =plain decides it by hand.

The command's output is passed on as it comes; its exit status is this script's (98 where no guest can
run, 99 where the guest reported none).
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import json
import os
import platform
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
_PTRACE_ATTACH = 16
_PTRACE_GETREGSET = 0x4204
_NT_X86_XSTATE = 0x202
_KNOWN_STATE_BYTES = 832
_LARGEST_STATE_BYTES = 1 << 16
_NARROW = {
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2_Usable,-AVX2,-AVX,-XSAVE,-XSAVEC",
    "OPENSSL_ia32cap": ":~0xdc230000",  # the bits of AVX-512 in what CPUID's leaf 7 says
}
"""What keeps libraries that choose their code by the processor from registers that are lost when the guest switches processes."""


def what_is_missing() -> str | None:
    """Why no guest can run on this machine, None where one can."""
    if platform.machine() != "x86_64":
        return f"Debian's user-mode Linux is built for x86_64, this machine is {platform.machine()}"
    if _find_kernel() is None:
        return "user-mode-linux is not installed (apt-get install user-mode-linux)"
    if _completes_state() and not shutil.which("cc"):
        return (
            f"user-mode Linux knows {_KNOWN_STATE_BYTES} bytes of a process's extended state, this processor has "
            f"{extended_state_bytes()}, and no C compiler is there to build what makes up for it (apt-get install gcc libc6-dev)"
        )
    return None


def _find_kernel() -> Path | None:
    kernel = Path(shutil.which("linux.uml") or _home() / "usr/bin/linux.uml")
    return kernel if kernel.exists() and any(_module_root().glob("*")) else None


def extended_state_bytes() -> int:
    """How many bytes of extended state (XSAVE, standard format) this processor and its kernel keep for a process.

    Asked of the kernel, since the list of features does not tell: protection keys, for one, take a place behind those of AVX-512.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    libc.ptrace.restype = ctypes.c_long
    area = ctypes.create_string_buffer(_LARGEST_STATE_BYTES)
    transfer = (ctypes.c_size_t * 2)(ctypes.addressof(area), len(area))  # a struct iovec, whose length the kernel corrects
    with subprocess.Popen(["sleep", "60"]) as traced:
        try:
            if libc.ptrace(_PTRACE_ATTACH, traced.pid, None, None):
                raise OSError(ctypes.get_errno(), "a process that was started here may not be traced")
            os.waitpid(traced.pid, 0)
            if libc.ptrace(_PTRACE_GETREGSET, traced.pid, _NT_X86_XSTATE, ctypes.addressof(transfer)):
                raise OSError(ctypes.get_errno(), "its extended state cannot be read")
        finally:
            traced.kill()
    return transfer[1]


def _completes_state() -> bool:
    asked = os.environ.get("UML_EXTENDED_STATE")
    if asked not in (None, "", "completed", "plain"):
        raise ValueError(f"UML_EXTENDED_STATE is {asked!r}, expected completed or plain")
    return asked == "completed" if asked else extended_state_bytes() > _KNOWN_STATE_BYTES


def compile_library(name: str, folder: Path) -> Path:
    """The library of the C file of this name beside this one, compiled into a folder, to be preloaded."""
    library = folder / f"{name}.so"
    source = Path(__file__).with_name(f"{name}.c")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


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
    preloaded: Sequence[Path] = (),
) -> int:
    """Run a command in a guest of its own, hand its output to `sink` line by line, and return its exit status.

    `modules` are loaded in this order before the command starts; `preloaded` libraries come between the kernel and its host.
    Returns STATUS_NONE, and hands over all that the kernel said, where the guest ended without a status or at the timeout.
    """
    missing = what_is_missing()
    if missing:
        sink(f"in_uml: {missing}\n")
        return STATUS_NOT_INSTALLED
    with tempfile.TemporaryDirectory() as scratch:
        process = _boot(Path(scratch), command, modules, memory, preloaded)
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


def _boot(
    scratch: Path, command: Sequence[str], modules: Sequence[str], memory: str, preloaded: Sequence[Path]
) -> subprocess.Popen[str]:
    completion = [compile_library("extended_state", scratch)] if _completes_state() else []
    narrow = _NARROW if completion else {}
    job = {
        "command": list(command),
        "folder": str(Path.cwd()),
        "environment": dict(os.environ) | narrow,
        "modules": list(modules),
        "module_root": str(_module_root()),
    }
    (scratch / "job.json").write_text(json.dumps(job))
    init = scratch / "init"
    script = shlex.join([sys.executable, "-B", str(Path(__file__).resolve())])
    own = shlex.join(["env", *(f"{name}={value}" for name, value in narrow.items())])  # the kernel hands process 1 no environment
    init.write_text(f"#!/bin/sh\nexec {own} {script}\n")
    init.chmod(0o755)
    arguments = [str(_find_kernel()), f"mem={memory}", "rootfstype=hostfs", "rootflags=/", "ro", f"init={init}", "quiet"]
    arguments += ["con0=null,fd:1", "con=null", "ssl=null", f"uml_dir={scratch}/uml", "panic=-1", f"{_JOB}={scratch}"]
    return subprocess.Popen(
        arguments,
        env=dict(os.environ) | {"LD_PRELOAD": ":".join(map(str, [*completion, *preloaded]))},
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
