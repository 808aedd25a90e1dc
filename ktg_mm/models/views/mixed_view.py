"""Mixed view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import split_argument
from ktg_mm.config.type_check import check_type
from ktg_mm.errors import ConfigError
from ktg_mm.models.step_random import step_beta, step_uniform_rows
from ktg_mm.registry import ALIGNMENTS, VIEWS
from ktg_mm.structures import NodeOutput, SampleRows, TransferContext, full_precision

from .base import Run, View, ViewContext


@VIEWS.register_module()
class MixedView(View):
    """Images mixed with others, and their labels likewise (MixMatch: Berthelot et al., NeurIPS 2019, algorithm 1).

    Its images are the labelled ones of the first view that it is made of, and the unlabelled ones of all of them. The
    label of an unlabelled image is guessed: what ``node`` says, averaged over the views of ``guess``, aligned if that
    is wanted (ReMixMatch: Berthelot et al., ICLR 2020, section 3.1), and sharpened, ``p^(1 / temperature)`` divided by
    its sum. Each image and its label are then mixed with those of a partner, out of a permutation of all::

        share = max(s, 1 - s), s ~ Beta(alpha, alpha);  x' = share * x + (1 - share) * x_partner

    Share and permutation are drawn anew in each step; the share is one for all images, as in the authors' code and in
    USB. Images are mixed with those of the same process. The edges that look at the view come from the label, which is
    the mixed one; a guess has no gradient, and no image's hidden label is looked at.

    Where the graph has run ``node`` on the unlabelled images of a view, that is what it says of them; else it runs once
    more, and no statistic moves. Runs on the mixed images do move batch norm's statistics, and all of these are one
    batch. An averaged distribution moves whenever the view is made: once in a step, but with SequentialUpdate.

    Args:
        node: The node that guesses.
        of: The views that it is made of, or one. Defaults to None: the only one, which has no name.
        alpha: The two parameters of the Beta distribution, above 0; the share is the nearer to 1 the smaller it is.
            Defaults to 0.75.
        temperature: T, above 0, of the guessed labels. Defaults to 0.5.
        guess: Those of the views by which labels are guessed. Defaults to None: all.
        align: Arguments of DistributionAlignment, whose target is ``'uniform'``. Defaults to None: guesses are taken as
            they are.

    Raises:
        ValueError: If an argument is wrong.
        ConfigError: If ``align`` is, or, at the first step, if the images are tokens.

    Example:
        >>> view = MixedView('net1', of=['weak', 'weak2'])
        >>> rows = view.rows(SampleRows.of(torch.tensor([1, -1])))
        >>> context = ViewContext('mixed', 0, torch.tensor(0.75, dtype=torch.float64), rows)
        >>> view(None, torch.tensor([[1.0], [10.0], [100.0]]), context)
        tensor([[  4.1572],
                [  6.8428],
                [100.0000]])
        >>> said = [NodeOutput(torch.tensor([[2.0, 1.0]]))] * 2
        >>> view.labels(torch.tensor([[0.0, 1.0]]), said, context)
        tensor([[0.3090, 0.6910],
                [0.5718, 0.4282],
                [0.8808, 0.1192]])
    """

    takes_gradients = False
    relabels = True

    def __init__(
        self,
        node: str,
        of: str | Sequence[str] | None = None,
        alpha: float = 0.75,
        temperature: float = 0.5,
        guess: Sequence[str] | None = None,
        align: Mapping[str, Any] | None = None,
    ) -> None:
        several: list[Any] = list(of) if isinstance(of, (list, tuple)) else [of]
        if not several or (len(several) > 1 and None in several) or any(several.count(view) > 1 for view in several):
            raise ValueError(f"of must be a view's name, or a list of several, got {of!r}")
        for view in several:
            super().__init__(node, view)
        self.of = several[0]
        self.sources = tuple(several)
        if guess is not None and not (isinstance(guess, (list, tuple)) and guess and all(g in several for g in guess)):
            raise ValueError(f'guess must be a list of views of which the view is made, {several}, got {guess!r}')
        self.guesses = self.sources if guess is None else tuple(guess)
        self.alpha = check_number('alpha', alpha, '(0, inf)')
        self.temperature = check_number('temperature', temperature, '(0, inf)')
        self.align = None if align is None else _alignment(align)

    def set_num_classes(self, num_classes: int) -> None:
        """Makes the alignment's state."""
        if self.align is not None:
            self.align.set_num_classes(num_classes)

    def rows(self, rows: SampleRows) -> SampleRows:
        """The view's rows: the batch's labelled samples, then its unlabelled ones, once for each view."""
        labeled = rows.num_labeled
        size = labeled + len(self.sources) * rows.count('unlabeled')
        return SampleRows(size, slice(0, labeled), slice(labeled, size), labeled)

    def forward(self, node: Run, images: Tensor, context: ViewContext) -> Tensor:
        """Returns the images of all rows mixed, of the same shape."""
        if not images.is_floating_point():
            raise ConfigError(f'model.views.{context.name}', 'mixes images, and tokens are none; leave it out')
        return self._mixed(images.detach(), context)

    def labels(self, known: Tensor, said: Sequence[NodeOutput], context: ViewContext) -> Tensor:
        """The labels of all N rows, guessed where they are not known, and mixed.

        Args:
            known: Labels of the L labelled samples, probabilities of shape (L, C).
            said: What the node says of the U unlabelled samples in each view of ``guess``, logits of shape (U, C).
            context: As for the images.

        Returns:
            Probabilities of shape (N, C), without a gradient.
        """
        with torch.no_grad():
            # The logarithm of the sum of their probabilities: a softmax of it is their mean.
            mean = NodeOutput(torch.stack([output.log_probabilities() for output in said]).logsumexp(dim=0))
            if self.align is not None:
                mean = self.align(mean, TransferContext(None, context.progress))
            guessed = mean.probabilities(self.temperature)
            return self._mixed(torch.cat([known.to(guessed.dtype), *[guessed] * len(self.sources)]), context)

    def _mixed(self, values: Tensor, context: ViewContext) -> Tensor:
        drawn = step_beta(context.seed, context.progress, self.alpha, salt=f'{context.name} share')
        partners = step_uniform_rows(context.seed, context.progress, (len(values),), f'{context.name} partners')
        exact = full_precision(values)
        # Of the smaller share: none of it leaves a value as it is, bit by bit.
        share = torch.minimum(drawn, 1 - drawn).to(exact.dtype)
        return exact.lerp(exact[partners.argsort()], share).to(values.dtype)


def _alignment(align: Any) -> Any:
    if not isinstance(align, Mapping):
        raise ValueError(f"align must be a dict such as dict(target='uniform'), got {align!r}")
    cfg = {'type': 'DistributionAlignment', **align}
    check_type(cfg, ALIGNMENTS, 'align', 'align')
    try:
        built = ALIGNMENTS.build(cfg)
    except ValueError as error:
        name, problem = split_argument(str(error))
        raise ConfigError(f'align.{name}' if name else 'align', problem) from error
    if built.target != 'uniform':
        raise ConfigError('align.target', f"must be 'uniform', got {built.target!r}: a view knows no other goal")
    return built
