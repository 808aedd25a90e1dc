"""Overlays: the tools with --with, and where their runs are."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.registry import DATASETS, MODELS
from mmpretrain.structures import DataSample

from ktg_mm.apis import load_config
from ktg_mm.apis.checkpoint_hooks import use_safe_checkpoints
from ktg_mm.apis.required_hooks import add_required_hooks

CONFIGS = Path(__file__).parents[2] / 'configs'
DIGITS = CONFIGS / 'dml/dml_3node_digits.py'
SEARCH = CONFIGS / 'search/ktg_3node_digits.py'
INDEPENDENT = CONFIGS / '_base_/edges/independent.py'
TINY = [
    'train_cfg.max_epochs=2', 'train_cfg.val_interval=2', 'train_dataloader.dataset.indices=64',
    'val_dataloader.dataset.indices=60', 'test_dataloader.dataset.indices=60',
]  # fmt: skip


@pytest.fixture(scope='module')
def schedule(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('overlays') / 'short.py'
    path.write_text(
        'train_cfg = dict(max_epochs=2, val_interval=2)\n'
        + ''.join(f'{name}_dataloader = dict(dataset=dict(indices=60))\n' for name in ('train', 'val', 'test'))
    )
    return path


def test_train_and_resume(tools, accuracies: Callable, schedule: Path) -> None:
    overlays = ['--with', INDEPENDENT, schedule]
    printed = tools.run('train.py', DIGITS, *overlays, '--cfg-options', 'train_cfg.max_epochs=1')
    folder = tools.folder / 'work_dirs/dml_3node_digits+independent+short'
    assert sorted(path.name for path in folder.glob('epoch_*')) == ['epoch_1.pth']

    # The copy of the config is whole: the overlays are in it.
    copy, merged = load_config(folder / f'{folder.name}.py'), load_config(DIGITS, overlays=[INDEPENDENT, schedule])
    merged.train_cfg.max_epochs = 1
    of_the_run = {'work_dir', 'experiment_name', 'launcher'}
    use_safe_checkpoints(merged)
    add_required_hooks(merged)
    assert {key: copy[key] for key in copy if key not in of_the_run} == merged.to_dict()
    assert copy.experiment_name.startswith(f'{folder.name}_') and copy.work_dir == f'work_dirs/{folder.name}'
    assert set(copy.model.edges) == {f'label->net{i}' for i in (1, 2, 3)}

    resumed = tools.run('train.py', DIGITS, *overlays, '--resume-changed')  # for two epochs
    assert ' - epoch 1/1  loss ' in printed.stdout and ' - epoch 1/2  loss ' not in resumed.stdout
    assert ' - epoch 2/2  loss ' in resumed.stdout
    state = torch.load(folder / 'epoch_2.pth', weights_only=True)
    assert state['meta']['epoch'] == 2

    tested = tools.run('test.py', DIGITS, folder / 'epoch_2.pth', *overlays)
    assert accuracies(tested.stdout + tested.stderr) == accuracies(resumed.stdout + resumed.stderr)
    # Of images that are chosen the config is made anew.
    tools.run('analysis/attention_maps.py', DIGITS, folder / 'epoch_2.pth', '--images', 3, *overlays)
    tools.run('analysis/calibration.py', DIGITS, folder / 'epoch_2.pth', *overlays)
    names = {path.name for path in (folder / 'analysis').iterdir()}
    assert any('attention' in name for name in names) and any('calibration' in name for name in names)


def test_search_and_export(tools, tmp_path: Path) -> None:
    space = tmp_path / 'two_gates.py'
    space.write_text(
        "_gates = dict(through=dict(type='ThroughGate'), linear=dict(type='LinearGate'))\n"
        "search = dict(trials=2, hook=None, space={'_delete_': True, 'model.edges.net?->net?.gate': _gates})\n"
    )
    command = [SEARCH, '--with', space]
    tools.run('search.py', *command, '--cfg-options', *TINY)
    folder = tools.folder / 'work_dirs/ktg_3node_digits+two_gates'
    assert (folder / 'search.db').is_file()
    out = tmp_path / 'found.py'
    tools.run('export_graph.py', *command, '--out', out, '--cfg-options', *TINY)
    assert 'of the study ktg_3node_digits+two_gates.' in out.read_text().splitlines()[0]
    found, base = load_config(out), load_config(DIGITS)
    assert {key: found[key] for key in found if key != 'model'} == {key: base[key] for key in base if key != 'model'}
    assert 'CutoffGate' not in str(found.model.edges) and found.model.edges['net1->net2'].loss.type == 'KLDivergence'

    # Without a search.retrain it inherits the search's own file; and it does not choose where overlays change more.
    none = tmp_path / 'no_retrain.py'
    none.write_text('search = dict(retrain=None)\n')
    arguments = ['--work-dir', folder, '--study', 'ktg_3node_digits+two_gates', '--out', out, '--cfg-options', *TINY]
    tools.run('export_graph.py', *command, none, *arguments)
    assert f"search/{SEARCH.name}']" in out.read_text()
    assert load_config(out).model.to_dict() == found.model.to_dict()


def test_export_of_a_search_whose_overlays_change_the_recipe(tools, schedule: Path, tmp_path: Path) -> None:
    out = tmp_path / 'found.py'
    process = tools.run('export_graph.py', SEARCH, '--with', schedule, '--out', out, status=2)
    assert process.stderr.splitlines() == [
        'error: --with: changes train_dataloader, val_dataloader, test_dataloader, train_cfg, which a graph inherits; '
        'give --base, what to inherit'
    ]
    assert not out.exists()


def test_retrain(tools, schedule: Path, tmp_path: Path) -> None:
    against = f'{DIGITS}+{INDEPENDENT}+{schedule}'
    command = ['retrain.py', DIGITS, '--with', schedule, '--seeds', 1, '--methods', 'independent']
    process = tools.run(*command, '--against', against)
    rows = {line.split('|')[1].strip(): line.split('|')[3].strip() for line in process.stdout.splitlines()[2:]}
    assert set(rows) == {'independent', 'dml_3node_digits+independent+short'}
    folder = tools.folder / 'work_dirs/dml_3node_digits+short_retrain'
    runs = {run['method']: run for run in (json.loads(path.read_text()) for path in folder.glob('*/*/run.json'))}
    alone, all_three = runs['independent'], runs['dml_3node_digits+independent+short']
    # A network that nobody else teaches is the same alone and beside others, but for its random numbers.
    assert alone['networks'] == ['net1'] and all_three['networks'] == ['net1', 'net2', 'net3']
    twice = tools.run(*command, '--against', against, against, status=2)
    assert twice.stderr.splitlines() == [f'error: --against {against}: another config has the same name; rename one']


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        ('none.py', None, 'no such file'),
        ('broken.py', 'model = dict(\n', "SyntaxError: '(' was never closed"),
        ('notes.txt', 'to do\n', 'SyntaxError: '),
        ('unknown.py', 'modle = dict()\n', 'has no entry that the config or the Runner knows; did you mean '),
    ],
)
def test_bad_overlays(
    fails: Callable[..., str], schedule: Path, tmp_path: Path, name: str, text: str | None, message: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    assert fails('train.py', DIGITS, '--with', schedule, path).startswith(f'--with {path}: {message}')
    joined = f'{DIGITS}+{schedule}+{path}'
    assert fails('retrain.py', DIGITS, '--against', joined).startswith(f'--with {path}: {message}')


def test_dist_search_names_its_logs(tools, tmp_path: Path) -> None:
    """The script finds the folder as the tool does; a Python that does nothing stands in for the workers."""
    nothing = tmp_path / 'python'
    nothing.write_text('#!/bin/sh\nexit 0\n')
    nothing.chmod(0o755)
    overlays = ['--with', INDEPENDENT, 'b/second.py', '--trials', '3']
    tools.run_cold('dist_search.sh', SEARCH, '2', *overlays, PYTHON=str(nothing))
    assert (tools.folder / 'work_dirs/ktg_3node_digits+independent+second/worker_1.log').is_file()
    tools.run_cold('dist_search.sh', SEARCH, '2', *overlays, '--work-dir', tmp_path / 'a', PYTHON=str(nothing))
    tools.run_cold('dist_search.sh', SEARCH, '2', *overlays, f'--work-dir={tmp_path}/b', PYTHON=str(nothing))
    assert (tmp_path / 'a/worker_1.log').is_file() and (tmp_path / 'b/worker_1.log').is_file()


# Overlays in edges/ that put other losses in the place of distillation: type and weight, from RepDistiller,
# MDistiller, torchdistill and the authors' codes.
OTHER_LOSSES = dict(
    fitnets=('FitNets', 100.0), at=('AttentionTransfer', 1000.0), vid=('VID', 1.0), pkt=('PKT', 30000.0),
    rkd=('RKD', 1.0), srd=('SRD', 1.0), crd=('CRD', 0.8), crd_kd=('CRD', 0.8), sp=('SP', 3000.0),
    cc=('CC', 0.02), ickd=('ICKD', 2.5), dkd=('DKD', 1.0), dkd_standardized=('DKD', 1.0),
    kd_standardized=('KLDivergence', 9.0), dist=('DIST', 2.0), nst=('NST', 50.0), ft=('FT', 1.0),
    feed=('FEED', 1000.0), fsp=('FSP', 50.0), svd=('SVD', 1.0), reviewkd=('ReviewKD', 5.0),
)  # fmt: skip


def test_one_optimizer_keeps_what_is_not_a_phase(tmp_path: Path) -> None:
    afd, overlay = CONFIGS / 'afd/afd_2node_fashion_mnist_3000.py', CONFIGS / '_base_/updates/one_optimizer.py'
    accumulating, whole = tmp_path / 'accumulating.py', tmp_path / 'whole.py'
    accumulating.write_text('optim_wrapper = dict(accumulative_counts=2)\n')
    whole.write_text("param_scheduler = dict(_delete_=True, type='ConstantLR', factor=0.5)\n")

    phases, config = load_config(afd), load_config(afd, overlays=[accumulating, overlay])
    assert config.optim_wrapper == dict(
        constructor='NodeOptimWrapperConstructor', accumulative_counts=2, **phases.optim_wrapper.logits
    )
    assert config.param_scheduler == phases.param_scheduler.logits

    # A schedule that holds for all phases stays as it is.
    config = load_config(afd, overlays=[whole, overlay])
    assert config.param_scheduler == dict(type='ConstantLR', factor=0.5)


@pytest.mark.parametrize('name', OTHER_LOSSES)
@pytest.mark.parametrize('data', ['digits', 'fashion_mnist_3000', 'cifar100'])
def test_losses_in_place_of_distillation(name: str, data: str, mmpretrain_scope: None) -> None:
    overlays = [CONFIGS / f'_base_/edges/{name}.py']
    if name == 'fsp':  # compares networks of the same widths
        overlays.insert(0, CONFIGS / '_base_/networks/resnet20.py')
    cfg = load_config(CONFIGS / f'kd/kd_{data}.py', overlays=overlays)
    kind, weight = OTHER_LOSSES[name]
    edges = cfg.model.edges.to_dict()
    edge = edges.pop('net2->net1')
    ramp = None
    if kind in ('DKD', 'ReviewKD'):  # of the first 20 epochs
        ramp = dict(type='RampUpGate', length=20 / cfg.train_cfg.max_epochs, shape='linear')
    assert (edge['loss']['type'], edge['weight'], edge.pop('gate', None)) == (kind, weight, ramp)
    assert set(edge) == {'loss', 'weight'}
    expected = {'label->net1': dict(loss=dict(type='CrossEntropy'))}
    if name == 'kd_standardized':
        expected['label->net1']['weight'] = 0.1
    if name == 'crd_kd':
        expected['net2->net1:kd'] = dict(loss=dict(type='KLDivergence', temperature=4.0))
    assert edges == expected

    torch.manual_seed(0)
    graph = MODELS.build(dict(cfg.model.to_dict(), data_preprocessor=cfg.data_preprocessor.to_dict()))
    graph.train()
    teacher = {key: value.clone() for key, value in graph.nodes['net2'].state_dict().items()}
    parameters = [parameter for _, group in graph.parameter_groups() for parameter in group]
    wrapper = OptimWrapper(torch.optim.SGD(parameters, lr=1.0))
    own = [*graph.nodes['net1'].own_parameters()][:1], graph.edges['net2->net1'].parameters()
    # A bias that a batch norm follows has no gradient.
    learnt = [(value.detach().clone(), value) for values in own for value in values if value.dim() > 1]
    samples = [DataSample(metainfo=dict(sample_idx=number)).set_gt_label(number % 10) for number in range(8)]
    # Grey images of 8 pixels: what follows holds for any.
    images = torch.rand(8, len(cfg.data_preprocessor.mean), 8, 8) * 255
    log = graph.train_step(dict(inputs=list(images), data_samples=samples), wrapper)
    values = {key.removeprefix('edge/'): float(value) for key, value in log.items() if key.startswith('edge/')}
    assert set(values) == {'net2->net1', *expected}
    assert float(log['loss']) == pytest.approx(sum(values.values()), rel=1e-4) and torch.isfinite(log['loss'])
    for key, value in graph.nodes['net2'].state_dict().items():
        assert value.equal(teacher[key])
    assert (len(learnt) > 1) == (kind in ('FitNets', 'VID', 'SRD', 'CRD', 'CC', 'ICKD', 'FT', 'FEED', 'ReviewKD'))
    assert not any(before.equal(after) for before, after in learnt)


def test_residual_distillation(mmpretrain_scope: None) -> None:
    cfg = load_config(CONFIGS / 'kd/kd_digits.py', overlays=[CONFIGS / '_base_/graphs/residual_kd.py'])
    assert cfg.model.target == 'residual' and cfg.model.nodes.assistant.network == cfg.model.nodes.net1.network
    for key in ('net2->net1', 'net2->residual'):
        assert cfg.model.edges[key].to_dict() == dict(loss=dict(type='FitNets', layers='map'), weight=100.0)
    torch.manual_seed(0)
    graph = MODELS.build(dict(cfg.model.to_dict(), data_preprocessor=cfg.data_preprocessor.to_dict()))
    graph.train()
    before = {key: value.clone() for key, value in graph.state_dict().items()}
    parameters = [parameter for _, group in graph.parameter_groups() for parameter in group]
    samples = [DataSample().set_gt_label(number) for number in range(8)]
    images = list(torch.rand(8, 1, 8, 8) * 16)
    graph.train_step(
        dict(inputs=images, data_samples=samples), OptimWrapper(torch.optim.SGD(parameters, lr=0.1, momentum=0.9))
    )
    moved = {key.split('.')[1] for key, value in graph.state_dict().items() if not value.equal(before[key])}
    assert moved == {'net1', 'assistant', 'residual', 'net2->net1', 'net2->residual'}


def test_standardised_logits_have_their_authors_numbers() -> None:
    losses = {}
    for name in ('kd_standardized', 'dkd', 'dkd_standardized'):
        cfg = load_config(CONFIGS / 'kd/kd_cifar100.py', overlays=[CONFIGS / f'_base_/edges/{name}.py'])
        losses[name] = cfg.model.edges['net2->net1'].loss.to_dict()
    assert losses == dict(
        kd_standardized=dict(type='KLDivergence', temperature=2.0, standardize=True),
        dkd=dict(type='DKD'),
        dkd_standardized=dict(type='DKD', alpha=9.0, beta=72.0, temperature=2.0, standardize=True),
    )


@pytest.mark.parametrize(
    ('config', 'number'),
    [
        ('kd/kd_digits', 1257),
        ('kd/kd_fashion_mnist_3000', 3000),
        ('kd/kd_fashion_mnist', 50_000),
        ('kd/kd_cifar10', 50_000),
        ('search/ktg_2node_four_gates_cifar100', 40_000),
    ],
)
def test_crd_knows_how_many_images_there_are(config: str, number: int, mmpretrain_scope: None) -> None:
    cfg = load_config(CONFIGS / f'{config}.py', overlays=[CONFIGS / '_base_/edges/crd.py'])
    assert {edge.loss.num_samples for key, edge in cfg.model.edges.items() if key.startswith('net')} == {number}
    if 'digits' in config:
        assert len(DATASETS.build(cfg.train_dataloader.dataset)) == number
