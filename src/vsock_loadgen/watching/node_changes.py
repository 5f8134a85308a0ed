"""Says what a change of the cluster's workers means for a run."""

from __future__ import annotations

from collections.abc import Sequence

from vsock_loadgen.cluster.watch import NodeChange, NodeWatch
from vsock_loadgen.log import Log
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.slices import NodeSlice

_REMEDY = "restart all pods, and with them the run (kubectl rollout restart daemonset/NAME)"


class NodeChanges:
    """Logs each change once, and keeps a sentence about each for the result. `watch` None: no cluster was asked, nothing changes.

    `slices` are the parts of the fleet, one for each of the watch's known nodes.
    """

    def __init__(self, watch: NodeWatch | None, slices: Sequence[NodeSlice], log: Log) -> None:
        self._watch = watch
        self._slices = slices
        self._log = log
        self._said = NodeChange()
        self._said_problem = False
        self.warnings: list[str] = []
        """A sentence for every change so far."""

    @property
    def change(self) -> NodeChange:
        """What has changed since the start of the run."""
        return NodeChange() if self._watch is None else self._watch.change

    def update(self, totals: RunTotals) -> None:
        """Log what is new since the last time."""
        if self._watch is None:
            return
        if (change := self.change) != self._said:
            self._say(self._watch, change)
            self._said = change
        problem = self._watch.problem
        if problem is not None and not self._said_problem:
            self._log.alert(f"whether nodes were added or removed is unknown: {problem}", "nodes_unknown")
        self._said_problem = problem is not None

    def _say(self, watch: NodeWatch, change: NodeChange) -> None:
        fields = {"added": list(change.added), "gone": list(change.gone)}
        if change == NodeChange():
            self._log.line("the cluster's workers are again those that the run began with", "nodes_changed", fields)
            return
        sentences = [self._of_gone(watch, name) for name in change.gone if name not in self._said.gone]
        sentences += [self._of_added(name) for name in change.added if name not in self._said.added]
        for sentence in sentences:
            self._log.alert(sentence, "nodes_changed", fields)
        self.warnings += [sentence for sentence in sentences if sentence not in self.warnings]

    def _of_gone(self, watch: NodeWatch, name: str) -> str:
        vms = self._slices[watch.known.names.index(name)].vms
        return (
            f"the worker node {name} is gone: the reports of its {vms:,} VMs are not sent, and the load is smaller than planned. "
            f"A pod that starts now counts one node less and sends VMs that others send too; {_REMEDY}"
        )

    def _of_added(self, name: str) -> str:
        return (
            f"the worker node {name} was added: this run continues with the {len(self._slices):,} nodes that it began with. "
            f"A pod that starts now counts one node more and sends VMs that others send too; {_REMEDY}"
        )
