"""A labelled data set of which only a few labels are known."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from ktg_mm.config.check_number import is_whole
from ktg_mm.config.check_seed import check_seed
from ktg_mm.errors import ConfigError, DataError
from ktg_mm.files import whole_file
from ktg_mm.mmengine_private import own_metainfo
from ktg_mm.structures import UNLABELED

_KEY = 'train_dataloader.dataset'

# All that an unlabelled sample takes over: any other entry might tell its class.
_IMAGE_KEYS = ('img', 'img_path', 'img_shape', 'ori_shape')


@DATASETS.register_module()
class SemiSupervised(BaseDataset):
    """A labelled data set that hides all labels but a few, which are balanced over the classes.

    Its samples are first the ``num_labels`` labelled ones, in the inner data set's order, then the unlabelled ones,
    likewise. An unlabelled sample has ``gt_label`` -1 (``ktg_mm.structures.UNLABELED``) and nothing else but its image;
    the hidden labels are nowhere in this object. (The path of an image file may name its class. No network sees it.)
    Each sample has ``image_id``, the number of its image in the inner data set, an unlabelled one also
    ``unlabeled_id``, its number among the unlabelled ones.

    The numbers of labels per class differ by at most one. Which images keep their labels depends on the inner data
    set's labels, on ``num_labels`` and on ``seed`` alone; numpy's legacy ``RandomState`` draws the same everywhere.

    Args:
        dataset: Config of the labelled data set; its pipeline is not run.
        num_labels: Number of labels that are kept, at least one a class.
        pipeline: As mmpretrain's, for labelled and unlabelled samples alike. Defaults to none.
        seed: Seed of the draw, 0 to 2**32 - 1. Defaults to 0.
        labeled_as_unlabeled: Whether the labelled images also serve, without their labels, as unlabelled ones, as in
            FixMatch's code. Defaults to False.
        split_folder: Folder in which the split is kept, in a file such as
            ``fashionmnistfiles-3f2a91c0-40-seed0.json`` (data set, fingerprint of all its labels, ``num_labels``,
            seed). The file is read if it is there, else drawn and written. Defaults to None: no file.
        **kwargs: Options of mmpretrain's ``BaseDataset``, except ``indices``.

    Raises:
        ConfigError: If an argument is wrong, or there are not enough images for so many labels.
        DataError: If the split's file is damaged or of another data set, or the inner data set lacks labels.

    Example:
        >>> digits = SemiSupervised(dict(type='Digits'), num_labels=40)
        >>> digits.num_labeled, digits.num_unlabeled
        (40, 1217)
        >>> np.bincount(digits.get_gt_labels()[:40])
        array([4, 4, 4, 4, 4, 4, 4, 4, 4, 4])
        >>> digits[40]['gt_label']
        -1
    """

    def __init__(
        self,
        dataset: Mapping[str, Any],
        num_labels: int,
        pipeline: Any = (),
        seed: int = 0,
        labeled_as_unlabeled: bool = False,
        split_folder: str | Path | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(dataset, Mapping) or 'type' not in dataset:
            raise ConfigError(f'{_KEY}.dataset', f"must be a labelled data set's dict with a 'type', got {dataset!r}")
        if not is_whole(num_labels) or num_labels < 1:
            raise ConfigError(f'{_KEY}.num_labels', f'must be a whole number above 0, got {num_labels!r}')
        check_seed(seed, f'{_KEY}.seed')
        if not isinstance(labeled_as_unlabeled, bool):
            raise ConfigError(f'{_KEY}.labeled_as_unlabeled', f'must be True or False, got {labeled_as_unlabeled!r}')
        if not isinstance(split_folder, (str, Path, type(None))):
            raise ConfigError(f'{_KEY}.split_folder', f'must be the path of a folder, or None, got {split_folder!r}')
        if kwargs.pop('indices', None) is not None:
            self._refuse_subset()
        self.inner_config = {key: value for key, value in dataset.items() if key != 'pipeline'}
        self.num_labels = num_labels
        self.seed = seed
        self.labeled_as_unlabeled = labeled_as_unlabeled
        self.split_folder = split_folder
        super().__init__(ann_file='', pipeline=pipeline, **kwargs)

    @property
    def num_labeled(self) -> int:
        """Number of labelled samples, the first ones."""
        return self.num_labels

    @property
    def num_unlabeled(self) -> int:
        """Number of unlabelled samples, all others."""
        return len(self) - self.num_labels

    def load_data_list(self) -> list[dict[str, Any]]:
        """Returns the labelled samples, then the unlabelled ones; takes over the inner data set's class names."""
        inner = DATASETS.build(self.inner_config)
        samples = [inner.get_data_info(i) for i in range(len(inner))]
        for key, value in inner.metainfo.items():
            own_metainfo(self).setdefault(key, value)
        labels = self._labels(samples)
        labeled = self._split(labels).tolist()
        for number, sample in enumerate(samples):
            sample.pop('sample_idx', None)
            sample['image_id'] = number
        known = set() if self.labeled_as_unlabeled else set(labeled)
        hidden = [sample for number, sample in enumerate(samples) if number not in known]
        return [samples[i] for i in labeled] + [
            {key: sample[key] for key in (*_IMAGE_KEYS, 'image_id') if key in sample}
            | {'gt_label': UNLABELED, 'unlabeled_id': number}
            for number, sample in enumerate(hidden)
        ]

    def _labels(self, samples: list[dict[str, Any]]) -> np.ndarray:
        """All labels (N,), checked."""
        labels: list[Any] = [sample.get('gt_label') for sample in samples]
        classes = self.metainfo.get('classes')
        for number, label in enumerate(labels):
            if not is_whole(label) or label < 0 or (classes is not None and label >= len(classes)):
                expected = f'0 to {len(classes) - 1}' if classes is not None else 'a class, counted from 0'
                raise DataError(f'{self._name()}: image {number} has the label {label!r}, must be {expected}')
        return np.array(labels, dtype=np.int64)

    def _split(self, labels: np.ndarray) -> np.ndarray:
        """The numbers of the images that keep their labels, ascending: out of the file, or drawn."""
        classes = self.metainfo.get('classes')
        num_classes = int(labels.max(initial=-1)) + 1 if classes is None else len(classes)
        self._check_number(labels, num_classes)
        if self.split_folder is None:
            return self._draw(labels, num_classes)
        fingerprint = hashlib.sha256(labels.astype('<i8').tobytes()).hexdigest()
        name = re.sub(r'[^a-z0-9]', '', self._name().lower())
        path = Path(self.split_folder).expanduser()
        path /= f'{name}-{fingerprint[:8]}-{self.num_labels}-seed{self.seed}.json'
        if path.exists():
            return self._read(path, fingerprint, labels, num_classes)
        labeled = self._draw(labels, num_classes)
        content = dict(dataset=self._name(), fingerprint=fingerprint, num_labels=self.num_labels, seed=self.seed)
        content['labeled'] = labeled.tolist()
        with whole_file(path) as part:  # processes that do so at once write the same
            part.write_text(json.dumps(content) + '\n', encoding='utf-8')
        return labeled

    def _check_number(self, labels: np.ndarray, num_classes: int) -> None:
        if self.num_labels > len(labels):
            raise ConfigError(
                f'{_KEY}.num_labels', f'{self.num_labels} labels, but {self._name()} has {len(labels)} images'
            )
        if self.num_labels < num_classes:
            raise ConfigError(
                f'{_KEY}.num_labels',
                f'{self.num_labels} for {num_classes} classes: there would be a class without labels; must be at '
                f'least {num_classes}',
            )

    def _draw(self, labels: np.ndarray, num_classes: int) -> np.ndarray:
        rng = np.random.RandomState(self.seed)
        sizes = np.bincount(labels, minlength=num_classes)
        share, extra = divmod(self.num_labels, num_classes)
        counts = np.full(num_classes, share)
        order = rng.permutation(num_classes)
        counts[order[sizes[order] > share][:extra]] += 1  # of the classes that have an image more
        if counts.sum() < self.num_labels or (sizes < counts).any():
            smallest = int(sizes.argmin())
            raise ConfigError(
                f'{_KEY}.num_labels',
                f'{self.num_labels} labels are {share}{"" if not extra else f" or {share + 1}"} a class, but class '
                f'{smallest} of {self._name()} has {sizes[smallest]} images',
            )
        parts = [rng.permutation(np.flatnonzero(labels == label))[:count] for label, count in enumerate(counts)]
        return np.sort(np.concatenate(parts))

    def _read(self, path: Path, fingerprint: str, labels: np.ndarray, num_classes: int) -> np.ndarray:
        """The split in a file, after a look at whether it is one, and of these data."""
        try:
            content = json.loads(path.read_text(encoding='utf-8'))
            labeled, found = content['labeled'], content['fingerprint']
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f'{path}: damaged split ({type(error).__name__}); restore it, or remove it') from error
        if found != fingerprint:
            raise DataError(f'{path}: the split of other data: its fingerprint is not that of the labels here')
        if (
            not isinstance(labeled, list)
            or not all(is_whole(number) and 0 <= number < len(labels) for number in labeled)
            or len(set(labeled)) != len(labeled)
            or len(labeled) != self.num_labels
        ):
            raise DataError(
                f'{path}: damaged split; must list {self.num_labels} different numbers of images, 0 to '
                f'{len(labels) - 1}; restore it, or remove it'
            )
        missing = set(range(num_classes)) - set(labels[labeled].tolist())
        if missing:
            raise DataError(f'{path}: damaged split; class {min(missing)} has no label; restore it, or remove it')
        return np.sort(np.array(labeled))

    def _name(self) -> str:
        """Type of the data set that holds the images, within ``Split`` and other wrappers."""
        config = self.inner_config
        while isinstance(config.get('dataset'), Mapping):
            config = config['dataset']
        kind = config.get('of') or config['type']
        return kind.split('.')[-1] if isinstance(kind, str) else kind.__name__

    def get_subset(self, indices: Any) -> NoReturn:
        """Refused: the labelled samples must stay the first ones."""
        self._refuse_subset()

    get_subset_ = get_subset

    def _refuse_subset(self) -> NoReturn:
        raise ConfigError(
            f'{_KEY}.indices', 'would take labels away; give indices to the inner data set, dataset.dataset.indices'
        )

    def extra_repr(self) -> list[str]:
        """Returns the lines that ``repr`` adds for this data set."""
        return [f'Labels: \t{self.num_labels} of {self._name()}, seed {self.seed}']
