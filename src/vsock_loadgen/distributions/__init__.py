"""The kinds of distributions. Each is a module; the rest needs only its name here."""

from __future__ import annotations

from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.lognormal import Lognormal
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.distributions.uniform import Uniform

KINDS: tuple[type[Distribution], ...] = (Constant, Buckets, Normal, Quantiles, Lognormal, Uniform)
"""In the order of the JSON Schema and the documents."""
