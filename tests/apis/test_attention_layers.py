import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS

from ktg_mm.apis.attention_layers import Layer, larger_layer, named_layer_errors, small_maps_warning, with_layers
from ktg_mm.errors import ConfigError, UserError


def config(**nodes):
    return Config(dict(model=dict(nodes={name: dict(type='NetworkNode', **more) for name, more in nodes.items()})))


def test_layers_of_all_networks_and_of_one():
    first, second = (
        config(a=dict(network={}), b=dict(network={}), all=dict(members=['a', 'b'])),
        config(c=dict(network={})),
    )
    changed = with_layers([first, second], ['x', 'c=y', 'a=w'])
    found = [{name: node.get('attention_layer') for name, node in cfg.model.nodes.items()} for cfg in changed]
    assert found == [dict(a='w', b='x', all=None), dict(c='y')]
    assert 'attention_layer' not in first.model.nodes.a
    assert with_layers([first], []) == [first]


@pytest.mark.parametrize(
    ('layer', 'message'),
    [
        ('net9=x', r"^--layer net9=x: no network is named 'net9'; did you mean 'net1'\?$"),
        ('all=x', r"^--layer all=x: no network is named 'all'; known: net1$"),
        ('=x', r'^--layer =x: must be LAYER or NODE=LAYER$'),
        ('net1=', r'^--layer net1=: must be LAYER or NODE=LAYER$'),
    ],
)
def test_mistakes(layer, message):
    with pytest.raises(UserError, match=message):
        with_layers([config(net1=dict(network={}), all=dict(members=['net1']))], [layer])


def test_errors_name_the_option_where_it_was_given():
    error = ConfigError('model.nodes.a.attention_layer', 'is wrong')
    with (
        pytest.raises(UserError, match=r'^--layer x: model\.nodes\.a\.attention_layer: is wrong$'),
        named_layer_errors(['x']),
    ):
        raise error
    for layers, other in (([], error), (['x'], ConfigError('model.target', 'is wrong'))):
        with pytest.raises(ConfigError) as caught, named_layer_errors(layers):
            raise other
        assert caught.value is other


def test_the_layer_proposed_can_be_taken_and_is_the_smallest_of_cells_enough(tiny_config):
    cfg = tiny_config()

    def graph():
        return MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor)).eval()

    images = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    found = larger_layer(graph(), 'net1', images)
    assert found == Layer('backbone.layer1', 8, 8)
    with torch.random.fork_rng():
        large = larger_layer(graph(), 'net1', torch.rand(1, 1, 24, 24))
        assert large == Layer('backbone', 6, 6)
        assert larger_layer(graph(), 'net1', torch.rand(1, 1, 4, 4)) is None
    (cfg,) = with_layers([cfg], [f'net1={found.name}'])
    changed = graph()
    changed.nodes['net1'].ask_for_attention()
    assert np.shape(changed.node_outputs(images, ['net1'])['net1'].attention) == (1, 8, 8)


def test_warnings():
    cells = dict(a=(8, 8), b=(4, 6))
    assert small_maps_warning(dict(a=(5, 5)), {}) is None
    assert small_maps_warning({}, {}) is None
    assert small_maps_warning(cells, {}) == (
        'the maps of b have 4x6 cells, too few to show where a network looks; no layer has more'
    )
    layer = Layer('backbone.layer2', 8, 8)
    assert small_maps_warning(cells, dict(b=layer)).endswith('; take --layer b=backbone.layer2 (8x8)')
    runs = {'x/a': (2, 2), 'y/a': (2, 2)}
    assert small_maps_warning(runs, dict.fromkeys(runs, layer)) == (
        'the maps of a have 2x2 cells, too few to show where a network looks; take --layer backbone.layer2 (8x8)'
    )
    several = small_maps_warning(dict(a=(2, 2), b=(4, 4)), dict(a=layer, b=Layer('stem', 7, 7)))
    assert 'a, b have 2x2, 4x4 cells' in several and several.endswith('--layer a=backbone.layer2 b=stem (8x8, 7x7)')
