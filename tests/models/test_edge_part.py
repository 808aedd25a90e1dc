"""What gates, losses and alignment share."""

import inspect

import pytest
import torch

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.config.type_check import default_arguments
from ktg_mm.models.edge_part import EdgePart
from ktg_mm.models.losses import FeatureLoss
from ktg_mm.models.needs import Need
from ktg_mm.registry import ALIGNMENTS, GATES, LOSSES

PARTS = [
    cls for registry in (GATES, LOSSES, ALIGNMENTS) for name, cls in registry.module_dict.items() if registry.get(name)
]


@pytest.mark.parametrize('cls', PARTS, ids=lambda cls: cls.__name__)
def test_every_registered_part_says_what_it_needs(cls):
    assert issubclass(cls, EdgePart) and isinstance(cls.needs, tuple) and isinstance(cls.adaptive, bool)
    for need in cls.needs:
        assert isinstance(need, Need)
        # A need is about an argument of the part, which the part keeps under the same name.
        assert need.argument is None or need.argument in cls.__init__.__code__.co_varnames


@pytest.mark.parametrize('name', sorted(LOSSES.module_dict))
def test_a_loss_says_whether_it_has_parts_that_learn(name):
    cls = LOSSES.get(name)
    required = [one.name for one in inspect.signature(cls).parameters.values() if one.kind is one.POSITIONAL_OR_KEYWORD]
    known = dict(loss=dict(type='KLDivergence'), other_view='other')
    loss = cls(**{name: known.get(name, 8) for name in set(required) - set(default_arguments(cls))})
    loss.set_num_classes(10)
    if isinstance(loss, FeatureLoss):
        number = len(loss.layers['target'])
        loss.set_shapes([torch.Size([4, 8, 8])] * number, [torch.Size([4 if name == 'FSP' else 6, 8, 8])] * number)
    assert cls.learns == any(True for _ in loss.parameters())


def test_a_part_without_a_state_takes_any_number_of_classes():
    part = EdgePart()
    part.set_num_classes(10)
    assert not part.state_dict() and part.needs == () and not part.adaptive
