"""Which node a process is: what the config says, else its Job, else the cluster; never the same answer for two of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.cluster.identity import Identity, identify
from vsock_loadgen.cluster.nodes import WorkerNodes
from vsock_loadgen.errors import ClusterError, ConfigError

WORKERS = WorkerNodes(("a", "b", "c", "d"), "labelled so")


def nobody() -> WorkerNodes:
    raise AssertionError("the cluster was asked")


def place(identity: Identity) -> tuple[int, int]:
    return identity.index, identity.count


def complaint(index: int | None, count: int | None, environment: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        identify(index, count, environment, nobody)
    return str(caught.value)


@given(count=st.integers(1, 1_000), data=st.data())
def test_index_and_count_as_given_are_right_whatever_else_there_is(count: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, count - 1))
    environment = data.draw(st.fixed_dictionaries({}, optional={"NODE_NAME": st.text(), "JOB_COMPLETION_INDEX": st.text()}))
    assert place(identify(index, count, environment, nobody)) == (index, count)


@pytest.mark.parametrize(("index", "count"), [(4, 4), (-1, 4), (0, 0)])
def test_an_index_outside_the_cluster_is_refused(index: int, count: int) -> None:
    assert complaint(index, count, {}) == f"nodeIndex: is {index}, expected 0 to {count - 1} with nodeCount {count}"


@given(st.sets(st.text(min_size=1), min_size=1, max_size=50))
def test_every_worker_of_the_cluster_is_another_node_of_as_many(names: set[str]) -> None:
    workers = WorkerNodes(tuple(sorted(names)), "labelled so")
    identities = [identify(None, None, {"NODE_NAME": name}, lambda: workers) for name in names]
    assert sorted(map(place, identities)) == [(index, len(names)) for index in range(len(names))]
    assert all(identity.workers is workers for identity in identities)


def test_where_the_identity_comes_from_is_said() -> None:
    named = identify(None, None, {"NODE_NAME": "c"}, lambda: WORKERS)
    assert (named.index, named.source) == (2, "c among the 4 nodes labelled so")


@pytest.mark.parametrize(
    ("workers", "shown"),
    [
        (WORKERS, "a, b, c, d (nodes labelled so)"),
        (WorkerNodes(tuple("abcdefgh"), "x"), "a, b, c, d, e and 3 more (nodes x)"),
        (WorkerNodes((), "x"), "there are none (nodes x)"),
    ],
)
def test_a_node_that_is_no_worker_is_refused_with_those_that_are(workers: WorkerNodes, shown: str) -> None:
    with pytest.raises(ClusterError) as caught:
        identify(None, None, {"NODE_NAME": "main"}, lambda: workers)
    assert caught.value.message.startswith("NODE_NAME is 'main', ")
    assert caught.value.message.endswith(f": {shown}")
    assert "nodeAffinity" in caught.value.remedy


def test_the_pod_of_a_job_has_its_index_from_there_even_where_it_knows_its_node() -> None:
    environment = {"JOB_COMPLETION_INDEX": "3", "NODE_NAME": "a"}
    assert place(identify(None, 4, environment, nobody)) == (3, 4)


@pytest.mark.parametrize("completion", ["", None])
@pytest.mark.parametrize("node_name", ["", None])
def test_without_job_and_node_a_process_is_the_only_node(completion: str | None, node_name: str | None) -> None:
    given_variables = {"JOB_COMPLETION_INDEX": completion, "NODE_NAME": node_name}
    environment = {name: value for name, value in given_variables.items() if value is not None}
    assert place(identify(None, None, environment, nobody)) == (0, 1)
    assert place(identify(0, None, environment, nobody)) == (0, 1)


def test_a_count_of_one_needs_no_cluster() -> None:
    assert place(identify(None, 1, {"NODE_NAME": "a"}, nobody)) == (0, 1)


@pytest.mark.parametrize(
    ("index", "count", "environment", "message"),
    [
        (None, 4, {}, "nodeCount: is 4, but nothing says which of them this is: expected nodeIndex as well (LOADGEN_NODE_INDEX)"),
        (None, 4, {"NODE_NAME": "a"}, "without nodeCount the cluster says both"),
        (0, None, {"NODE_NAME": "a"}, "nodeIndex: is 0, expected nodeCount as well"),
        (0, None, {"JOB_COMPLETION_INDEX": "0"}, "nodeIndex: is 0, expected nodeCount as well"),
        (2, None, {}, "nodeIndex: is 2, expected nodeCount as well"),
        (None, None, {"JOB_COMPLETION_INDEX": "0"}, "JOB_COMPLETION_INDEX: is 0, expected nodeCount as well (LOADGEN_NODE_COUNT)"),
        (None, 4, {"JOB_COMPLETION_INDEX": "4"}, "JOB_COMPLETION_INDEX: is 4, expected 0 to 3 with nodeCount 4"),
        (None, 1, {"JOB_COMPLETION_INDEX": "1"}, "JOB_COMPLETION_INDEX: is 1, expected 0 to 0 with nodeCount 1"),
        (None, 4, {"JOB_COMPLETION_INDEX": "-1"}, "JOB_COMPLETION_INDEX: is '-1', expected a whole number"),
        (None, 4, {"JOB_COMPLETION_INDEX": "\N{SUPERSCRIPT TWO}"}, "expected a whole number"),
    ],
)
def test_what_leaves_the_place_open_or_contradicts_itself_is_refused(
    index: int | None, count: int | None, environment: dict[str, str], message: str
) -> None:
    assert message in complaint(index, count, environment)
