"""What a part of an edge may need to know besides the two outputs: a need checks the config, asks, and hands over."""

from .base import Batch, Need
from .networks import Attention, Classifiers, Features
from .samples import LabeledIds, LabeledSource, Labels, NodeNames, OneNode, OtherView, SampleIds, Turns
