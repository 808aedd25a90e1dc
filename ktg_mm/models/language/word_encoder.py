"""A vector for each token."""

from torch import Tensor, nn


class WordEncoder(nn.Embedding):
    """torch's embedding, which takes tokens with their spelling as well, and does not look at it.

    Example:
        >>> import torch
        >>> WordEncoder(10, 4)(torch.zeros(2, 3, 8, dtype=torch.long)).shape
        torch.Size([2, 3, 4])
    """

    def forward(self, tokens: Tensor) -> Tensor:
        """Vectors (B, T, D) of tokens (B, T), or (B, T, 1 + W) with a spelling."""
        return super().forward(tokens[..., 0] if tokens.dim() == 3 else tokens)
