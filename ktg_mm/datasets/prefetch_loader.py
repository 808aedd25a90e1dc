"""A data loader that has the next batch's images on the GPU while the present step runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils.data import DataLoader

T = TypeVar('T')


class PrefetchLoader(DataLoader):
    """Another loader's batches, with the images on a GPU one batch ahead.

    They are copied there out of pinned memory on a stream of their own, one copy for each view. Labels stay where they
    are, as the data preprocessor reads them before it takes them there. On a CPU it is the other loader.

    Args:
        loader: The loader, with workers; it should not be read any more.
        device: Where the images are to be.

    Example:
        >>> loader = DataLoader([dict(inputs=torch.ones(2))] * 4, batch_size=2, num_workers=1)
        >>> [batch['inputs'].shape for batch in PrefetchLoader(loader, torch.device('cpu'))]
        [torch.Size([2, 2]), torch.Size([2, 2])]
    """

    def __init__(self, loader: DataLoader, device: torch.device) -> None:
        vars(self).update(vars(loader))  # all that it is: sampler, workers, and a thread that pins memory
        self.device = device
        if device.type == 'cuda':
            vars(self)['pin_memory'] = True

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]  # torch's own kind
        """A pass over the data."""
        batches = super().__iter__()
        if self.device.type != 'cuda':
            return batches
        stream = torch.cuda.Stream(self.device)

        def send(batch: Any) -> tuple[Any, torch.cuda.Event]:
            with torch.cuda.stream(stream):
                return _sent(batch, lambda images: images.to(self.device, non_blocking=True)), stream.record_event()

        def receive(sent: tuple[Any, torch.cuda.Event]) -> Any:
            batch, copied = sent
            present = torch.cuda.current_stream(self.device)
            present.wait_event(copied)

            def used(images: Tensor) -> Tensor:
                images.record_stream(present)  # its memory is not given away before this stream is done with it
                return images

            return _sent(batch, used)

        return map(receive, one_ahead(map(send, batches)))


def one_ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items, each handed over when the next one is made.

    Args:
        items: Where they come from. An error of theirs is raised in place of the item, not one item earlier.

    Example:
        >>> made = []
        >>> items = one_ahead(made.append(number) or number for number in range(3))
        >>> next(items), made
        (0, [0, 1])
    """
    unread = iter(items)
    end = object()
    ahead: Any = next(unread, end)
    while ahead is not end:
        now, failed = ahead, None
        try:
            ahead = next(unread, end)
        except Exception as error:
            failed = error
        yield now
        if failed is not None:
            raise failed


def _sent(batch: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A batch with its images changed, if they are put together in one tensor, or one for each view."""
    if not isinstance(batch, Mapping):
        return batch
    inputs = batch.get('inputs')
    if isinstance(inputs, Tensor):
        return {**batch, 'inputs': change(inputs)}
    if isinstance(inputs, Mapping) and all(isinstance(view, Tensor) for view in inputs.values()):
        return {**batch, 'inputs': {name: change(view) for name, view in inputs.items()}}
    return batch
