import inspect
from typing import Any

from mmengine.hooks import CheckpointHook
from mmengine.optim import MultiStepLR
from mmpretrain.datasets import CIFAR10
from torch import nn
from torch.utils.data import DataLoader

from ktg_mm.config.signatures import arguments_of


class Plain(nn.Module):
    pass


class Below:
    def __init__(self, given: int, size: int, name: str = 'x') -> None:
        pass


class Above(Below):
    def __init__(self, depth: float = 1.0, **kwargs) -> None:
        self.extra = kwargs.pop('extra', None)
        super().__init__(3, **kwargs)


def test_arguments_that_are_handed_on():
    arguments, takes_more = arguments_of(Above)
    assert (set(arguments), takes_more) == ({'depth', 'extra', 'size', 'name'}, False)
    assert arguments['size'] == (int, inspect.Parameter.empty)
    assert arguments['depth'] == (float, 1.0)


def test_classes_of_the_libraries():
    arguments, takes_more = arguments_of(MultiStepLR)
    assert not takes_more and arguments['milestones'].default is inspect.Parameter.empty
    assert 'param_name' not in arguments
    arguments, takes_more = arguments_of(CIFAR10)
    assert not takes_more and 'lazy_init' in arguments
    assert 'ann_file' not in arguments, 'it gives that itself'
    assert arguments_of(CheckpointHook)[1]
    assert arguments_of(Plain) == ({}, False)
    assert 'num_workers' in arguments_of(DataLoader)[0]


def test_functions():
    def function(size: int, *, other=2):
        pass

    arguments, takes_more = arguments_of(function)
    assert (arguments, takes_more) == (dict(size=(int, inspect.Parameter.empty), other=(Any, 2)), False)
