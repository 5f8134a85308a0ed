"""The committed code is what the .proto files say, and runs with the oldest protobuf that the project accepts."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, FileDescriptor

from vsock_loadgen.payloads import proto
from vsock_loadgen.payloads.proto import scanner_v4_pb2, virtual_machine_v1_pb2

FOLDER = Path(proto.__file__).parent
SOURCES = FOLDER.parents[2]
FILES = [scanner_v4_pb2.DESCRIPTOR, virtual_machine_v1_pb2.DESCRIPTOR]
OLDEST_PROTOBUF = (5, 29, 0)


def messages_of(file: FileDescriptor) -> list[Descriptor]:
    """All messages, the inner ones after the one that holds them."""
    found: list[Descriptor] = list(file.message_types_by_name.values())
    for message in found:
        found.extend(message.nested_types)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: Path(file.name).name)
def test_the_code_describes_the_messages_of_its_proto_file(file: FileDescriptor, tmp_path: Path) -> None:
    protoc = pytest.importorskip("grpc_tools.protoc")
    assert protoc.main(["protoc", f"-I{SOURCES}", f"--python_out={tmp_path}", str(SOURCES / file.name)]) == 0
    generated = (tmp_path / file.name).with_name(Path(file.name).stem + "_pb2.py").read_text()
    (described,) = re.findall(r"AddSerializedFile\((b'.*')\)$", generated, re.MULTILINE)
    assert ast.literal_eval(described) == file.serialized_pb


@pytest.mark.parametrize("file", FILES, ids=lambda file: Path(file.name).name)
def test_the_type_stubs_have_the_same_fields(file: FileDescriptor) -> None:
    stub = (SOURCES / file.name).with_name(Path(file.name).stem + "_pb2.pyi").read_text()
    stubbed = re.findall(r"(\w+)_FIELD_NUMBER: builtins\.int", stub)
    assert sorted(stubbed) == sorted(field.name.upper() for message in messages_of(file) for field in message.fields)


@pytest.mark.parametrize("file", FILES, ids=lambda file: Path(file.name).name)
def test_the_code_asks_for_no_newer_protobuf_than_the_project_does(file: FileDescriptor) -> None:
    code = (SOURCES / file.name).with_name(Path(file.name).stem + "_pb2.py").read_text()
    (version,) = re.findall(r"^# Protobuf Python Version: (\d+)\.(\d+)\.(\d+)$", code, re.MULTILINE)
    assert tuple(map(int, version)) <= OLDEST_PROTOBUF
