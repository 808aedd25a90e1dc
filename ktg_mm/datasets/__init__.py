"""Data sets, and in the folders below their samplers and the steps of their pipelines."""

from .caltech101_images import Caltech101Images
from .cinic10 import CINIC10
from .cub2011 import CUB2011
from .digits import Digits
from .fashion_mnist import FashionMNISTFiles
from .oxford_flowers102 import OxfordFlowers102
from .penn_treebank import PennTreebank
from .pydoc_topics import PydocTopics
from .samplers import SeededIndex, SeededSampler, SemiSupervisedSampler
from .semi_supervised import SemiSupervised
from .splits import split_dataset
from .stanford_dogs import StanfordDogs
from .text import Text
from .tiny_imagenet import TinyImageNet
from .transforms import LoadImage, PackTokens, PackViews, PadRandomCrop, SeedRandom, Views
