"""Virtual adversarial view."""

import torch
from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_whole
from ktg_mm.errors import ConfigError
from ktg_mm.registry import VIEWS
from ktg_mm.structures import full_precision

from .base import Run, View, ViewContext


@VIEWS.register_module()
class AdversarialView(View):
    """The images, moved to where a node's prediction changes most (VAT: Miyato et al., TPAMI 2018, algorithm 1).

    With q what the node says of x, p what it says of another image, and d normal noise at first, ``iterations`` times::

        d = xi * d / ||d||;  d = gradient with respect to d of KL(q || p(x + d))

    and the view is ``x + eps * d / ||d||``. Lengths are those of all pixels of a sample, after the data preprocessor.
    As KL(q || p(x + d)) has no gradient at d = 0, that is a power iteration, towards the dominant eigenvector of its
    second derivative.

    The node runs ``iterations`` times on x + d, in the mode that it has, with the samples that it has seen in ``of``;
    once more on x if the graph has not run it on that batch alone, or in half precision. All is in float32 at least,
    also under autocast, as xi would vanish in half precision. No weight gets a gradient of it, no statistic moves.

    The authors' code and USB have xi = 1e-6. In float32 that is lost: x + d is rounded to x in most pixels, and the
    direction found has little to do with the formula's (cosine 0.04 to 0.3 with that of float64, ResNet-8 on
    Fashion-MNIST); xi = 1e-3 keeps it (0.999).

    A network with dropout draws anew at each of these runs.

    Args:
        node: The node whose prediction is to change; any may learn from the view.
        eps: How far the images move, above 0. USB takes 6 for 3 x 32 x 32 pixels normalised by mean and standard
            deviation.
        of: The view that it is made of. Defaults to None: the only one, which has no name.
        xi: How far from x the gradient is taken, above 0. Defaults to 1e-3.
        iterations: Rounds of the power iteration, at least 1. Defaults to 1.

    Raises:
        ValueError: If an argument is wrong.
        ConfigError: At the first step, if no gradient reaches the images through the node, or they are tokens.

    Example:
        >>> from ktg_mm.structures import NodeOutput, SampleRows
        >>> view = AdversarialView('net1', eps=2.0)
        >>> images = torch.rand(3, 1, 4, 4)
        >>> rows, progress = SampleRows.of(torch.zeros(3)), torch.tensor(0.5, dtype=torch.float64)
        >>> made = view(lambda x: NodeOutput(x.flatten(1)), images, ViewContext('adversarial', 0, progress, rows))
        >>> (made - images).flatten(1).norm(dim=1).round(decimals=3)
        tensor([2., 2., 2.])
    """

    def __init__(self, node: str, eps: float, of: str | None = None, xi: float = 1e-3, iterations: int = 1) -> None:
        super().__init__(node, of)
        self.eps = check_number('eps', eps, '(0, inf)')
        self.xi = check_number('xi', xi, '(0, inf)')
        self.iterations = check_whole('iterations', iterations)

    def forward(self, node: Run, images: Tensor, context: ViewContext) -> Tensor:
        """Returns the images moved, of the same shape."""
        if not images.is_floating_point():
            raise ConfigError(f'model.views.{context.name}', 'moves images, and tokens are none; leave it out')
        with torch.autocast(images.device.type, enabled=False):
            exact = full_precision(images.detach())
            with torch.no_grad():
                q = (context.said or node(exact)).probabilities().detach()
            direction = context.noise(exact)
            for _ in range(self.iterations):
                direction = self._gradient(node, exact, q, self.xi * _unit(direction), context.name)
            return (exact + self.eps * _unit(direction)).to(images.dtype)

    def _gradient(self, node: Run, images: Tensor, q: Tensor, d: Tensor, name: str) -> Tensor:
        """Gradient of KL(q || p(images + d)) with respect to d alone."""
        with torch.enable_grad():
            d.requires_grad_()
            # Without the entropy of q, which has no gradient; a sum, as a mean would make it smaller.
            divergence = -(q * node(images + d).log_probabilities()).sum()
        found = torch.autograd.grad(divergence, d, allow_unused=True)[0] if divergence.requires_grad else None
        if found is None:
            raise ConfigError(
                f'model.views.{name}.node', f'no gradient reaches the images through {self.node!r}; name a network'
            )
        return found


def _unit(vectors: Tensor) -> Tensor:
    """Each sample's direction, of length 1; 0 stays 0."""
    axes = tuple(range(1, vectors.dim()))
    tiny = torch.finfo(vectors.dtype).tiny
    # By the largest entry first, as squares of small ones would vanish.
    scaled = vectors / vectors.abs().amax(dim=axes, keepdim=True).clamp(min=tiny)
    return scaled / scaled.square().sum(dim=axes, keepdim=True).sqrt().clamp(min=tiny)
