"""What this machine's kernel says about AF_VSOCK, found out without connecting anywhere."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
from pathlib import Path
from typing import Protocol

from vsock_loadgen.config.address import VSOCK_CID_LOCAL
from vsock_loadgen.errors import TargetError

_DEVICE = Path("/dev/vsock")
_HOST_CID = 2
_FIRST_VM_CID = 3


class VsockKernel(Protocol):
    """The facts that the preflight check needs."""

    def has_device(self) -> bool:
        """Whether /dev/vsock exists."""
        ...

    def socket_errno(self) -> int:
        """The errno of socket(AF_VSOCK); 0 if it succeeds."""
        ...

    def own_cid(self) -> int | None:
        """The kernel's own CID: 2 on a host, 1 with only the loopback transport, else the guest's; None if unknown."""
        ...

    def has_loopback(self) -> bool:
        """Whether a connection to CID 1 would stay on this machine."""
        ...


class LinuxVsock:
    """The kernel that this process runs on."""

    def has_device(self) -> bool:
        """Whether /dev/vsock exists."""
        return _DEVICE.exists()

    def socket_errno(self) -> int:
        """The errno of socket(AF_VSOCK); 0 if it succeeds."""
        try:
            socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def own_cid(self) -> int | None:
        """What the ioctl on /dev/vsock says; None if the device is missing, or may not be opened and this is not a host.

        An unprivileged container may not open the device even if it is mounted: the node's device rules refuse it.
        """
        try:
            device = os.open(_DEVICE, os.O_RDONLY)
        except PermissionError:
            return _HOST_CID if self._owns(_HOST_CID) else None
        except OSError:
            return None
        try:
            answer = fcntl.ioctl(device, socket.IOCTL_VM_SOCKETS_GET_LOCAL_CID, bytes(4))
        except OSError:
            return None
        finally:
            os.close(device)
        return int(struct.unpack("=I", answer)[0])

    def has_loopback(self) -> bool:
        """Whether CID 1 belongs to this kernel, as it does only with a loopback transport."""
        return self._owns(VSOCK_CID_LOCAL)

    def _owns(self, cid: int) -> bool:
        """Whether the kernel lets a socket be bound to a CID.

        Its bind accepts a CID only if one of its transports owns it (`vsock_find_cid` in net/vmw_vsock/af_vsock.c): CID 1 belongs
        to the loopback transport alone, CID 2 to that of a host.
        """
        with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((cid, socket.VMADDR_PORT_ANY))
            except OSError:
                return False
        return True


def own_cid_of(kernel: VsockKernel) -> int:
    """The CID of the VM that this kernel runs in. Raises TargetError if it runs in none, or does not say."""
    remedy = "run it inside a VM that has a vsock device, or set `cids: assigned`"
    cid = kernel.own_cid()
    if cid is None:
        raise TargetError(f"cids: own, but {_DEVICE} is missing or does not tell this kernel's CID, expected that of a VM", remedy)
    if cid < _FIRST_VM_CID:
        where = {VSOCK_CID_LOCAL: "only the loopback transport", _HOST_CID: "a host"}.get(cid, "not a VM")
        raise TargetError(f"cids: own, but this kernel's CID is {cid} ({where}), expected a VM's: 3 or above", remedy)
    return cid


def no_socket(address: object, number: int) -> TargetError:
    """The error that says why socket(AF_VSOCK) failed with an errno, and what to do about it."""
    found = f"{address}: socket(AF_VSOCK) failed with {errno.errorcode.get(number, number)} ({os.strerror(number)})"
    if number in (errno.EPERM, errno.EACCES):
        return TargetError(
            f"{found}: a seccomp profile or a security module forbids it",
            "run the pod with seccompProfile type Unconfined, or with a profile that allows AF_VSOCK",
        )
    if number == errno.EAFNOSUPPORT:
        return TargetError(f"{found}: this kernel has no vsock", "modprobe vsock, or use a unix:// or tcp:// address")
    return TargetError(found, "use a unix:// or tcp:// address if this machine has no vsock")
