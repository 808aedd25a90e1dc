import copy
import gc
import random
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from mmpretrain.registry import MODELS, OPTIM_WRAPPERS
from torch.nn.utils import weight_norm

import ktg_mm.apis.rehearsal
import ktg_mm.apis.runner
from ktg_mm.apis import build_runner, load_config
from ktg_mm.apis.part_errors import PartError
from ktg_mm.apis.rehearsal import rehearse
from ktg_mm.datasets import Digits
from ktg_mm.errors import ConfigError
from ktg_mm.models.backbones import CIFARResNet
from ktg_mm.models.graph import KnowledgeTransferGraph

CONFIGS = Path(__file__).parents[2] / 'configs'
NETWORK = 'model.nodes.net2.network'
TRAIN = 'train_dataloader.dataset.pipeline'
SEED, PACK = dict(type='SeedRandom'), dict(type='PackInputs')
# Two gates that remember, one of them with a buffer that no checkpoint has.
GATES = {
    'model.edges.net2->net1.gate': dict(_delete_=True, type='FreeMatchGate'),
    'model.edges.net1->net2.gate': dict(_delete_=True, type='SoftMatchGate'),
}
EMA = {
    'model.nodes.mean': dict(
        type='NetworkNode',
        network=dict(
            type='ImageClassifier',
            backbone=dict(type='CIFARResNet', depth=8, base_channels=4, in_channels=1),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=10, in_channels=16),
        ),
    ),
    'model.edges.net1->mean': dict(type='EMAEdge', decay=0.9),
    'model.edges.mean->net2': dict(loss=dict(type='KLDivergence')),
}


@pytest.fixture
def one_epoch():
    return {'train_cfg.max_epochs': 1, 'param_scheduler.end': 1}


def everything(runner):
    """All that a run goes on from, apart from its data."""
    model = runner.model
    return dict(
        weights=[value.clone() for value in model.parameters()],
        gradients=[value.grad for value in model.parameters()],
        buffers={name: value.clone() for name, value in model.named_buffers()},
        modes=[module.training for module in model.modules()],
        initialised=[getattr(module, '_is_init', None) for module in model.modules()],
        others=[float(model.progress), model.seed, model.update.report],
        optimizer=copy.deepcopy(runner.optim_wrapper.state_dict()),
        counts=runner.optim_wrapper.inner_count,
        python=random.getstate(),
        numpy=np.random.get_state()[1].tolist(),
        torch=torch.get_rng_state(),
        hub=copy.deepcopy(runner.message_hub.state_dict()),
        config=runner.cfg.to_dict(),
        hooks=[(type(hook), sorted(vars(hook))) for hook in runner.hooks],
    )


def assert_same(first, second):
    assert type(first) is type(second)
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        first, second = list(first.values()), list(second.values())
    if isinstance(first, (list, tuple)):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_same(one, other)
    elif isinstance(first, torch.Tensor):
        assert first.dtype == second.dtype and torch.equal(first, second)
    else:
        assert first == second


PLATEAU = dict(_delete_=True, type='ReduceOnPlateauLR', monitor='net1/accuracy/top1', rule='greater')


@pytest.mark.parametrize(
    'changes',
    [
        {},
        GATES,
        EMA,
        {'model.update': dict(type='PCGradUpdate')},
        {'model.update': dict(type='SequentialUpdate')},
        {'optim_wrapper.accumulative_counts': 3, 'optim_wrapper.clip_grad': dict(max_norm=1.0)},
        {'optim_wrapper.type': 'AutocastOptimWrapper', 'optim_wrapper.optimizer': dict(_delete_=True, type='Adam')},
        {'train_dataloader.num_workers': 2, 'train_dataloader.persistent_workers': True},
        {'param_scheduler': PLATEAU},
    ],
    ids=['plain', 'gates', 'average', 'pcgrad', 'sequential', 'accumulated', 'autocast', 'workers', 'plateau'],
)
def test_nothing_is_left_changed(tiny_runner, monkeypatch, changes):
    runner = tiny_runner(changes, rehearsal=False)
    before, steps = everything(runner), []
    train_step = KnowledgeTransferGraph.train_step
    monkeypatch.setattr(
        KnowledgeTransferGraph, 'train_step', lambda self, *args: steps.append(train_step(self, *args)) or steps[-1]
    )
    monkeypatch.setattr(Digits, 'load_data_list', lambda self: pytest.fail('read'))
    folder = sorted(Path(runner.work_dir).rglob('*'))
    rehearse(runner)
    assert len(steps) == 1 and steps[0]['loss'].isfinite()
    assert_same(everything(runner), before)
    assert sorted(Path(runner.work_dir).rglob('*')) == folder


@pytest.mark.parametrize('changes', [{}, GATES], ids=['plain', 'gates'])
def test_a_run_is_the_same_to_the_bit(tiny_runner, one_epoch, changes):
    runs = []
    for rehearsal in (True, False):
        runner = tiny_runner({**one_epoch, **changes}, work_dir=str(rehearsal), rehearsal=rehearsal)
        runner.train()
        losses = runner.message_hub.log_scalars['train/loss'].data[0].tolist()
        runs.append((runner.model.state_dict(), dict(runner.model.named_buffers()), losses))
    assert_same(*runs)


def test_the_copys_optimizer_makes_a_step(tiny_runner, monkeypatch):
    """Else nothing would show of a gradient's clipping, or of batches whose gradients are gathered."""
    steps = []
    step = OptimWrapper.step
    monkeypatch.setattr(OptimWrapper, 'step', lambda self, **kwargs: steps.append(self) or step(self, **kwargs))
    runner = tiny_runner({'optim_wrapper.accumulative_counts': 5})
    assert len(steps) == 1 and steps[0] is not runner.optim_wrapper


def test_a_test_alone_is_rehearsed(tiny_runner, unchecked):
    nothing = ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'val_dataloader', 'val_evaluator')
    alone = dict.fromkeys((*nothing, 'val_cfg'))
    tiny_runner(alone)
    with pytest.raises(ConfigError, match=r'^test_evaluator: .*Top-11'):
        tiny_runner({**alone, 'test_evaluator.metric.topk': (11,)})


@MODELS.register_module(force=True)
class NormedResNet(CIFARResNet):
    """Its weights are made of others, so torch does not copy it."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        weight_norm(self.conv1)


@pytest.mark.filterwarnings('ignore:.*weight_norm:FutureWarning')
def test_a_network_that_cannot_be_copied_is_built_anew(tiny_runner):
    runner = tiny_runner({f'{NETWORK}.backbone.type': 'NormedResNet'}, rehearsal=False)
    with pytest.raises(RuntimeError, match='deepcopy'):
        copy.deepcopy(runner.model)
    rehearse(runner)


@OPTIM_WRAPPERS.register_module(force=True)
class GreedyOptimWrapper(OptimWrapper):
    def backward(self, loss, **kwargs):
        raise torch.OutOfMemoryError('CUDA out of memory')


def test_memory_that_suffices_for_the_run_alone_is_no_error(tiny_runner):
    tiny_runner({'optim_wrapper.type': 'GreedyOptimWrapper'})


def test_one_of_several_processes_must_not_go_on_alone(tiny_runner, monkeypatch):
    """The others would wait for it in the step, or take what it sends next for an answer."""
    monkeypatch.setattr(ktg_mm.apis.rehearsal, 'is_distributed', lambda: True)
    with pytest.raises(torch.OutOfMemoryError):
        tiny_runner({'optim_wrapper.type': 'GreedyOptimWrapper'})


@pytest.mark.parametrize('changes', [{}, GATES, EMA], ids=['plain', 'gates', 'average'])
def test_its_memory_is_free_afterwards(tiny_runner, monkeypatch, changes):
    """At once, not when garbage is collected: on a GPU the run needs it."""
    graphs, step = [], KnowledgeTransferGraph.train_step

    def noted(self, *args):
        graphs.append(weakref.ref(self))
        return step(self, *args)

    monkeypatch.setattr(KnowledgeTransferGraph, 'train_step', noted)
    runner = tiny_runner(changes, rehearsal=False)
    gc.disable()
    try:
        rehearse(runner)
        assert [graph() for graph in graphs] == [None]
    finally:
        gc.enable()


@MODELS.register_module(force=True)
class ForgetfulResNet(CIFARResNet):
    def forward(self, x):
        raise KeyboardInterrupt


def test_an_interrupt_is_none_of_its_errors(tiny_runner):
    with pytest.raises(KeyboardInterrupt):
        tiny_runner({f'{NETWORK}.backbone.type': 'ForgetfulResNet'})


MISTAKES = {
    'head that does not fit': ({f'{NETWORK}.head.in_channels': 8}, f'{NETWORK}.head: in_channels is 8, but .* has 16'),
    'no neck': ({f'{NETWORK}.neck': None}, rf'{NETWORK}.head: is given maps of 16 x 2 x 2; .*GlobalAveragePooling'),
    'no head': ({f'{NETWORK}.head': None}, f'{NETWORK}: must end in a head such as LinearClsHead, which gives'),
    'other channels': ({f'{NETWORK}.backbone.in_channels': 3}, f'{NETWORK}.backbone: a layer takes 3 .* has 1'),
    'initialiser': ({f'{NETWORK}.backbone.init_cfg': dict(type='Constant')}, f'{NETWORK}.backbone.init_cfg: .*val'),
    'mode of an initialiser': (
        {f'{NETWORK}.backbone.init_cfg': dict(type='Kaiming', layer='Conv2d', mode='fan')},
        f'{NETWORK}.backbone.init_cfg: Mode fan not supported',
    ),
    'layer of an initialiser': (
        {f'{NETWORK}.backbone.init_cfg': dict(type='Constant', val=0, layer='Conv2D')},
        f"{NETWORK}.backbone.init_cfg.layer: no layer of the network is a 'Conv2D'; did you mean 'Conv2d'",
    ),
    'sparse optimizer': (
        {'optim_wrapper.optimizer': dict(_delete_=True, type='SparseAdam', lr=0.1)},
        'optim_wrapper.optimizer: SparseAdam does not support dense gradients',
    ),
    'three means': (
        {'data_preprocessor.mean': [9.0] * 3, 'data_preprocessor.std': [9.0] * 3},
        'data_preprocessor.mean: has 3 values, but the images have 1 channel$',
    ),
    'empty pipeline': ({TRAIN: []}, rf"{TRAIN}: must end in dict\(type='PackInputs'\)"),
    'pipeline without packing': ({TRAIN: [SEED]}, f'{TRAIN}: must end in .*; its result has img, gt_label, sample_idx'),
    'pipeline in a wrong order': (
        {TRAIN: [SEED, PACK, dict(type='RandomFlip', prob=0.5)]},
        rf"{TRAIN}\[2\]: RandomFlip: needs 'img', which no step before it gives",
    ),
    'size as text': ({TRAIN: [SEED, dict(type='Resize', scale='8'), PACK]}, rf'{TRAIN}\[1\]: Resize: '),
    'unknown interpolation': (
        {TRAIN: [SEED, dict(type='Resize', scale=8, interpolation='cubic'), PACK]},
        rf"{TRAIN}\[1\]: Resize: does not know 'cubic'",
    ),
    'probability': ({TRAIN: [SEED, dict(type='Rotate', angle=9, prob=2), PACK]}, rf'{TRAIN}\[1\].prob: must be .* 2'),
    'step that is not built': (
        {TRAIN: [SEED, dict(type='RandomCrop', crop_size=-1), PACK]},
        rf'{TRAIN}\[1\].crop_size: RandomCrop: does not hold: assert crop_size > 0',
    ),
    'images of several sizes': (
        {TRAIN: [SEED, dict(type='RandomChoiceResize', scales=[(i, i) for i in range(8, 20)]), PACK]},
        'train_dataloader.collate_fn: stack expects each tensor to be equal size',
    ),
    'collate function': (
        {'train_dataloader.collate_fn.type': 'defualt_collate'},
        "train_dataloader.collate_fn.type: no function is named 'defualt_collate'; did you mean 'default_collate'",
    ),
    'workers': ({'val_dataloader.timeout': -3}, 'val_dataloader.timeout: timeout option should be non-negative'),
    'sampler without seeds': (
        {'train_dataloader.sampler': dict(_delete_=True, type='DefaultSampler')},
        'train_dataloader.sampler: a pipeline with SeedRandom needs',
    ),
    'sampler of another data set': (
        {'train_dataloader.sampler': dict(_delete_=True, type='SemiSupervisedSampler', labeled=8, unlabeled=8)},
        r"train_dataloader.sampler: SemiSupervisedSampler needs dict\(type='SemiSupervised'\), not Digits",
    ),
    'split': ({'train_dataloader.dataset.split': 'trian'}, "train_dataloader.dataset.split: Digits has no split"),
    'learning rate': ({'optim_wrapper.optimizer.lr': 'high'}, "optim_wrapper.optimizer: SGD: '<' not supported"),
    'momentum': ({'optim_wrapper.optimizer.momentum': -1}, 'optim_wrapper.optimizer.momentum: SGD: Invalid momentum'),
    'clip': ({'optim_wrapper.clip_grad': dict(max_nrom=1)}, "optim_wrapper.clip_grad: .*'max_nrom'"),
    'options of a node': (
        {'optim_wrapper.paramwise_cfg': dict(nodes=dict(net1=0.1))},
        'optim_wrapper.paramwise_cfg.nodes.net1: must be a dict, got 0.1',
    ),
    'scaling': ({'auto_scale_lr': dict(enable=True)}, 'auto_scale_lr: Lack of `base_batch_size`'),
    'schedule': (
        {'param_scheduler': [dict(type='ConstantLR'), dict(type='LinearLR', start_factor=2.0)]},
        r'param_scheduler\[1\]: LinearLR: Starting multiplicative factor',
    ),
    'schedule at its first step': (
        {'param_scheduler': dict(_delete_=True, type='CosineAnnealingMomentum', eta_min='0.85')},
        'param_scheduler: CosineAnnealingMomentum: ',
    ),
    'metric': ({'val_evaluator.metric.topk': (11,)}, 'val_evaluator: Top-11 accuracy is unavailable'),
    'metrics of one name': ({'val_evaluator': [dict(type='NodeMetric')] * 2}, 'val_evaluator: .*the same metric name'),
    'second metric': (
        {'val_evaluator': [dict(type='NodeMetric'), dict(type='Accuracy', thrs='half')]},
        r'val_evaluator\[1\]: ',
    ),
    'best metric': (
        {'default_hooks.checkpoint.save_best': 'net1/accuracy/top9'},
        "default_hooks.checkpoint.save_best: no metric is named 'net1/accuracy/top9'; known: net1/accuracy/top1, ",
    ),
    'plateau': (
        {'param_scheduler': dict(_delete_=True, type='ReduceOnPlateauLR')},
        "param_scheduler.monitor: no metric is named 'loss'",
    ),
    'average of weights': ({'custom_hooks': [dict(type='EMAHook', momentum=2)]}, r'custom_hooks\[0\]: .*momentum'),
    'priority': ({'custom_hooks': [dict(type='EmptyCacheHook', priority=1000)]}, r'custom_hooks\[0\].*priority'),
    'randomness': ({'randomness.deterministc': True}, "randomness: .*'deterministc'"),
    'log level': ({'log_level': 'VERBOSE'}, "log_level: knows no 'VERBOSE'"),
    'backend of the log': (
        {'visualizer.vis_backends': [dict(type='TensorBoard')]},
        r'visualizer.vis_backends\[0\]: TensorBoard',
    ),
}  # fmt: skip


@pytest.fixture
def unchecked(monkeypatch):
    """Leaves out the look at single values, which finds some of these mistakes sooner, but not all of their kind."""
    monkeypatch.setattr(ktg_mm.apis.runner, 'check_config', lambda cfg: None)


@pytest.mark.parametrize('mistake', MISTAKES)
def test_a_mistake_is_named_by_its_key_before_data_are_read(tiny_runner, monkeypatch, unchecked, mistake):
    monkeypatch.setattr(Digits, 'load_data_list', lambda self: pytest.fail('read'))
    changes, message = MISTAKES[mistake]
    with pytest.raises(ConfigError, match=f'^{message}') as caught:
        tiny_runner(changes)
    assert '\n' not in str(caught.value)


def test_the_error_itself_is_the_cause(tiny_runner):
    with pytest.raises(PartError) as caught:
        tiny_runner({f'{NETWORK}.head.in_channels': 8})
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert caught.value.key == f'{NETWORK}.head'


@pytest.fixture
def without_checkpoints(monkeypatch):
    """Leaves out the look at the files that networks begin with."""
    monkeypatch.setattr(ktg_mm.apis.runner, 'check_networks', lambda runner: None)


def test_a_teachers_weights_are_not_needed(tiny_runner, tmp_path, without_checkpoints):
    """They are loaded when the networks are initialised."""
    frozen = {'model.nodes.net2.checkpoint': str(tmp_path / 'none.pth')}
    edges = {'label->net1': dict(loss=dict(type='CrossEntropy')), 'net2->net1': dict(loss=dict(type='KLDivergence'))}
    tiny_runner({**frozen, 'model.edges': dict(_delete_=True, **edges)})


@pytest.fixture
def published(monkeypatch, tmp_path):
    """Builds the Runner of a config of ``configs/``, whose data are not there."""
    monkeypatch.setattr(ktg_mm.apis.runner, 'check_data_root', lambda *args: None)

    def build(name, changes=None) -> Runner:
        config = load_config(CONFIGS / name, changes)
        config.__dict__['_format_python_code'] = False
        return build_runner(config, tmp_path / 'run')

    return build


@pytest.mark.parametrize(
    'name',
    [
        'semi/fixmatch_fashion_mnist_250.py',
        'semi/flexmatch_fashion_mnist_250.py',
        'semi/simmatch_fashion_mnist_250.py',
        'semi/comatch_fashion_mnist_250.py',
        'semi/crmatch_fashion_mnist_250.py',
        'semi/mean_teacher_fashion_mnist_250.py',
        'semi/dash_fashion_mnist_250.py',
        'semi/graph_diverse_fashion_mnist_250.py',
        'kd/kd_3teachers_attention_fashion_mnist_3000.py',
    ],
)
def test_published_configs_pass(published, monkeypatch, without_checkpoints, name):
    steps = []
    train_step = KnowledgeTransferGraph.train_step
    monkeypatch.setattr(
        KnowledgeTransferGraph, 'train_step', lambda self, *args: steps.append(train_step(self, *args)) or steps[-1]
    )
    published(name)
    assert len(steps) == 1


SEMI = 'semi/fixmatch_fashion_mnist_250.py'
VIEWS = dict(type='Views', weak=[], strong=[])


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (
            {TRAIN: [SEED, dict(VIEWS, strong=[dict(type='Resize', scale='8')]), dict(type='PackViews')]},
            rf'{TRAIN}\[1\].strong\[0\]: Resize: ',
        ),
        ({TRAIN: [SEED, VIEWS, VIEWS, dict(type='PackViews')]}, rf'{TRAIN}\[2\]: the images are views already'),
        (
            {'val_dataloader.dataset.pipeline': [VIEWS, dict(type='PackViews')]},
            'val_dataloader.dataset.pipeline: the data pipeline makes the views strong, weak',
        ),
        (
            {'train_dataloader.sampler.labeled': 128, 'train_dataloader.sampler.unlabeled': 0},
            r"model.edges\['net1->net1'\].samples: the batch has no unlabelled samples",
        ),
        (
            {'train_dataloader.dataset.dataset.split': 'training'},
            "train_dataloader.dataset.dataset.split: Fashion-MNIST has the splits 'train' and 'test'",
        ),
    ],
)
def test_semi_supervised_mistakes(published, unchecked, changes, message):
    with pytest.raises(ConfigError, match=f'^{message}'):
        published(SEMI, changes)


def test_layers_that_a_network_does_without_may_be_initialised(tiny_runner):
    """As mmpretrain's own beginnings of weights have it, for a backbone with another norm."""
    layers = [dict(type='Kaiming', layer=['Conv2d']), dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm'])]
    norm = dict(type='GN', num_groups=2)
    tiny_runner({f'{NETWORK}.backbone.init_cfg': layers, f'{NETWORK}.backbone.norm_cfg': norm})
