"""Graphs of three networks as rows of numbers, as the table of trained graphs has them: which of them are the same.

A row holds 17 choices: the gates of label->net0, label->net1 and label->net2, those of the six :data:`EDGES`, the
temperatures of these edges, and the widths of net1 and net2. The target is net0.
"""

import numpy as np

EDGES = ((1, 0), (2, 0), (0, 1), (2, 1), (0, 2), (1, 2))  # source and target
CHOICES = np.array([4] * 9 + [3] * 6 + [2] * 2)  # gates: through, cutoff, linear, correct; temperatures; widths
EPOCHS = (1, 2, 4, 8, 16, 32)  # after which a graph of the table was validated
CUTOFF = 1

# Columns with net1 and net2 in each other's place.
EXCHANGED = [0, 2, 1, 4, 3, 7, 8, 5, 6, 10, 9, 13, 14, 11, 12, 16, 15]
_PLACES = np.concatenate([[1], np.cumprod(CHOICES[:0:-1])])[::-1].astype(np.int64)


def canonical(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One row for all that make the same graph, as ``ktg_mm.search.space.canonical`` finds it for any space.

    Args:
        codes: Rows of choices.

    Returns:
        The rows that stand for their graphs, in which what changes nothing is 0 and of net1 and net2 the one that comes
        first is net1; the graphs' numbers, -1 where nobody teaches net0; and the rows with all edges cut off that net0
        does not hear.

    Example:
        >>> cut = [0, 3, 0, 0, 1, 1, 1, 2, 3, 0, 2, 0, 0, 1, 1, 0, 1]  # nobody hears net2
        >>> canonical(np.array([cut]))[0].tolist()
        [[0, 3, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
    """
    codes = np.asarray(codes)
    heard = np.zeros((len(codes), 3), bool)
    heard[:, 0] = True
    for _ in range(2):  # the longest way to net0 has two edges
        for i, (source, target) in enumerate(EDGES):
            heard[:, source] |= heard[:, target] & (codes[:, 3 + i] != CUTOFF)
    plain, cut = codes.copy(), codes.copy()
    for i, (_, target) in enumerate(EDGES):
        silent = ~heard[:, target]
        plain[silent, 3 + i], cut[silent, 3 + i] = 0, CUTOFF
        silent |= codes[:, 3 + i] == CUTOFF
        plain[silent, 9 + i] = cut[silent, 9 + i] = 0
    for node in (1, 2):
        silent = ~heard[:, node]
        plain[silent, node], cut[silent, node] = 0, CUTOFF
        plain[silent, 14 + node] = cut[silent, 14 + node] = 0
    rows = [np.where(_swaps(each)[:, None], each[:, EXCHANGED], each) for each in (plain, cut)]
    untaught = (codes[:, [0, 3, 4]] == CUTOFF).all(1)
    return rows[0], np.where(untaught, -1, rows[1] @ _PLACES), rows[1]


def _swaps(codes: np.ndarray) -> np.ndarray:
    return codes[:, EXCHANGED] @ _PLACES < codes @ _PLACES
