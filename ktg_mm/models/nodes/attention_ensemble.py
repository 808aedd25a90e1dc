"""Ensembles of peers, one for each of them."""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ktg_mm.config.check_argument import check_whole
from ktg_mm.registry import NODES
from ktg_mm.structures import NodeOutput, full_precision

from .weighted_ensemble import WeightedEnsembleNode, weighted_mean


@NODES.register_module()
class AttentionEnsembleNode(WeightedEnsembleNode):
    """OKDDip's ensembles: each peer weighs all of them by attention (Chen et al., AAAI 2020, eqs. 5 to 7).

    With ``q_i = W_q f_i`` and ``k_i = W_k f_i`` of the members' embeddings f, member i is told
    ``t_i = sum_j a_ij l_j``, ``a_ij = softmax_j(q_i . k_j)``, itself included. W_q and W_k learn through what the
    members are told, so an edge from here to one of them is not detached. Others are told the mean of all t_i, our
    choice.

    Args:
        members: Names of the nodes that vote and are told; at least two, each once.
        layer: The members' layer, an embedding. Defaults to ``'embedding'``, the classifier's input.
        reduction: By how much queries and keys are shorter than embeddings, at least 1. Defaults to 8.
        detach: Whether gradients end here, and do not reach the members. Defaults to False.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> node = AttentionEnsembleNode(members=['a', 'b'])
        >>> node.set_shapes({name: dict(embedding=torch.Size([16])) for name in 'ab'})
        >>> output = node([NodeOutput(torch.rand(3, 5), features=dict(embedding=torch.rand(3, 16))) for _ in 'ab'])
        >>> sorted(output.told), output.told['a'].logits.shape
        (['a', 'b'], torch.Size([3, 5]))
    """

    def __init__(
        self, members: Sequence[str], layer: str = 'embedding', reduction: int = 8, detach: bool = False
    ) -> None:
        super().__init__(members, layer, detach)
        check_whole('reduction', reduction)
        self.reduction = reduction

    def set_shapes(self, shapes: Mapping[str, Mapping[str, torch.Size]]) -> None:
        """Makes W_q and W_k."""
        sizes = {name: tuple(shapes[name][self.layer]) for name in self.inputs}
        if len(set(sizes.values())) > 1 or len(sizes[self.inputs[0]]) != 1:
            text = ', '.join(f'{name} {" x ".join(map(str, shape))}' for name, shape in sizes.items())
            raise ValueError(f'layer: members must have embeddings of one length, such as those of one network; {text}')
        (size,) = sizes[self.inputs[0]]
        short = max(1, size // self.reduction)
        self.query = nn.Linear(size, short, bias=False)
        self.key = nn.Linear(size, short, bias=False)

    def attention(self, inputs: list[NodeOutput]) -> Tensor:
        """How much each member counts for each, a_ij, shape (B, M, M)."""
        embeddings = torch.stack([output.features[self.layer] for output in inputs], dim=1)
        query, key = full_precision(self.query(embeddings)), full_precision(self.key(embeddings))
        return F.softmax((query[:, :, None] * key[:, None]).sum(dim=3), dim=2)

    def weights(self, inputs: list[NodeOutput]) -> Tensor:
        """How much each member counts on the average, shape (B, M)."""
        return self.attention(inputs).mean(dim=1)

    def forward(self, inputs: list[NodeOutput]) -> NodeOutput:  # type: ignore[override]
        """Returns the mean of all ensembles, logits of shape (B, C), with the ensemble that each member is told."""
        attention = self.attention(inputs)
        told = {name: NodeOutput(weighted_mean(attention[:, i], inputs)) for i, name in enumerate(self.inputs)}
        return NodeOutput(torch.stack([one.logits for one in told.values()]).mean(dim=0), told=told)
