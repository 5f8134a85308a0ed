"""How stale an asker's knowledge is if it asks a VM repeatedly: the residual time of a renewal process.

Between two askings of a VM lie P + U(0, W), drawn each time. A report that is made at a moment of its own waits until the next
asking: the residual (forward recurrence) time X of that process. In its steady state X has the density (1 - F(x)) / m, where F is
the distribution of the time between two askings and m = P + W / 2 its mean (D. R. Cox, Renewal Theory, 1962, chapter 5; W. Feller,
An Introduction to Probability Theory and Its Applications, volume 2, XI.4). Since 1 - F(x) is 1 up to P and falls to 0 at P + W on
a straight line, for y = x - P between 0 and W

    P(X <= x) = x / m                         up to P
    P(X <= x) = (P + y - y^2 / (2 W)) / m     beyond

and a quantile q beyond P is P + W (1 - sqrt(1 - 2 r / W)), where r = q m - P.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recurrence:
    """An asker that comes `least` and up to `spread` more after the last time, uniformly: P and W, in any unit. P is positive."""

    least: float
    spread: float = 0.0

    @property
    def mean(self) -> float:
        """Between two askings."""
        return self.least + self.spread / 2

    @property
    def most(self) -> float:
        """Between two askings, and from any moment to the next."""
        return self.least + self.spread

    def reached(self, time: float) -> float:
        """The share of all moments after which the asker comes within that time."""
        if time <= self.least:
            return max(0.0, time) / self.mean
        if time >= self.most:
            return 1.0
        beyond = time - self.least
        return (self.least + beyond - beyond**2 / (2 * self.spread)) / self.mean

    def quantile(self, share: float) -> float:
        """The time within which the asker comes after that share (0 to 1) of all moments."""
        beyond = share * self.mean - self.least
        if beyond <= 0:
            return share * self.mean
        return self.least + self.spread * (1 - math.sqrt(max(0.0, 1 - 2 * beyond / self.spread)))
