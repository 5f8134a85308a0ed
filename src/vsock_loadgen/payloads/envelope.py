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

_VM_ID_TEXT = b"766d6c67-0000-4000-8000-%012x"
_HASH_ID_BYTES = len("sha256:") + 64
_INDEX_DIGITS = 12


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


_VM_ID_FIELD = field_head(_VM_ID, len(_VM_ID_TEXT % 0)) + _VM_ID_TEXT


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
class Envelope:
    """The fields of one run's reports that do not depend on the machine; build it with `build`.

    `discovered` is the VMReport's other field, empty in the bare format. `index_fields` are hash id, state and success, with a `%`
    specification for the machine's index; `index_fields_bytes` is their length once filled in.
    """

    is_wrapped: bool
    discovered: bytes
    index_fields: bytes
    index_fields_bytes: int

    @classmethod
    def build(cls, report_format: ReportFormat, seed: int, discovered: Discovered = RHEL_9) -> Envelope:
        """The envelope of a format. A machine's vm id follows from its global index, its hash id from seed and index."""
        is_wrapped = report_format == "vmReport"
        digest = hashlib.sha256(f"{seed}/hash_id".encode()).hexdigest()[:-_INDEX_DIGITS]
        hash_id = f"sha256:{digest}%0{_INDEX_DIGITS}x".encode()
        finished = v4.IndexReport(state="IndexFinished", success=True).SerializeToString(deterministic=True)
        index_fields = field_head(_HASH_ID, _HASH_ID_BYTES) + hash_id + finished
        return cls(
            is_wrapped,
            v1.VMReport(discovered_data=discovered.message()).SerializeToString(deterministic=True) if is_wrapped else b"",
            index_fields,
            len(index_fields % 0),
        )

    def template(self, cid_digits: int, contents_bytes: int) -> bytes:
        """The header before contents of that many bytes, for a CID of that many digits.

        It is to be filled by `template % (cid, index, index)`: what varies has a fixed length, so that the lengths hold.
        """
        contents_head = field_head(_CONTENTS, contents_bytes)
        index_bytes = self.index_fields_bytes + len(contents_head) + contents_bytes
        index_head = field_head(_INDEX_V4, index_bytes)
        cid_head = field_head(_VSOCK_CID, cid_digits)
        if self.is_wrapped:
            ids_bytes = len(cid_head) + cid_digits + len(_VM_ID_FIELD % 0)
            report_head = field_head(_WRAPPED_INDEX_REPORT, ids_bytes + len(index_head) + index_bytes)
            cid_head = self.discovered + report_head + cid_head
        return _literal(cid_head) + b"%d" + _VM_ID_FIELD + _literal(index_head) + self.index_fields + _literal(contents_head)


def _literal(text: bytes) -> bytes:
    """Bytes that `%`-formatting leaves as they are: a length may hold the code of a percent sign."""
    return text.replace(b"%", b"%%")
