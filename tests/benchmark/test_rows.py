"""The rows of a benchmark: graphs laid over a recipe."""

from pathlib import Path

import pytest
from mmengine.config import Config

from ktg_mm.apis import load_config
from ktg_mm.benchmark.rows import read_rows, scaled
from ktg_mm.config.stages import as_last_stage
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.shipped import shipped

BENCHMARKS = shipped('configs') / '_base_/benchmarks'


@pytest.fixture(scope='module')
def fashion():
    return read_rows('fashion_mnist_3000')[0]


@pytest.mark.parametrize(
    ('row', 'config'),
    [
        ('teacher', 'single/wrn10_1'),
        ('kd', 'kd/kd'),
        ('ta', 'kd/ta'),
        ('rco', 'kd/rco'),
        ('dml', 'dml/dml_3node'),
        ('ktg', 'ktg/ktg_3node'),
        ('afd', 'afd/afd_2node'),
        ('one', 'multi_branch/one'),
        ('okddip', 'multi_branch/okddip'),
        ('ffm_cd', 'multi_branch/ffm_cd'),
        ('ffl', 'multi_branch/ffl'),
        ('ban', 'born_again/ban'),
        ('ban_l', 'born_again/ban_l'),
    ],
)
def test_a_row_is_the_config_of_its_method(fashion, row, config):
    """The rows are graphs over one recipe; where there is a config of the experiment as well, it says the same."""
    expected = as_last_stage(load_config(f'{shipped("configs")}/{config}_fashion_mnist_3000.py').to_dict())
    got = as_last_stage(fashion[row].config)
    if 'checkpoint' in expected['model']['nodes'].get('net2', {}):
        expected['model']['nodes']['net2']['checkpoint'] = 'teacher.pth'
    if row == 'ffl':
        expected['model']['target'] = 'net1'  # a branch: a fusion has no network whose passes could be counted
    for key in ('model', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'train_dataloader', 'test_dataloader'):
        assert got[key] == expected[key], key
    own, others = (config.get('stages', []) for config in (got, expected))
    assert [stage['name'] for stage in own] == [stage['name'] for stage in others]
    for stage, other in zip(own, others, strict=True):
        assert stage['model'] == other['model'] and stage['train_cfg'] == other['train_cfg']


def test_every_family_is_there(fashion):
    losses = {'fitnets', 'at', 'vid', 'crd', 'pkt', 'rkd', 'srd'}
    others = {'independent', 'kd', 'dml', 'ktg', 'afd', 'one', 'okddip', 'ffm_cd', 'ffl', 'ban', 'ta', 'rco'}
    assert losses | others <= {name for name, row in fashion.items() if row.group == 'supervised'}
    few = [row for row in fashion.values() if row.group == 'few_labels']
    assert len(few) >= 10 and {row.epochs for row in few} == {36}
    for name in losses:
        overlay = f'{shipped("configs")}/_base_/edges/{name}.py'
        config = load_config(f'{shipped("configs")}/kd/kd_fashion_mnist_3000.py', overlays=[overlay])
        assert fashion[name].config['model']['edges'] == config.model.edges.to_dict()
    # A row on all data sets is the same graph.
    edges = [read_rows(data, ['rkd'])[0]['rkd'].config['model']['edges'] for data in ('digits', 'cifar100')]
    assert edges[0] == edges[1] == fashion['rkd'].config['model']['edges']


def test_the_choices_are_of_the_rows(fashion):
    """A choice has another value than the paper's, of an entry that is there."""
    for name, row in fashion.items():
        for candidate in row.candidates()[1:]:
            ((key, value),) = candidate.items()
            config = Config(row.config)
            *path, last = key.split('.')
            entry = config
            for part in path:
                entry = entry[part]
            assert entry[last] != value, (name, key)


def test_budget_and_options():
    rows, _ = read_rows('digits', ['rco', 'afd', 'kd'], epochs=8, options={'train_dataloader.batch_size': 16})
    assert list(rows) == ['teacher', 'kd', 'rco', 'afd'] and {row.epochs for row in rows.values()} == {8}
    assert rows['kd'].config['train_cfg'] == dict(by_epoch=True, max_epochs=8, val_interval=8)
    assert rows['kd'].config['train_dataloader']['batch_size'] == 16
    assert rows['kd'].config['default_hooks']['checkpoint']['save_best'] is None
    assert [stage['train_cfg']['max_epochs'] for stage in rows['rco'].config['stages'][1:]] == [2] * 4
    assert rows['afd'].config['param_scheduler']['features']['milestones'] == [2, 4]
    (cifar,) = read_rows('cifar100', ['independent'], epochs=20)[0].values()
    assert cifar.config['param_scheduler']['milestones'] == [6, 12, 18]


def test_scaled():
    schedule = [dict(type='PartialCosineLR', begin=0, end=1500), dict(milestones=[1, 9])]
    assert scaled(schedule, 0.1) == [dict(type='PartialCosineLR', begin=0, end=150), dict(milestones=[1, 1])]
    assert scaled(None, 2) is None


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(data='digit'), "--data digit: there is no such recipe; did you mean 'digits'?"),
        (dict(data='families'), '--data families: there is no such recipe; '),
        (dict(data='afd'), '--data afd: there is no such recipe; '),
        (dict(data='digits', names=['fitnet']), "--rows fitnet: there is no such row; did you mean 'fitnets'?"),
        (dict(data='digits', groups=['few_labels']), '--groups few_labels: digits has no such group; '),
        (dict(data='digits', names=['fixmatch']), '--rows fixmatch: digits has none of them in these groups; '),
        (
            dict(data='fashion_mnist_3000', names=['fixmatch'], groups=['supervised']),
            '--rows fixmatch: fashion_mnist_3000 has none of them in these groups; ',
        ),
        (
            dict(data='digits', names=['kd'], options={'model.nodes.net1.network.backbone.depth.a': 1}),
            '--cfg-options model.nodes.net1.network.backbone.depth.a: does not fit into the config: ',
        ),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(UserError) as caught:
        read_rows(**arguments)
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('row', 'message'),
    [
        (
            "files=['graphs/single'], network=dict(net1='large')",
            "rows.a.network: nothing reads it; did you mean 'networks'?",
        ),
        ("files=['graphs/single'], group='few'", 'rows.a.group: has no reference; '),
        ("files=['graphs/single'], networks=dict(net2='large')", 'rows.a.networks.net2: names no node of the graph'),
        (
            "files=['graphs/single'], networks=dict(net1='larg')",
            "rows.a.networks.net1: 'larg' is not there; did you mean 'large'?",
        ),
        (
            "files=['graphs/kd'], taught_by=['net3']",
            'rows.a.networks.net3: names no node of the graph',
        ),
        ("files=['graphs/none']", '--with '),
        ("config='kd/kd'", 'rows.a.config: the recipe digits has no entry configs; give the row files'),
    ],
)
def test_mistakes_in_the_families(tmp_path: Path, row, message):
    folder = tmp_path / '_base_/benchmarks'
    folder.mkdir(parents=True)
    for name in ('graphs', 'datasets', 'models', 'schedules', 'default_runtime.py'):
        (tmp_path / '_base_' / name).symlink_to(BENCHMARKS.parent / name)
    (folder / 'digits.py').write_text((BENCHMARKS / 'digits.py').read_text())
    (folder / 'families.py').write_text(f"rows = dict(a=dict({row}))\nreferences = dict(supervised='a')\n")
    with pytest.raises((ConfigError, UserError)) as caught:
        read_rows('digits', folder=folder)
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)
