"""What all views share that a graph makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from mmengine.dist import get_rank
from torch import Tensor, nn

from ktg_mm.config.check_argument import check_text
from ktg_mm.models.step_random import step_normal, step_uniform
from ktg_mm.structures import NodeOutput, SampleRows

# Runs a node on images and gives its output; it moves no statistics, and gradients reach the images.
Run = Callable[[Tensor], NodeOutput]


@dataclass(frozen=True)
class ViewContext:
    """What a view may know besides the images.

    Args:
        name: Its name in the config.
        seed: The run's.
        progress: k / k_end, float64 of shape ().
        rows: Which of the batch's samples have a label.
        samples: Which of them the images are: ``'labeled'``, ``'unlabeled'`` or ``'all'``.
        said: What the node has said of the very images in this step, None if it has not run on just these, or in half
            precision.
    """

    name: str
    seed: int
    progress: Tensor
    rows: SampleRows
    samples: str = 'all'
    said: NodeOutput | None = None

    def noise(self, images: Tensor) -> Tensor:
        """Normal noise of the images' shape and type: another one in each step, the same in a resumed run.

        Several processes draw what one would for the samples of all of them, the labelled ones and the unlabelled ones
        each in the order of the processes, as SemiSupervisedSampler hands them out.
        """
        return self._drawn(step_normal, torch.empty_like(images))

    def turns(self, number: int) -> Tensor:
        """A whole number below ``number`` for each sample, drawn likewise, shape (B,)."""
        empty = torch.empty(self.rows.count(self.samples), dtype=torch.float64, device=self.progress.device)
        return (number * self._drawn(step_uniform, empty)).long()

    def _drawn(self, draw: Callable[..., Tensor], into: Tensor) -> Tensor:
        """Fills in what is drawn for each sample."""
        for kind in ('labeled', 'unlabeled') if self.samples == 'all' else (self.samples,):
            if number := self.rows.count(kind):
                rows = self.rows.rows(kind) if self.samples == 'all' else slice(None)
                shape = (number, *into.shape[1:])
                start = get_rank() * torch.Size(shape).numel()
                into[rows] = draw(self.seed, self.progress, shape, f'{self.name} {kind}', start).to(into.dtype)
        return into


class View(nn.Module):
    """A view of the images that the graph makes during the step, out of one that the data pipeline makes.

    Args:
        node: The node whose outputs it goes by.
        of: The view that it is made of. Defaults to None: the only one, which has no name.

    Raises:
        ValueError: If an argument is no name.

    Attributes:
        takes_gradients: True if it asks for the gradient of the node's output with respect to the images.
        relabels: True if its images have labels and rows of their own, by which the label teaches, see MixedView. It
            has a method ``labels``, and views ``guesses`` of which that asks what the node says. Batch norm remembers
            runs on such a view, and ``of`` may be a list of views.
        sources: The views that it is made of.
    """

    takes_gradients = True
    relabels = False
    guesses: tuple[str | None, ...] = ()

    def __init__(self, node: str, of: str | None = None) -> None:
        super().__init__()
        if check_text('node', node, "a node's name") is None:
            raise ValueError("node must be a node's name, got None")
        self.node = node
        self.of = check_text('of', of, "a view's name")
        self.sources: tuple[str | None, ...] = (self.of,)

    def set_num_classes(self, num_classes: int) -> None:
        """Tells the view the number of classes, once; for those that keep something for each class."""

    def rows(self, rows: SampleRows) -> SampleRows:
        """Which of the view's samples have a label; by default those of the batch's that have one.

        Args:
            rows: The batch's.
        """
        return rows

    def labels(self, known: Tensor, said: Sequence[NodeOutput], context: ViewContext) -> Tensor:
        """The labels of the view's images, if it relabels them.

        Args:
            known: Labels of the L labelled samples, probabilities of shape (L, C).
            said: What the node says of the U unlabelled samples in each of the views ``guesses``.
            context: As for the images.

        Returns:
            Probabilities, one row for each of the view's rows.
        """
        raise NotImplementedError

    def forward(self, node: Run, images: Tensor, context: ViewContext) -> Tensor:
        """Makes the view.

        Args:
            node: Runs the node on images, as often as it is called; nothing of it remembers that.
            images: Of shape (B, channels, height, width); of a view that relabels them, all those of its rows.
            context: What else it may know.

        Returns:
            Images of the same shape, without a gradient.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class MadeViews:
    """The views that a graph makes, and where its run is.

    Args:
        views: By name. Defaults to none.
        seed: The run's. Defaults to 0.
        progress: k / k_end, float64 of shape (). Defaults to 1.
        labels: The samples' classes, integers of shape (B,), ``UNLABELED`` where there is none. Defaults to None: no
            view relabels its images.
        scores: Soft labels instead, of shape (B, C). Defaults to None.
    """

    views: Mapping[str, View] = field(default_factory=dict)
    seed: int = 0
    progress: Tensor = field(default_factory=lambda: torch.tensor(1.0, dtype=torch.float64))
    labels: Tensor | None = None
    scores: Tensor | None = None
