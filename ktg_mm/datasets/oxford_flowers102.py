"""Oxford 102 Flowers, with the names of its classes."""

from mmpretrain.datasets import Flowers102
from mmpretrain.registry import DATASETS
from torchvision import datasets


@DATASETS.register_module()
class OxfordFlowers102(Flowers102):
    """Oxford 102 Flowers (Nilsback and Zisserman, 2008): 102 flowers, 1,020, 1,020 and 6,149 images.

    mmpretrain's ``Flowers102`` with the names of the classes, which it does not know; they are torchvision's. The
    folder holds ``jpg/image_00001.jpg`` and so on, ``imagelabels.mat`` and ``setid.mat``.

    Args:
        data_root: Folder of the data set.
        split: ``'train'``, ``'val'``, ``'trainval'`` (both) or ``'test'``. Defaults to ``'trainval'``.
        **kwargs: Options of mmpretrain's ``BaseDataset``, such as ``pipeline``.

    Example:
        >>> OxfordFlowers102.METAINFO['classes'][:2]
        ('pink primrose', 'hard-leaved pocket orchid')
    """

    METAINFO = {'classes': tuple(datasets.Flowers102.classes)}
