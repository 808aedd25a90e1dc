"""How different the predictions of several networks are, and what their mean gains by it.

Shares are numbers from 0 to 1, not percent; entropies and divergences are in nats.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist


def interrater_agreement(correct: np.ndarray) -> float:
    """Interrater agreement, or kappa, of T networks; smaller is more diverse, 0 is that of chance, 1 is full agreement.

    ``1 - [1 / T sum_k rho_k (T - rho_k)] / [N (T - 1) p (1 - p)]`` with rho_k the number of networks that are right
    on sample k, and p the mean accuracy (Kuncheva and Whitaker, Machine Learning 51, 2003).

    Args:
        correct: Where each network is right, bool of shape (T, N).

    Returns:
        The agreement; NaN if all networks are always right or always wrong, where it is not defined.

    Raises:
        ValueError: If there are fewer than two networks.

    Example:
        >>> interrater_agreement(np.array([[True, True, False, False], [True, False, True, False]]))
        0.0
    """
    correct = np.asarray(correct, dtype=bool)
    networks, samples = correct.shape
    _check_number(networks)
    right = correct.sum(axis=0)
    mean = correct.mean()
    if mean in (0, 1):
        return float('nan')
    disagreeing = (right * (networks - right)).sum() / networks
    return float(1 - disagreeing / (samples * (networks - 1) * mean * (1 - mean)))


def disagreement(predicted: np.ndarray) -> float:
    """Share of the samples for which two networks predict different classes, the mean over all pairs of networks.

    Args:
        predicted: Classes, shape (K, N).

    Raises:
        ValueError: If there are fewer than two networks.

    Example:
        >>> disagreement(np.array([[0, 1, 2, 3], [0, 1, 2, 0]]))
        0.25
    """
    _check_number(len(predicted))
    return float(pdist(predicted, 'hamming').mean())


def mutual_kl(log_p: np.ndarray, log_q: np.ndarray) -> float:
    """Mean over the samples of 1/2 (KL(p || q) + KL(q || p)), in nats (Okamoto et al., ECCV 2022).

    Args:
        log_p: Logarithms of a network's probabilities, finite, shape (N, C): exact where a probability is too small
            for a number, as from :meth:`ktg_mm.analysis.Predictions.log_probabilities`.
        log_q: Those of another.

    Example:
        >>> round(mutual_kl(np.log([[0.8, 0.2]]), np.log([[0.5, 0.5]])), 4)
        0.2079
    """
    return float(((np.exp(log_p) - np.exp(log_q)) * (log_p - log_q)).sum(axis=1).mean() / 2)


def entropy(log_p: np.ndarray) -> float:
    """Mean over the samples of the entropy of a network's probabilities, in nats; log(C) for uniform ones.

    Args:
        log_p: Logarithms of its probabilities, finite, shape (N, C).

    Example:
        >>> round(entropy(np.log([[0.5, 0.5], [0.5, 0.5]])), 4)
        0.6931
    """
    return float(-(np.exp(log_p) * log_p).sum(axis=1).mean())


def finite_log(probabilities: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities that float32 may have rounded to 0; they count as its smallest number then.

    Args:
        probabilities: Of any shape.

    Returns:
        Float64 of the same shape, at least -103.3.

    Example:
        >>> finite_log(np.array([1.0, 0.0])).round(1).tolist()
        [0.0, -103.3]
    """
    smallest = np.finfo(np.float32).smallest_subnormal
    return np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), smallest))


def attention_difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference of two networks' attention maps, over samples and places; from 0 to 1.

    An attention branch's maps are between 0 and 1 and are compared as they are. Where one network's maps exceed 1 they
    are sums of squared features; each of its maps is then divided by its maximum.

    Args:
        a: Maps of shape (N, H, W), none negative.
        b: Those of the other network.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> attention_difference(np.array([[[0.0, 1.0]]]), np.array([[[2.0, 4.0]]]))
        0.25
    """
    if a.shape != b.shape:
        raise ValueError(f'maps have the shapes {a.shape} and {b.shape}')
    return float(np.abs(_up_to_one(a) - _up_to_one(b)).mean())


def _up_to_one(maps: np.ndarray) -> np.ndarray:
    maps = maps.astype(np.float64)
    if maps.max() <= 1:
        return maps
    most = maps.max(axis=(1, 2), keepdims=True)
    return np.divide(maps, most, out=np.zeros_like(maps), where=most > 0)


def ensemble_gain(logits: np.ndarray, labels: np.ndarray) -> float:
    """Accuracy of the mean of several networks' logits less the mean of their accuracies; from -1 to 1.

    Args:
        logits: Shape (K, N, C).
        labels: True classes, shape (N,).

    Example:
        >>> ensemble_gain(np.array([[[3.0, 0.0], [0.0, 3.0]], [[0.0, 1.0], [1.0, 0.0]]]), np.array([0, 1]))
        0.5
    """
    ensemble = logits.mean(axis=0, dtype=np.float64).argmax(axis=1) == labels
    return float(ensemble.mean() - (logits.argmax(axis=2) == labels).mean())


def _check_number(networks: int) -> None:
    if networks < 2:
        raise ValueError(f'diversity needs at least two networks, got {networks}')
