"""Loaders that would yield nothing."""

from collections.abc import Sized

from torch.utils.data import DataLoader

from ktg_mm.errors import ConfigError


def refuse_empty(loader: DataLoader, path: str) -> None:
    """Refuses a loader without a batch, from which nothing would be learnt, or nothing measured.

    Args:
        loader: The loader; of one whose data have no length nothing is known.
        path: Its config key.

    Raises:
        ConfigError: If it yields no batch.

    Example:
        >>> refuse_empty(DataLoader([1, 2, 3], batch_size=4, drop_last=True), 'train_dataloader')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.ConfigError: train_dataloader.drop_last: leaves no batch; must be False where ..., here 3 of 4
    """
    if not isinstance(loader.dataset, Sized) or len(loader):
        return
    if not len(loader.dataset):
        raise ConfigError(f'{path}.dataset', 'has no samples')
    if loader.batch_size is None:
        raise ConfigError(f'{path}.batch_sampler', 'yields no batch')
    number = len(loader.sampler) if isinstance(loader.sampler, Sized) else len(loader.dataset)
    raise ConfigError(
        f'{path}.drop_last',
        'leaves no batch; must be False where a process has fewer samples than batch_size, here '
        f'{number} of {loader.batch_size}',
    )
