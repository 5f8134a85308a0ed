"""What a scrape of a run's metrics holds, for tests of them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from vsock_loadgen.serving.families import PREFIX
from vsock_loadgen.serving.metrics import Metrics
from vsock_loadgen.transport.web import Request

Labels = frozenset[tuple[str, str]]
Samples = dict[tuple[str, Labels], float]
"""Values by name, without the prefix, and labels."""


def scraped(metrics: Metrics) -> Samples:
    """Everything that is shown now."""
    text = metrics.page(Request("", "")).body.decode()
    return {
        (sample.name.removeprefix(PREFIX), frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    """The value of the series with exactly these labels."""
    return samples[name, frozenset(labels.items())]


def values(samples: Samples, name: str, label: str, **others: str) -> dict[str, float]:
    """The values of a name by one of its labels, of the series that have the others besides."""
    found = ((dict(labels), each) for (shown, labels), each in samples.items() if shown == name)
    return {
        labels[label]: each
        for labels, each in found
        if labels.keys() - {label} == others.keys() and others.items() <= labels.items()
    }


def bucket_counts(samples: Samples, name: str, **labels: str) -> dict[float, float]:
    """The counts of a histogram by its bounds."""
    return {float(bound): count for bound, count in values(samples, f"{name}_bucket", "le", **labels).items()}


def scrapes_while(metrics: Metrics, run: Callable[[], None]) -> list[Samples]:
    """What scrapes see that are made one after another while something runs."""
    running = threading.Thread(target=run)
    running.start()
    scrapes = []
    while running.is_alive():
        scrapes.append(scraped(metrics))
    running.join()
    return scrapes
