"""Every argument of every registered part: a wrong value is refused when it is built, in one line with its key."""

import inspect
import itertools

import pytest
from mmpretrain.registry import MODELS

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.errors import ConfigError
from ktg_mm.models.build import build_part
from ktg_mm.registry import ALIGNMENTS, GATES, LOSSES, NODES, UPDATES, VIEWS

NETWORK = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=5), head=dict(type='ClsHead'))
ENSEMBLES = (
    'EnsembleNode', 'GatedEnsembleNode', 'AttentionEnsembleNode', 'FusionEnsembleNode', 'FusionClassifierNode',
    'ResidualNode',
)  # fmt: skip
# The parts' other arguments, where one must be given.
GIVEN = {
    'SineGate': dict(frequency=0.5, phase=1.0),
    'CRD': dict(num_samples=4),
    'SimMatch': dict(num_labels=4),
    'CoMatch': dict(queue_size=4, other_view='strong2'),
    **{name: dict(loss=dict(type='KLDivergence')) for name in ('Negated', 'Reciprocal')},
    'AdversarialView': dict(node='net1', eps=1.0),
    'RotatedView': dict(node='net1'),
    'MixedView': dict(node='net1'),
    'FlexMatchGate': dict(num_samples=4),
    'StabilityGate': dict(threshold=0.5, other_view='weak'),
    'SuccessiveUpdate': dict(phases=[dict(name='all', edges='*')]),
    **{name: dict(members=['a', 'b']) for name in ENSEMBLES},
    'NetworkNode': dict(network=NETWORK),
    'GraphDataPreprocessor': dict(mean=[1.0], std=[1.0]),
    'LanguageModel': dict(vocab_size=9),
}
OURS = (
    'CIFARResNet', 'CIFARWideResNet', 'CIFARDenseNet', 'BornAgainResNet', 'ABNResNet', 'ABNCIFARResNet',
    'CIFARPreActResNet', 'CIFARResNeXt', 'CIFARShuffleNetV2', 'CIFARXception',
    'GraphDataPreprocessor', 'LanguageModel', 'CharacterEncoder', 'TokenPreprocessor',
)  # fmt: skip
MADE_VIEWS = ('Adversarial', 'Mixed', 'Rotated')
REGISTRIES = (GATES, LOSSES, ALIGNMENTS, UPDATES, NODES, VIEWS)
PARTS = [(registry, name) for registry in REGISTRIES for name in sorted(registry.module_dict)]
PARTS += [(MODELS, name) for name in OURS]
WRONG = {
    'an object': object(),
    'bytes': b'x',
    'a negative number': -1,
    'not a number': float('nan'),
    'infinity': float('inf'),
    'a negative share': -0.5,
    'two': 2.5,
    'an empty text': '',
    'a text': 'no such thing',
    'True': True,
    'an empty list': [],
    'a list': [-3],
    'a dict': dict(nonsense=1),
    'None': None,
}
# What a wrong value is not wrong for.
RIGHT = {
    'layers': {'a text'},  # the networks know their layers
    ('NetworkNode', 'checkpoint'): {'a text'},  # no file of that name is looked for before the weights are initialised
    ('NetworkNode', 'prefix'): {'a text'},
    ('StabilityGate', 'other_view'): {'a text'},
    **{(name, 'layer'): {'a text'} for name in ENSEMBLES[1:]},  # looked for when the graph is put together
    **{(f'{name}View', 'node'): {'a text'} for name in MADE_VIEWS},  # the graph knows its nodes,
    **{(f'{name}View', 'of'): {'a text'} for name in MADE_VIEWS},  # the data their views
    ('AdversarialView', 'eps'): {'two'},
    ('AdversarialView', 'xi'): {'two'},
    **{('MixedView', name): {'two'} for name in ('alpha', 'temperature')},
    ('SineGate', 'phase'): {'two'},
    ('SoftMatchGate', 'n_sigma'): {'two'},
    ('DashGate', 'scale'): {'two'},
    ('DashGate', 'decay'): {'two'},
    ('DashGate', 'minimum'): {'two'},
    ('KLDivergence', 'temperature'): {'two'},
    ('KLDivergence', 'sharpening'): {'two'},
    ('FT', 'weight'): {'two'},
    ('FT', 'reconstruction_weight'): {'two'},
    ('Negated', 'bound'): {'two'},
    **{('Reciprocal', name): {'two'} for name in ('eps', 'weight')},
    **{('DIST', name): {'two'} for name in ('inter_weight', 'intra_weight', 'temperature')},
    **{('DKD', name): {'two'} for name in ('alpha', 'beta', 'temperature')},
    ('PseudoLabel', 'sharpening'): {'two'},
    ('VID', 'variance'): {'two'},
    **{(name, 'temperature'): {'two'} for name in ('CRD', 'SimMatch', 'CoMatch')},
    ('CoMatch', 'other_view'): {'a text'},
    ('RKD', 'distance_weight'): {'two'},
    ('RKD', 'angle_weight'): {'two'},
    ('SRD', 'exponent'): {'two'},
    ('CC', 'gamma'): {'two'},
    **{
        (name, 'init_cfg'): {'an empty list'}
        for name in ('CIFARWideResNet', 'CIFARDenseNet', 'BornAgainResNet', 'CIFARPreActResNet', 'CIFARXception')
    },
    ('BornAgainResNet', 'ratio'): {'two'},
    ('CIFARXception', 'widen_factor'): {'two'},
    ('GraphDataPreprocessor', 'mean'): {'a list'},
    ('LanguageModel', 'init_cfg'): {'an empty list'},
    ('LanguageModel', 'init_range'): {'two'},
    ('GraphDataPreprocessor', 'pad_value'): {'a negative number', 'a negative share', 'two'},
}  # fmt: skip


def arguments():
    for (registry, name), (what, value) in itertools.product(PARTS, WRONG.items()):
        for argument in list(inspect.signature(registry.get(name).__init__).parameters.values())[1:]:
            if argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
                continue  # of torch, or of mmpretrain
            if what in RIGHT.get((name, argument.name), RIGHT.get(argument.name, ())):
                continue
            default = argument.default
            optional = default is None and (name, argument.name) not in {
                ('GraphDataPreprocessor', 'mean'), ('GraphDataPreprocessor', 'std')
            }  # fmt: skip
            if (value is None and optional) or (value is True and isinstance(default, bool)):
                continue
            yield pytest.param(registry, name, argument.name, value, id=f'{name}.{argument.name}={what}')


@pytest.mark.parametrize(('registry', 'name', 'argument', 'value'), arguments())
def test_a_wrong_value(registry, name, argument, value):
    cfg = {'type': name, **GIVEN.get(name, {}), argument: value}
    with pytest.raises(ValueError):
        registry.get(name)(**{key: entry for key, entry in cfg.items() if key != 'type'})
    with pytest.raises(ConfigError) as caught:
        build_part(registry, cfg, 'path')
    assert str(caught.value).startswith('path.') and '\n' not in str(caught.value)
    if argument not in ('mean', 'std'):  # one of the two lacks the other
        assert str(caught.value).startswith(f'path.{argument}')


def test_all_parts_are_looked_at():
    assert len(list(arguments())) > 700
    for registry, name in PARTS:
        build_part(registry, {'type': name, **GIVEN.get(name, {})}, 'path')
