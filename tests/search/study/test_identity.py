"""What two searches that share a study must agree in."""

from pathlib import Path

import pytest

from ktg_mm.apis import load_config
from ktg_mm.search import Candidates
from ktg_mm.search.study.study import identity, recipe

CONFIGS = Path(__file__).parents[3] / 'configs'
DIGITS = CONFIGS / 'search/ktg_3node_digits.py'


@pytest.mark.parametrize(
    'options',
    [
        dict(work_dir='elsewhere'),
        dict(train_dataloader__num_workers=4, val_dataloader__num_workers=4),
        dict(train_dataloader__persistent_workers=True, train_dataloader__pin_memory=True),
        dict(train_dataloader__in_memory=True, val_dataloader__in_memory=True),
        dict(log_level='ERROR'),
        dict(default_hooks__logger__interval=7),
        dict(test_dataloader__batch_size=3),
    ],
    ids=str,
)
def test_what_is_no_part_of_the_recipe(options, base):
    assert recipe(base(**options)) == recipe(base())


def test_the_hook_that_leaves_nodes_out_is_no_part_of_the_recipe(base):
    """Studies and stages that were begun before there was one go on."""
    config = base()
    config['custom_hooks'] = [*config['custom_hooks'], dict(type='AskedNodesHook')]
    assert recipe(config) == recipe(base())
    assert [hook['type'] for hook in recipe(base())['custom_hooks']][-2:] == ['ValidateOnResumeHook', 'SyncBuffersHook']


def test_where_the_data_lie_is_no_part_of_the_recipe(base):
    path = CONFIGS / 'search/ktg_2node_four_gates_cifar100.py'
    options = dict(train_dataloader__dataset__data_root='/a', val_dataloader__dataset__data_root='/b')
    assert base(path, **options)['train_dataloader']['dataset']['data_root'] == '/a'
    assert recipe(base(path, **options)) == recipe(base(path))


@pytest.mark.parametrize(
    'options',
    [
        dict(optim_wrapper__optimizer__lr=0.05),
        dict(train_cfg__max_epochs=31),
        dict(randomness__seed=1),
        dict(train_dataloader__batch_size=32),
        dict(val_dataloader__dataset__split='test'),
        dict(model__nodes__net1__network__backbone__depth=14),
    ],
    ids=str,
)
def test_what_is_part_of_the_recipe(options, base):
    assert recipe(base(**options)) != recipe(base())


def test_recipe_leaves_the_search_itself_to_the_space():
    assert 'search' not in recipe(load_config(DIGITS).to_dict())
    assert 'search' not in Candidates(load_config(DIGITS)).base


def test_a_metric_is_known_by_its_name():
    """So studies go on whose searches did not say which way accuracy is better."""
    cfg = load_config(DIGITS)
    plain = identity(Candidates(cfg))
    assert plain['recipe']['metric'] == ['net1/accuracy/top1']
    cfg.search.metric = dict(name='net1/accuracy/top1', direction='maximize')
    assert identity(Candidates(cfg)) == plain
    cfg.search.metric = ['net1/accuracy/top1', 'parameters']
    assert identity(Candidates(cfg))['recipe']['metric'] == ['net1/accuracy/top1', 'parameters']
