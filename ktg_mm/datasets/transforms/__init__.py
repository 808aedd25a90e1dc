"""Steps of a data pipeline."""

from .load_image import LoadImage
from .pad_random_crop import PadRandomCrop
from .seed_random import SeedRandom

__all__ = ['LoadImage', 'PadRandomCrop', 'SeedRandom']
