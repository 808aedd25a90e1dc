"""Classifiers that are to differ."""

from torch import Tensor

from ktg_mm.models.needs import Classifiers
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext, full_precision

from .base import EdgeLoss


@LOSSES.register_module()
class ClassifierDiversity(EdgeLoss):
    """Classifier diversification: the sum of the absolute entries of ``W_i^T W_j`` of two classifiers (document 003).

    Eq. 5; the paper does not name the norm, and writes the product with the features on the outside, (D_i, D_j) of
    matrices W of shape (C, D). It depends on weights alone: it is the same number for each sample, and only gates that
    go by the run's progress fit. An edge with ``detach=False`` makes both classifiers learn, as in the paper.

    Args:
        product: ``'features'``, the product as written; ``'classes'``, ``W_i W_j^T`` of shape (C, C), of classifiers
            with features of one length. Defaults to ``'features'``.

    Raises:
        ValueError: If the product is another one.

    Example:
        >>> import torch
        >>> context = TransferContext(None)
        >>> context.target_classifier, context.source_classifier = torch.ones(2, 3), -torch.ones(2, 3)
        >>> ClassifierDiversity()(NodeOutput(torch.zeros(1, 2)), NodeOutput(torch.zeros(1, 2)), context)
        tensor([18.])
    """

    needs = (Classifiers('product'),)
    relational = True
    trains_head = False

    def __init__(self, product: str = 'features') -> None:
        super().__init__()
        if product not in ('features', 'classes'):
            raise ValueError(f"product must be 'features' or 'classes', got {product!r}")
        self.product = product

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the sum, the same for each sample, shape (B,)."""
        own, others = context.target_classifier, context.source_classifier
        assert own is not None and others is not None
        own, others = full_precision(own), full_precision(others)  # such sums are beyond what a half can hold
        product = own.T @ others if self.product == 'features' else own @ others.T
        return product.abs().sum().expand(len(target.logits))
