"""Data sets, and in the folders below their samplers and the steps of their pipelines."""

from .cub2011 import CUB2011
from .digits import Digits
from .fashion_mnist import FashionMNISTFiles
from .samplers import SeededIndex, SeededSampler
from .splits import split_dataset
from .stanford_dogs import StanfordDogs
from .transforms import LoadImage, PadRandomCrop, SeedRandom

__all__ = [
    'CUB2011',
    'Digits',
    'FashionMNISTFiles',
    'LoadImage',
    'PadRandomCrop',
    'SeedRandom',
    'SeededIndex',
    'SeededSampler',
    'StanfordDogs',
    'split_dataset',
]
