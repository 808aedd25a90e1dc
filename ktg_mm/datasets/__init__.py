"""Data sets, and in the folders below their samplers and the steps of their pipelines."""

from .cub2011 import CUB2011
from .digits import Digits
from .fashion_mnist import FashionMNISTFiles
from .penn_treebank import PennTreebank
from .pydoc_topics import PydocTopics
from .samplers import SeededIndex, SeededSampler, SemiSupervisedSampler
from .semi_supervised import SemiSupervised
from .splits import split_dataset
from .stanford_dogs import StanfordDogs
from .text import Text
from .transforms import LoadImage, PackTokens, PackViews, PadRandomCrop, SeedRandom, Views
