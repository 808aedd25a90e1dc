import sys
import types

import pytest
import torch
from mmpretrain.registry import MODELS

from ktg_mm.apis.plain_source import own_classes, source_of
from ktg_mm.models import backbones
from ktg_mm.models.nodes import EnsembleNode

NETWORKS = {
    'CIFARResNet': dict(depth=8),
    'ABNCIFARResNet': dict(depth=8, num_classes=5),
    'ABNResNet': dict(depth=18, num_classes=5),
    'BornAgainResNet': dict(hidden_channels=(16, 16, 16), stem_channels=16),
    'CIFARDenseNet': dict(depth=16, growth_rate=8),
    'CIFARPreActResNet': dict(depth=11),
    'CIFARResNeXt': dict(groups=2, base_channels=8, stem_channels=8),
    'CIFARShuffleNetV2': dict(widen_factor=0.5),
    'CIFARWideResNet': dict(depth=10, widen_factor=1),
    'CIFARXception': dict(widen_factor=0.05),
}


@pytest.fixture
def kept_registry(monkeypatch):
    """What a module registers is gone afterwards."""
    for name in NETWORKS:
        monkeypatch.setitem(MODELS.module_dict, name, MODELS.get(name))


@pytest.mark.parametrize('name', NETWORKS)
def test_each_backbone_computes_the_same_without_ktg_mm(kept_registry, monkeypatch, name):
    text = source_of([getattr(backbones, name)])
    module = types.ModuleType('parts')
    monkeypatch.setitem(sys.modules, 'parts', module)
    exec(compile(text, 'parts', 'exec'), vars(module))
    imported = [value for value in vars(module).values() if isinstance(value, (type, types.FunctionType))]
    assert not [value for value in imported if value.__module__.startswith('ktg_mm')]
    assert MODELS.get(name) is getattr(module, name)
    ours, alone = (kind(**NETWORKS[name]).eval() for kind in (getattr(backbones, name), getattr(module, name)))
    alone.load_state_dict(ours.state_dict())
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert all(map(torch.equal, ours(images), alone(images)))


def test_own_classes_are_back_for_a_while(kept_registry):
    class Other:
        pass

    MODELS.register_module('CIFARResNet', force=True, module=Other)
    with own_classes():
        assert MODELS.get('CIFARResNet') is backbones.CIFARResNet
    assert MODELS.get('CIFARResNet') is Other


def test_what_needs_one_another_comes_in_an_order_that_runs():
    text = source_of([EnsembleNode])
    assert text.index('class NodeOutput') < text.index('class DetachedOutput(NodeOutput)')
    assert text.count('def check_members') == 1
    exec(compile(text, 'parts', 'exec'), dict(__name__='parts'))
    assert MODELS.module_dict.pop('EnsembleNode').__module__ == 'parts'  # the registry of nodes is ktg_mm's
