"""The parts of a config around the graph."""

import pytest
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS

from ktg_mm.apis.check_config import check_config
from ktg_mm.errors import ConfigError

MISTAKES = {
    'model.type': ('model.type', 'KnowledgeGraph', "unknown model 'KnowledgeGraph'"),
    'model.target': ('model.target', 'net9', "no node is named 'net9'; did you mean"),
    'optim_wrapper.optimizer': ('optim_wrapper.optimizer.rate', 1, "'rate'"),
    'optim_wrapper.optimizer.type': ('optim_wrapper.optimizer.type', 'SDG', "'SDG'; did you mean 'SGD'?"),
    'param_scheduler.type': ('param_scheduler.type', 'Cosine', "unknown scheduler 'Cosine'"),
    'train_cfg.max_epochs': ('train_cfg.max_epochs', 0, 'must be a whole number above 0, got 0'),
    'train_cfg.val_interval': ('train_cfg.val_interval', 'x', "must be a whole number above 0, got 'x'"),
    'randomness': ('randomness', None, 'must be a dict such as dict(seed=0), got None'),
    'randomness.seed': ('randomness.seed', -1, 'must be a whole number, at least 0, got -1'),
    'train_dataloader.batch_size': ('train_dataloader.batch_size', 0, 'must be a whole number above 0, got 0'),
    'train_dataloader.sampler.type': ('train_dataloader.sampler.type', 'Seeded', "unknown sampler 'Seeded'"),
    'val_dataloader.dataset.type': ('val_dataloader.dataset.type', 'Digit', "'Digit'; did you mean 'Digits'?"),
    'custom_hooks[0].type': ('custom_hooks.0.type', 'ProgresHook', "did you mean 'ProgressHook'?"),
    'default_hooks.logger': ('default_hooks.logger.intervall', 2, "did you mean 'interval'?"),
    'val_evaluator.nodes': ('val_evaluator.nodes', ['net1', 'net9'], "no node is named 'net9'; did you mean"),
    'val_evaluator': ('val_evaluator.metrics', {}, "did you mean 'metric'?"),
}


def test_a_good_config_passes(tiny_config):
    check_config(tiny_config())


@pytest.mark.parametrize('key', MISTAKES)
def test_mistakes(tiny_config, key):
    path, value, reason = MISTAKES[key]
    with pytest.raises(ConfigError) as caught:
        check_config(tiny_config({path: value}))
    message = str(caught.value)
    assert message.startswith(f'{key}: ') and reason in message and '\n' not in message


VIEWS = dict(type='Views', weak=[], strong=[])
PIPELINE = 'train_dataloader.dataset.pipeline'
LABEL_VIEW = "model.edges['label->net1'].views: asks for the view 'weak', but the data pipeline makes "
ONE_VIEW = f"{LABEL_VIEW}one view without a name; dict(type='Views', weak=[...]) in {PIPELINE} makes views with names"


@pytest.fixture
def views_config(tiny_config):
    """The config of a graph with one edge besides the label's two; the pipeline has the given steps and others."""

    def make(steps=(), views=None, changes=None, **entries):
        edge = dict(loss=dict(type='KLDivergence'), views=views, **entries)
        edges = {
            'label->net1': dict(loss=dict(type='CrossEntropy'), views=dict(target='weak')),
            'label->net2': dict(loss=dict(type='CrossEntropy'), views=dict(target='strong')),
            'net1->net2': edge,
        }
        packed = [dict(type='SeedRandom'), *steps, dict(type='PackViews')]
        changes = {'model.edges': dict(_delete_=True, **edges), PIPELINE: packed} | (changes or {})
        return tiny_config(changes)

    return make


def test_views(views_config):
    both = dict(source='weak', target='strong')
    check_config(views_config([VIEWS], both))
    check_config(views_config([VIEWS], both, gate=dict(type='StabilityGate', threshold=0.5, other_view='weak')))
    # An edge that is cut off looks at nothing.
    check_config(views_config([VIEWS], dict(source='other', target='other'), gate=dict(type='CutoffGate')))
    # Of a wrapper's pipelines the outer one counts.
    inner = dict(type='Digits', pipeline=[dict(type='PackInputs')])
    wrapper = dict(_delete_=True, type='SemiSupervised', dataset=inner, num_labels=10, pipeline=[VIEWS])
    check_config(views_config((), both, {'train_dataloader.dataset': wrapper}))
    with pytest.raises(ConfigError, match='one view without a name'):
        check_config(views_config([VIEWS], both, {'train_dataloader.dataset': wrapper | {'pipeline': []}}))


@pytest.mark.parametrize(
    ('steps', 'views', 'gate', 'message'),
    [
        ((), None, None, ONE_VIEW),
        ([dict(type='RandomFlip', prob=0.5)], None, None, ONE_VIEW),
        ([dict(type='Views', strong=[])], None, None, f'{LABEL_VIEW}strong; name one of these'),
        (
            [VIEWS], dict(source='weak', target='strong2'), None,
            "model.edges['net1->net2'].views: asks for the view 'strong2', but the data pipeline makes strong, weak; "
            'name one of these',
        ),
        (
            [VIEWS], dict(source='weak'), None,
            "model.edges['net1->net2'].views: names no view, but the data pipeline makes strong, weak; name one of "
            'these',
        ),
        (
            [VIEWS], dict(source='weak', target='strong'),
            dict(type='StabilityGate', threshold=0.5, other_view='other'),
            "model.edges['net1->net2'].gate.other_view: asks for the view 'other', but the data pipeline makes strong, "
            'weak; name one of these',
        ),
    ],
)  # fmt: skip
def test_views_that_are_not_made(views_config, steps, views, gate, message):
    with pytest.raises(ConfigError) as caught:
        check_config(views_config(steps, views, gate=gate))
    assert str(caught.value) == message


def test_steps_of_a_user_may_make_views(views_config, monkeypatch):
    class OwnViews(BaseTransform):
        pass

    monkeypatch.setitem(TRANSFORMS.module_dict, 'OwnViews', OwnViews)
    check_config(views_config([dict(type='OwnViews')]))
    check_config(views_config([dict(type='RandomApply', transforms=[VIEWS], prob=1.0)]))
