"""How long a worker waits that has nothing to do."""

from __future__ import annotations

from collections.abc import Iterator

_SHORTEST, _LONGEST = 0.25, 15.0  # seconds


def idle_pauses(heartbeat: float) -> Iterator[float]:
    """Seconds from one look for work to the next, without end: a tenth of what one has waited so far.

    So workers that wait for hours ask the storage four times a minute, and none waits a tenth longer than it must.

    Args:
        heartbeat: Seconds between two signs of life of a trial; no pause is longer than half of it.

    Example:
        >>> from itertools import islice
        >>> [round(pause, 2) for pause in islice(idle_pauses(30), 0, 61, 10)]
        [0.25, 0.25, 0.65, 1.68, 4.36, 11.31, 15.0]
    """
    waited = 0.0
    while True:
        pause = min(max(_SHORTEST, waited / 10), _LONGEST, heartbeat / 2)
        yield pause
        waited += pause
