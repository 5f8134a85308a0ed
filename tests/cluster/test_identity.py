"""Which node a process is: what the config says, refused where only a cluster could tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.cluster.identity import Identity, identify
from vsock_loadgen.errors import ConfigError


@given(count=st.integers(1, 1_000), data=st.data())
def test_every_node_of_the_cluster_has_an_identity(count: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, count - 1))
    assert identify(index, count, {}) == Identity(index, count)


@pytest.mark.parametrize(("index", "count"), [(4, 4), (-1, 4), (0, 0)])
def test_an_index_outside_the_cluster_is_refused(index: int, count: int) -> None:
    with pytest.raises(ConfigError) as caught:
        identify(index, count, {})
    assert str(caught.value) == f"nodeIndex: is {index}, expected 0 to {count - 1} with nodeCount {count}"


def test_a_node_name_without_a_place_among_the_nodes_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        identify(0, 1, {"NODE_NAME": "worker-7"})
    assert str(caught.value).startswith("NODE_NAME: is 'worker-7', expected nodeIndex and nodeCount as well")


@pytest.mark.parametrize("environment", [{}, {"NODE_NAME": ""}])
def test_without_a_node_name_a_run_is_the_only_node(environment: dict[str, str]) -> None:
    assert identify(0, 1, environment) == Identity(0, 1)


def test_a_node_name_beside_nodes_is_only_a_name() -> None:
    assert identify(2, 3, {"NODE_NAME": "worker-7"}) == Identity(2, 3)
