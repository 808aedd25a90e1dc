"""Logits of zero mean and unit deviation."""

from torch import Tensor, var_mean

from ktg_mm.structures import NodeOutput, full_precision

EPS = 1e-7  # of the deviations


def standardized(output: NodeOutput) -> NodeOutput:
    """A node's output whose logits are standardised over the classes (Sun et al., CVPR 2024).

    ``(z - mean) / (deviation + 1e-7)``, with the deviation of C - 1 degrees of freedom as in the authors' code. What
    both ends' logits are larger or further apart by is no longer learnt: their order and their proportions are. The
    gradient flows through mean and deviation; where the logits are all the same there is none (ours).

    Args:
        output: What the node says, logits of shape (B, C).

    Example:
        >>> import torch
        >>> standardized(NodeOutput(torch.tensor([[10.0, 20.0, 30.0]]))).logits
        tensor([[-1.,  0.,  1.]])
    """
    return NodeOutput(output.cached('standardized', lambda: _standardized(full_precision(output.logits))))


def _standardized(logits: Tensor) -> Tensor:
    variance, mean = var_mean(logits, dim=1, keepdim=True)
    return (logits - mean) / (variance.clamp(min=EPS**2).sqrt() + EPS)
