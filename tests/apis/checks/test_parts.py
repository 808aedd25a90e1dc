import pytest

from ktg_mm.apis.checks.parts import parts
from ktg_mm.errors import ConfigError

PACK = dict(type='PackInputs')


def test_all_parts_are_found(tiny_config):
    found = [part.path for part in parts(tiny_config())]
    assert len(set(found)) == len(found)
    assert {
        'model', 'data_preprocessor', 'optim_wrapper', 'optim_wrapper.optimizer', 'param_scheduler', 'train_cfg',
        'train_dataloader.sampler', 'train_dataloader.dataset', 'val_evaluator', 'val_evaluator.metric',
        'default_hooks.checkpoint', 'custom_hooks[0]', 'visualizer.vis_backends[0]',
    } <= set(found)  # fmt: skip


@pytest.mark.parametrize(
    ('cfg', 'paths'),
    [
        (dict(train_dataloader=dict(dataset='Digits')), ['.dataset']),
        (
            dict(train_dataloader=dict(dataset=dict(type='A', dataset=dict(type='B', pipeline=[PACK])))),
            ['.dataset', '.dataset.dataset', '.dataset.dataset.pipeline[0]'],
        ),
        (
            dict(train_dataloader=dict(dataset=dict(type='ConcatDataset', datasets=[dict(type='A'), dict(type='B')]))),
            ['.dataset', '.dataset.datasets[0]', '.dataset.datasets[1]'],
        ),
        (
            dict(train_dataloader=dict(dataset=dict(pipeline=[dict(type='Views', weak=[], strong=[PACK])]))),
            ['.dataset', '.dataset.pipeline[0]', '.dataset.pipeline[0].strong[0]'],
        ),
        (
            dict(train_dataloader=dict(dataset=dict(pipeline=[dict(type='Albu', transforms=[dict(type='Blur')])]))),
            ['.dataset', '.dataset.pipeline[0]'],
        ),
        (
            dict(train_dataloader=dict(dataset=dict(pipeline=[dict(type='RandAugment', policies=[PACK, [PACK]])]))),
            [
                '.dataset',
                '.dataset.pipeline[0]',
                '.dataset.pipeline[0].policies[0]',
                '.dataset.pipeline[0].policies[1][0]',
            ],
        ),
    ],
    ids=['name', 'wrapped', 'several', 'views', 'foreign', 'policies'],
)
def test_data(cfg, paths):
    assert [part.path for part in parts(cfg)] == [f'train_dataloader{path}' for path in paths]


@pytest.mark.parametrize(
    ('dataset', 'message'),
    [
        (dict(pipeline='all'), r"\.pipeline: must be a list of steps, got 'all'"),
        (dict(pipeline=[dict(type='Views', weak=PACK)]), r'\.pipeline\[0\]\.weak: must be a list of steps'),
    ],
)
def test_lists_that_are_none(dataset, message):
    with pytest.raises(ConfigError, match=rf'^val_dataloader\.dataset{message}'):
        list(parts(dict(val_dataloader=dict(dataset=dataset))))


def test_an_optimiser_beside_those_of_phases_is_refused():
    own = dict(optimizer=dict(type='SGD', lr=0.1))
    wrapper = dict(optimizer=dict(lr=0.1), clip_grad=dict(max_norm=1), logits=own, features=own)
    with pytest.raises(ConfigError, match=r'^optim_wrapper\.optimizer: .* set optim_wrapper\.logits\.optimizer, or'):
        list(parts(dict(optim_wrapper=wrapper)))
    found = [part.path for part in parts(dict(optim_wrapper=dict(own, clip_grad=dict(max_norm=1))))]
    assert found == ['optim_wrapper', 'optim_wrapper.optimizer']
