"""Language models, as a user trains them."""

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.config.stages import resolve_stages

pytestmark = pytest.mark.slow
CONFIGS = Path(__file__).parents[2] / 'configs' / 'language'
PTB = [
    'train_dataloader.dataset.data_root', 'val_dataloader.dataset.data_root', 'test_dataloader.dataset.data_root'
]  # fmt: skip

# Two and a half epochs of ten iterations; the third network is a moving average.
ITERATIONS = 24
RESUMED = f"""
_small = dict(type='NetworkNode', network=dict(_base_.lstm_small, dims=16, layers=2))
model = dict(
    nodes=dict(net1=_small, net2=_small, mean=_small),
    edges={{
        'label->net2': dict(loss=dict(type='CrossEntropy')),
        'net2->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net1->mean': dict(type='EMAEdge', decay=0.9),
    }},
)
train_dataloader = dict(dataset=dict(indices=200))
val_dataloader = test_dataloader = dict(dataset=dict(indices=50))
train_cfg = dict(_delete_=True, by_epoch=False, max_iters={ITERATIONS}, val_interval=7)
param_scheduler = dict(_delete_=True, type='CosineAnnealingLR', by_epoch=False)
log_processor = dict(by_epoch=False)
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=4, save_best=None, rule=None))
custom_hooks = _base_.custom_hooks + [dict(type='Killer')]
"""


def content(folder: Path) -> dict:
    checkpoint = torch.load(folder / f'iter_{ITERATIONS}.pth', weights_only=True)
    return {name: checkpoint[name] for name in ('state_dict', 'optimizer', 'param_schedulers')}


@pytest.mark.long
def test_killed_within_an_epoch(tools, write_config: Callable[..., Path], tmp_path: Path, same: Callable[..., None]):
    config = write_config(tmp_path / 'config.py', 'language/small_lstm_topics.py', RESUMED, plugins=('killer',))
    tools.run('train.py', config, '--work-dir', tmp_path / 'whole')
    folder = tmp_path / 'killed'
    for moment in (6, 13, 22):
        arguments = (config, '--work-dir', folder, '--resume')
        tools.run('train.py', *arguments, status=-signal.SIGKILL, KILL_AT=f'iteration:{moment}:0.5')
    tools.run('train.py', config, '--work-dir', folder, '--resume')
    same(content(folder), content(tmp_path / 'whole'))
    vocabulary = torch.load(folder / f'iter_{ITERATIONS}.pth', weights_only=True)['meta']['dataset_meta']['classes']
    assert len(vocabulary) == 1000 and vocabulary[:2] == ('<eos>', '<unk>')


def perplexities(output: str) -> list[dict[str, float]]:
    """What each test has come to, by node."""
    tables = [text.partition('\nfolder: ')[0].splitlines() for text in output.split('test:\n')[1:]]
    assert all(re.fullmatch(r'\| node +\| +perplexity \|', table[0]) for table in tables)
    rows = [[re.fullmatch(r'\| (\w+) +\| +([\d.]+) \|', row) for row in table[2:]] for table in tables]
    return [{row[1]: float(row[2]) for row in table} for table in rows]


# Zaremba's schedule begins after 14 epochs.
@pytest.mark.parametrize(
    ('name', 'epochs'),
    [('ban_l_lstm_ptb', 16), pytest.param('ban_l_conv_lstm_ptb', 4, marks=pytest.mark.long)],
)
def test_generations_on_penn_treebank(tools, miniatures, write_config, tmp_path: Path, name: str, epochs: int):
    """In mixed precision and with accumulated gradients; networks of the configs, but small."""
    root = miniatures.write_penn_treebank(tmp_path / 'ptb', words=60, lines=80)
    data = f'dict(dataset=dict(data_root={str(root)!r}, vocab_size=61), num_workers=0, persistent_workers=False)'
    text = f"""
train_dataloader = val_dataloader = test_dataloader = {data}
data_preprocessor = dict(num_classes=61)
model = dict(nodes=dict(net=dict(network=dict(vocab_size=61, dims=12))))
optim_wrapper = dict(accumulative_counts=2)
train_cfg = dict(max_epochs={epochs})
"""
    config = write_config(tmp_path / 'config.py', f'language/{name}.py', text)
    output = tools.run('train.py', config, '--work-dir', tmp_path / 'work', '--amp').stdout
    first, second = perplexities(output)
    assert first.keys() == {'net'} and second.keys() == {'net', 'teacher'}
    assert first['net'] == second['teacher']  # the teacher is the first stage's network
    assert all(1 < value < 80 for value in second.values())


def test_generations_of_the_small_text(tools, write_config, tmp_path: Path):
    text = """
train_dataloader = dict(dataset=dict(indices=400))
model = dict(nodes=dict(net=dict(network=dict(dims=24))))
train_cfg = dict(max_epochs=2, val_interval=2)
"""
    config = write_config(tmp_path / 'config.py', 'language/ban_l_small_topics.py', text)
    output = tools.run('train.py', config, '--work-dir', tmp_path / 'work').stdout
    (found,) = (one for one in perplexities(output) if 'mean_3' in one)
    assert found.keys() == {'net', 'gen1', 'teacher', 'ensemble_2', 'ensemble_3', 'mean_2', 'mean_3'}
    assert max(found['mean_2'], found['mean_3']) < max(found['net'], found['gen1'], found['teacher']) < 1000
    # The mean of probabilities is no worse than the members' geometric mean.
    assert found['mean_2'] <= (found['gen1'] * found['teacher']) ** 0.5


@pytest.mark.parametrize('path', sorted(CONFIGS.glob('*.py')), ids=lambda path: path.stem)
def test_every_config(path: Path):
    text = path.read_text()
    assert f'python tools/train.py configs/language/{path.name}' in text
    config = load_config(path)
    stages = [Config(stage.config) for stage in resolve_stages(config, 'work')] if 'stages' in config else [config]
    for stage in stages:
        check_config(stage)
        data = [stage[f'{kind}_dataloader'].dataset for kind in ('train', 'val', 'test')]
        assert len({(one.vocab_size, one.length, one.context, one.get('spelling')) for one in data}) == 1
        node = stage.model.nodes[stage.model.target]
        assert node.network.vocab_size == data[0].vocab_size == stage.data_preprocessor.num_classes
        assert node.network.length == data[0].length
