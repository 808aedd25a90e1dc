"""A user's mistake ends a tool with status 2 and one line, before any data are read where the config shows it."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import cv2
import pytest
import torch

ONE_EPOCH = ['train_cfg.max_epochs=1', 'param_scheduler.end=1', 'train_dataloader.dataset.indices=64']

MARKED = """
for name in ('train', 'val', 'test'):
    globals()[f'{name}_dataloader'] = dict(dataset=dict(type='MarkedDigits'))
"""

# A setting, how the message begins, and what it also says.
MISTAKES = {
    'unknown gate': (
        'model.edges.net2->net1.gate.type=CorectGate',
        "model.edges['net2->net1'].gate.type: unknown gate 'CorectGate'; did you mean 'CorrectGate'?",
    ),
    'unknown loss': (
        'model.edges.label->net1.loss.type=CrossEntrpy',
        "model.edges['label->net1'].loss.type: unknown loss 'CrossEntrpy'; did you mean 'CrossEntropy'?",
    ),
    'edge from a missing node': (
        'model.edges.net9->net1.loss.type=KLDivergence',
        "model.edges['net9->net1']: no node is named 'net9'",
    ),
    'edge to a missing node': (
        'model.edges.net1->net9.loss.type=KLDivergence',
        "model.edges['net1->net9']: no node is named 'net9'",
    ),
    'wrong key of an edge': (
        'model.edges.label->net1.gates.type=LinearGate',
        "model.edges['label->net1']: unknown entry 'gates'; did you mean 'gate'?",
    ),
    'wrong key of a network': ('model.nodes.net1.network.backbone.dept=8', 'model.nodes.net1', "'dept'"),
    'missing target': ('model.target=net4', "model.target: no node is named 'net4'"),
    'networks of different classes': (
        'model.nodes.net2.network.head.num_classes=7',
        'model.nodes.net2.network.head.num_classes: is 7, but data_preprocessor.num_classes is 10',
    ),
    'preprocessor of other classes': (
        'data_preprocessor.num_classes=7',
        'model.nodes.net1.network.head.num_classes: is 10, but data_preprocessor.num_classes is 7',
    ),
    'ensemble of one': (
        'model.nodes.ensemble.members=[net1]',
        "model.nodes.ensemble.members: must be a list of at least two different nodes, got ['net1']",
    ),
    'attention of an ensemble': (
        'model.edges.ensemble->net1.loss.type=AttentionMSE',
        "model.edges['ensemble->net1'].loss: node 'ensemble': has no attention map, as it is of type EnsembleNode",
    ),
    'attention of a layer that is not there': (
        'model.nodes.net1.attention_layer=backbone.layer9',
        "model.nodes.net1.attention_layer: the network has no module 'backbone.layer9'; did you mean",
    ),
    'wrong key of the model': ('model.targets=net1', 'model: ', "'targets'; did you mean 'target'?"),
    'wrong key at the top': ('trian_cfg.max_epochs=1', '--cfg-options: ', "'trian_cfg'; did you mean 'train_cfg'?"),
    'wrong key of the loop': ('train_cfg.max_epoch=1', 'train_cfg: ', "'max_epoch'; did you mean 'max_epochs'?"),
    'no number of epochs': (
        'train_cfg.max_epochs=two',
        "train_cfg.max_epochs: must be a whole number above 0, got 'two'",
    ),
    'no epochs': ('train_cfg.max_epochs=0', 'train_cfg.max_epochs: must be a whole number above 0, got 0'),
    'no interval': ('train_cfg.val_interval=0', 'train_cfg.val_interval: must be a whole number above 0, got 0'),
    'no batch': ('train_dataloader.batch_size=0', 'train_dataloader.batch_size: must be a whole number above 0, got 0'),
    'no seed': ('randomness.seed=a', "randomness.seed: must be a whole number, at least 0, got 'a'"),
    'wrong key of the optimizer': (
        'optim_wrapper.optimizer.learning_rate=1',
        "optim_wrapper.optimizer: SGD has no argument 'learning_rate'",
    ),
    'no learning rate': (
        'optim_wrapper.optimizer.lr=high',
        "optim_wrapper.optimizer.lr: must be a number, at least 0, got 'high'",
    ),
    'options of a missing node': (
        'optim_wrapper.paramwise_cfg.nodes.net9.lr=1',
        'optim_wrapper.paramwise_cfg.nodes.net9: is no node that learns',
    ),
    'unknown schedule': ('param_scheduler.type=Cosine', "param_scheduler.type: unknown scheduler 'Cosine'"),
    'unknown metric': (
        'val_evaluator.metric.type=Accurcy',
        "val_evaluator.metric.type: unknown metric 'Accurcy'; did you mean 'Accuracy'?",
    ),
    'unknown data set': (
        'val_dataloader.dataset.type=MarkedDigit',
        "val_dataloader.dataset.type: unknown data set 'MarkedDigit'; did you mean 'MarkedDigits'?",
    ),
    'wrong key of a loader': (
        'val_dataloader.batchsize=1',
        "val_dataloader: unknown entry 'batchsize'; did you mean 'batch_size'?",
    ),
    'unknown step of a pipeline': (
        'train_dataloader.dataset.pipeline.0.type=SeedRandm',
        "train_dataloader.dataset.pipeline[0].type: unknown step of a pipeline 'SeedRandm'",
    ),
    'no key and value': ('train_cfg', "--cfg-options: must be KEY=VALUE, got 'train_cfg'"),
}

DOGS = """
_base_ = [
    '{configs}/_base_/datasets/stanford_dogs.py',
    '{configs}/_base_/schedules/sgd_30e_digits.py',
    '{configs}/_base_/default_runtime.py',
]
network = dict(
    type='ImageClassifier',
    backbone=dict(type='CIFARResNet', depth=8),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=5, in_channels=64),
)
model = dict(
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(net1=dict(type='NetworkNode', network=network)),
    edges={{'label->net1': dict(loss=dict(type='CrossEntropy'))}},
)
data_preprocessor = dict(num_classes=5)
crop = dict(type='RandomResizedCrop', scale=32)
pipeline = [dict(type='SeedRandom'), dict(type='LoadImage', on_error={on_error!r}), crop, dict(type='PackInputs')]
test_pipeline = [dict(type='LoadImage'), dict(type='Resize', scale=(32, 32)), dict(type='PackInputs')]
data = dict(data_root={root!r})
workers = dict(num_workers={workers}, persistent_workers={workers} > 0)
train_dataloader = dict(batch_size=8, dataset=dict(data, pipeline=pipeline), **workers)
val_dataloader = dict(dataset=dict(data, pipeline=test_pipeline), **workers)
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=1)
param_scheduler = dict(end=1)
"""


@pytest.fixture(scope='module')
def marked(write_config: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config whose data leave a mark when they are read."""
    folder = tmp_path_factory.mktemp('marked')
    return write_config(folder / 'config.py', 'ktg/ens_3node_digits.py', MARKED, plugins=('marked_digits',))


@pytest.fixture(scope='module')
def trained(tools, marked: Path) -> Path:
    """The work folder of a good run."""
    mark = marked.with_name('read')
    tools.run('train.py', marked, '--work-dir', marked.with_name('good'), '--cfg-options', *ONE_EPOCH, MARK=str(mark))
    # Without this, no test below could tell that nothing was read.
    assert mark.exists()
    return marked.with_name('good')


@pytest.mark.parametrize('mistake', MISTAKES)
def test_mistake_in_the_config(
    fails: Callable[..., str], marked: Path, trained: Path, tmp_path: Path, mistake: str
) -> None:
    option, beginning, *more = MISTAKES[mistake]
    mark = tmp_path / 'read'
    line = fails('train.py', marked, '--work-dir', tmp_path, '--cfg-options', option, MARK=str(mark))
    assert line.startswith(beginning)
    assert all(words in line for words in more)
    assert not mark.exists()


def test_target_that_is_cut_off(
    fails: Callable[..., str], write_config: Callable[..., Path], marked: Path, tmp_path: Path
) -> None:
    cut = "dict(gate=dict(type='CutoffGate'))"
    edges = f"{{'label->net1': {cut}, 'net2->net1': {cut}, 'net3->net1': {cut}}}"
    text = f"model = dict(target='net1', nodes=dict(net1=dict(allow_random=True)), edges={edges})"
    config = write_config(tmp_path / 'config.py', str(marked), text)
    line = fails('train.py', config, '--work-dir', tmp_path, MARK=str(tmp_path / 'read'))
    assert line.startswith("model.target: 'net1' never learns")
    assert not (tmp_path / 'read').exists()


def test_config_file(fails: Callable[..., str], tmp_path: Path) -> None:
    assert fails('train.py', tmp_path / 'none.py') == f'config {tmp_path / "none.py"}: no such file'
    (tmp_path / 'broken.py').write_text('model = dict(\n')
    assert fails('train.py', tmp_path / 'broken.py').startswith(f'config {tmp_path / "broken.py"}: SyntaxError')


@pytest.mark.parametrize('name', ['train', 'val', 'test'])
def test_missing_data_root(fails: Callable[..., str], marked: Path, trained: Path, tmp_path: Path, name: str) -> None:
    key = f'{name}_dataloader.dataset.data_root'
    options = ['--cfg-options', f'{key}={tmp_path / "nowhere"}']
    line = fails('train.py', marked, '--work-dir', tmp_path, *options, MARK=str(tmp_path / 'read'))
    assert line.startswith(f'{key}: no such folder: {tmp_path / "nowhere"}')
    assert not (tmp_path / 'read').exists()


@pytest.mark.parametrize('option', ['--load-from', '--resume'])
@pytest.mark.parametrize('damage', ['missing', 'truncated', 'corrupt', 'not a checkpoint'])
def test_checkpoint(
    fails: Callable[..., str], marked: Path, trained: Path, tmp_path: Path, option: str, damage: str
) -> None:
    content = (trained / 'epoch_1.pth').read_bytes()
    path = tmp_path / 'weights.pth'
    if damage == 'truncated':
        path.write_bytes(content[: len(content) // 2])
    elif damage == 'corrupt':
        path.write_bytes(content[:100] + bytes(len(content) - 100))
    elif damage == 'not a checkpoint':
        path.write_text('weights\n')
    line = fails('train.py', marked, '--work-dir', tmp_path, option, path, MARK=str(tmp_path / 'read'))
    assert line.startswith(f'checkpoint {path}: ')
    assert ('no such file' if damage == 'missing' else 'corrupt') in line
    assert not (tmp_path / 'read').exists()


def test_teacher_without_checkpoint(
    fails: Callable[..., str], write_config: Callable[..., Path], marked: Path, tmp_path: Path
) -> None:
    cut = dict(gate=dict(type='CutoffGate'))
    nodes = dict(net3=dict(checkpoint=str(tmp_path / 'none.pth')))
    edges = {'label->net3': cut, 'net1->net3': cut, 'net2->net3': cut}
    config = write_config(tmp_path / 'config.py', str(marked), f'model = dict(nodes={nodes}, edges={edges})')
    line = fails('train.py', config, '--work-dir', tmp_path, MARK=str(tmp_path / 'read'))
    assert line == f'model.nodes.net3.checkpoint: checkpoint {tmp_path / "none.pth"}: no such file'


def test_newest_checkpoint_is_damaged(fails: Callable[..., str], marked: Path, trained: Path, tmp_path: Path) -> None:
    (tmp_path / 'epoch_1.pth').write_bytes((trained / 'epoch_1.pth').read_bytes()[:-1000])
    line = fails('train.py', marked, '--work-dir', tmp_path, '--resume', MARK=str(tmp_path / 'read'))
    assert line.startswith(f'checkpoint {tmp_path / "epoch_1.pth"}: cannot be read')


def test_resume_from_weights_alone(fails: Callable[..., str], marked: Path, trained: Path, tmp_path: Path) -> None:
    (best,) = trained.glob('best_*.pth')
    line = fails('train.py', marked, '--work-dir', tmp_path, '--resume', best, MARK=str(tmp_path / 'read'))
    assert line == f'checkpoint {best}: holds weights alone; a run cannot be resumed from it'


def test_classes_of_the_data(fails: Callable[..., str], marked: Path, trained: Path, tmp_path: Path) -> None:
    numbers = [f'model.nodes.net{i}.network.head.num_classes=7' for i in (1, 2, 3)]
    options = ['--cfg-options', 'data_preprocessor.num_classes=7', *numbers]
    line = fails('train.py', marked, '--work-dir', tmp_path, *options, MARK=str(tmp_path / 'read'))
    assert line == 'train_dataloader.dataset: has 10 classes, but the networks of model.nodes have 7'
    assert not list(tmp_path.glob('*.pth'))


def test_crop_larger_than_the_map(fails: Callable[..., str], marked: Path, tmp_path: Path) -> None:
    options = ['--cfg-options', *ONE_EPOCH, 'model.edges.net1->net2.loss.sizes=[3]']
    line = fails('train.py', marked, '--work-dir', tmp_path, *options, MARK=str(tmp_path / 'read'))
    assert line == (
        "model.edges['net1->net2'].loss: a crop of 3 is larger than the attention map, 2 x 2; sizes must fit into it"
    )


def test_loss_that_is_not_finite(
    fails: Callable[..., str], write_config: Callable[..., Path], tools, tmp_path: Path
) -> None:
    # The first epoch is good; then the learning rate jumps to 1e30.
    text = """
train_dataloader = dict(dataset=dict(indices=320), batch_size=32)
train_cfg = dict(max_epochs=3)
param_scheduler = dict(_delete_=True, type='MultiStepLR', milestones=[1], gamma=1e31)
"""
    config = write_config(tmp_path / 'config.py', 'ktg/ens_3node_digits.py', text)
    line = fails('train.py', config, '--work-dir', tmp_path / 'run')
    last_good = tmp_path / 'run' / 'epoch_1.pth'
    assert line.startswith("edge 'label->net1': the loss is nan at iteration 1")
    assert f'training stops, the last good checkpoint is {last_good}.' in line
    assert [path.name for path in (tmp_path / 'run').glob('epoch_*')] == ['epoch_1.pth']
    weights = torch.load(last_good, weights_only=True)['state_dict']
    assert all(weight.isfinite().all() for weight in weights.values())
    tools.run('test.py', config, last_good, '--work-dir', tmp_path / 'test')


def test_loss_that_is_never_finite(fails: Callable[..., str], marked: Path, tmp_path: Path) -> None:
    options = ['--cfg-options', *ONE_EPOCH, 'optim_wrapper.optimizer.lr=1e30', 'train_dataloader.batch_size=16']
    line = fails('train.py', marked, '--work-dir', tmp_path, *options, MARK=str(tmp_path / 'read'))
    assert line.startswith("edge 'label->net1': the loss is nan at iteration 2; ")
    assert 'the last good checkpoint is none' in line
    assert not list(tmp_path.glob('*.pth'))


@pytest.fixture(scope='module')
def dogs(miniatures: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A miniature of five breeds, and its image that cannot be read."""
    root = miniatures.write_stanford_dogs(tmp_path_factory.mktemp('dogs'), train_per_class=4, num_classes=5)
    broken = sorted(root.glob('Images/*/*_1.jpg'))[2]
    broken.write_bytes(broken.read_bytes()[:50])
    assert cv2.imread(str(broken)) is None
    return root, broken


@pytest.fixture
def dogs_config(tools, dogs: tuple[Path, Path], tmp_path: Path) -> Callable[..., Path]:
    def write(**values: object) -> Path:
        path = tmp_path / 'config.py'
        path.write_text(DOGS.format(configs=tools.repository / 'configs', root=str(dogs[0]), **values))
        return path

    return write


@pytest.mark.parametrize('workers', [0, 2])
def test_unreadable_image_stops(
    fails: Callable[..., str], dogs_config: Callable[..., Path], dogs: tuple[Path, Path], tmp_path: Path, workers: int
) -> None:
    config = dogs_config(on_error='raise', workers=workers)
    line = fails('train.py', config, '--work-dir', tmp_path / 'run')
    assert line.startswith(f'{dogs[1]}: cannot be read as an image')
    assert not list((tmp_path / 'run').glob('*.pth'))


@pytest.mark.parametrize('workers', [0, 2])
def test_unreadable_image_is_skipped(
    tools, dogs_config: Callable[..., Path], dogs: tuple[Path, Path], tmp_path: Path, workers: int
) -> None:
    process = tools.run('train.py', dogs_config(on_error='skip', workers=workers), '--work-dir', tmp_path / 'run')
    (warning,) = (line for line in (process.stdout + process.stderr).splitlines() if 'skipped' in line)
    assert f'WARNING - {dogs[1]}: cannot be read as an image' in warning
    assert (tmp_path / 'run' / 'epoch_1.pth').exists()


@pytest.mark.parametrize('missing', ['Images/n02085623-Breed_3', 'train_list.mat', 'test_list.mat'])
def test_missing_part_of_the_data(
    fails: Callable[..., str],
    dogs_config: Callable[..., Path],
    dogs: tuple[Path, Path],
    tmp_path: Path,
    missing: str,
) -> None:
    hidden = dogs[0] / missing
    hidden.rename(dogs[0] / 'hidden')
    try:
        line = fails('train.py', dogs_config(on_error='raise', workers=0), '--work-dir', tmp_path / 'run')
    finally:
        (dogs[0] / 'hidden').rename(hidden)
    assert str(hidden) in line and 'tools/download_dataset.py stanford_dogs' in line
