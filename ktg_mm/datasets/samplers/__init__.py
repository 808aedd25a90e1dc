"""Samplers: in which order a data set's samples are drawn."""

from .seeded_sampler import SeededIndex, SeededSampler
from .semi_supervised_sampler import SemiSupervisedSampler
