"""The header of a report's contents. The lengths of the messages around them are the only wire format written by hand.

A header holds, one inside the other: in the wrapped format VMReport (discovered data, index report); IndexReport (CID, vm id,
index); the scanner's IndexReport (hash id, state, success, contents). Readers take a message's fields in any order: the one that
encloses the next message comes last.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from vsock_loadgen.payloads.proto import scanner_v4_pb2 as v4
from vsock_loadgen.payloads.proto import virtual_machine_v1_pb2 as v1

ReportFormat = Literal["indexReport", "vmReport"]

_LENGTH_DELIMITED = 2
_WRAPPED_INDEX_REPORT = 1  # VMReport.index_report
_VSOCK_CID = 1  # IndexReport.vsock_cid
_INDEX_V4 = 2  # IndexReport.index_v4
_VM_ID = 3  # IndexReport.vm_id
_HASH_ID = 1  # scanner IndexReport.hash_id
_CONTENTS = 5  # scanner IndexReport.contents

_INDEX_BYTES = 6
_INDEX_DIGITS = 2 * _INDEX_BYTES  # hexadecimal ones
_VM_ID_START = b"766d6c67-0000-4000-8000-"
_HASH_ID_BYTES = len("sha256:") + 64


def varint(value: int) -> bytes:
    """A non-negative number in base 128, lowest group first."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def field_head(number: int, payload_bytes: int) -> bytes:
    """Tag and length of a text or message field, as it stands before a payload of that many bytes."""
    return varint(number << 3 | _LENGTH_DELIMITED) + varint(payload_bytes)


_VM_ID_FIELD_START = field_head(_VM_ID, len(_VM_ID_START) + _INDEX_DIGITS) + _VM_ID_START


def _digits(index: int) -> bytes:
    return index.to_bytes(_INDEX_BYTES, "big").hex().encode()


@dataclass(frozen=True, slots=True)
class Discovered:
    """The other fields of a VMReport, in the names of the protocol's enumerations."""

    detected_os: str = "RHEL"
    os_version: str | None = "9.4"
    activation_status: str = "ACTIVE"
    dnf_metadata_status: str = "AVAILABLE"

    def message(self) -> v1.DiscoveredData:
        """As the protocol's message. Raises ValueError if a name is not one of the protocol's."""
        return v1.DiscoveredData(
            detected_os=v1.DetectedOS.Value(self.detected_os),
            os_version=self.os_version or "",
            activation_status=v1.ActivationStatus.Value(self.activation_status),
            dnf_metadata_status=v1.DnfMetadataStatus.Value(self.dnf_metadata_status),
        )


RHEL_9 = Discovered()


@dataclass(frozen=True, slots=True)
class Template:
    """A header with gaps for what varies: the CID, and the machine's index twice. All of it has a fixed length."""

    before_cid: bytes
    before_vm_id: bytes
    before_hash_id: bytes
    rest: bytes

    def filled(self, cid: bytes, index: int) -> bytes:
        """The header of the machine with this CID, in decimal digits, and this global index."""
        digits = _digits(index)
        return b"".join([self.before_cid, cid, self.before_vm_id, digits, self.before_hash_id, digits, self.rest])


@dataclass(frozen=True, slots=True)
class Envelope:
    """The fields of one run's reports that do not depend on the machine; build it with `build`.

    `discovered` is the VMReport's other field, empty in the bare format. `hash_id_start` is the hash id up to the machine's index,
    `finished` are state and success.
    """

    is_wrapped: bool
    discovered: bytes
    hash_id_start: bytes
    finished: bytes

    @classmethod
    def build(cls, report_format: ReportFormat, seed: int, discovered: Discovered = RHEL_9) -> Envelope:
        """The envelope of a format. A machine's vm id follows from its global index, its hash id from seed and index."""
        is_wrapped = report_format == "vmReport"
        digest = hashlib.sha256(f"{seed}/hash_id".encode()).hexdigest()[:-_INDEX_DIGITS]
        return cls(
            is_wrapped,
            v1.VMReport(discovered_data=discovered.message()).SerializeToString(deterministic=True) if is_wrapped else b"",
            field_head(_HASH_ID, _HASH_ID_BYTES) + f"sha256:{digest}".encode(),
            v4.IndexReport(state="IndexFinished", success=True).SerializeToString(deterministic=True),
        )

    def index_fields(self, index: int) -> bytes:
        """Hash id, state and success of the machine with this global index."""
        return self.hash_id_start + _digits(index) + self.finished

    def template(self, cid_digits: int, contents_bytes: int) -> Template:
        """The header before contents of that many bytes, for a CID of that many digits."""
        rest = self.finished + field_head(_CONTENTS, contents_bytes)
        index_bytes = len(self.hash_id_start) + _INDEX_DIGITS + len(rest) + contents_bytes
        index_head = field_head(_INDEX_V4, index_bytes)
        cid_head = field_head(_VSOCK_CID, cid_digits)
        if self.is_wrapped:
            ids_bytes = len(cid_head) + cid_digits + len(_VM_ID_FIELD_START) + _INDEX_DIGITS
            report_head = field_head(_WRAPPED_INDEX_REPORT, ids_bytes + len(index_head) + index_bytes)
            cid_head = self.discovered + report_head + cid_head
        return Template(cid_head, _VM_ID_FIELD_START, index_head + self.hash_id_start, rest)
