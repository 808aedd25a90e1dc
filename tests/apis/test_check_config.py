"""The parts of a config around the graph."""

from pathlib import Path

import pytest
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS

from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.apis.checks.whole import check_is_there, check_together
from ktg_mm.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / 'configs'
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


SAVE, OPT, PARAMWISE = 'default_hooks.checkpoint', 'optim_wrapper.optimizer', 'optim_wrapper.paramwise_cfg'
SCHEDULE, TRAIN, METRIC = 'param_scheduler', 'train_dataloader', 'val_evaluator.metric'
MULTI_STEP = dict(_delete_=True, type='MultiStepLR')
EMA, STOPPING = dict(type='EMAHook'), dict(type='EarlyStoppingHook', monitor='net1/accuracy/top1')
PACK = dict(type='PackInputs')
ITERATIONS = dict(_delete_=True, by_epoch=False, max_iters=4)
PROFILER, RECIPES = dict(type='ProfilerHook'), dict(type='SwitchRecipeHook')

# The values to set, and the line.
VALUES = [
    # Types and ranges.
    ({f'{OPT}.lr': -1}, f'{OPT}.lr: must be a number, at least 0, got -1'),
    ({f'{OPT}.lr': 0}, f'{OPT}.lr: is 0, so that nothing would be learnt; must be above 0'),
    ({f'{OPT}.lr': 'high'}, f"{OPT}.lr: must be a number, at least 0, got 'high'"),
    ({f'{OPT}.momentum': 2}, f'{OPT}.momentum: must be a number in [0, 1), got 2'),
    ({f'{OPT}.momentum': 0}, f'{OPT}.nesterov: needs a momentum above 0, and no dampening'),
    (
        {f'{SCHEDULE}': dict(MULTI_STEP, milestones='1,2')},
        f"{SCHEDULE}.milestones: must be a whole number, at least 0, or a list of such, got '1,2'",
    ),
    ({f'{SCHEDULE}': dict(MULTI_STEP, milestones=[2, 1])}, f'{SCHEDULE}.milestones: must increase, got [2, 1]'),
    (
        {f'{SCHEDULE}': dict(MULTI_STEP, milestones=[1], gamma=-0.1)},
        f'{SCHEDULE}.gamma: must be a number above 0, got -0.1',
    ),
    ({f'{SCHEDULE}': MULTI_STEP}, f'{SCHEDULE}.milestones: is missing; MultiStepLR needs it'),
    ({f'{SCHEDULE}.gama': 0.1}, f"{SCHEDULE}: CosineAnnealingLR has no argument 'gama'"),
    ({f'{SCHEDULE}.begin': 5}, f'{SCHEDULE}.end: must be above begin = 5, got 2'),
    ({f'{SAVE}.interval': 0}, f'{SAVE}.interval: must be a whole number above 0, or -1, got 0'),
    ({f'{SAVE}.interval': 0.5}, f'{SAVE}.interval: must be'),
    ({f'{SAVE}.max_keep_ckpts': 0}, f'{SAVE}.max_keep_ckpts: must be a whole number above 0, or -1, got 0'),
    ({f'{SAVE}.every': 1}, f"{SAVE}: SafeCheckpointHook has no argument 'every'"),
    ({SAVE: dict(interval=-1, save_last=False)}, f'{SAVE}.interval: is -1, save_last False'),
    ({'default_hooks.checkpont': dict(interval=3)}, 'default_hooks.checkpont: is none of the default hooks; did you'),
    ({'custom_hooks': [dict(EMA, momentum=2)]}, 'custom_hooks[0].momentum: must be a number in (0, 1), got 2'),
    ({'custom_hooks': [dict(EMA, decay=False)]}, "custom_hooks[0]: ExponentialMovingAverage has no argument 'decay'"),
    ({'custom_hooks': [dict(EMA, begin_iter=1, begin_epoch=1)]}, 'custom_hooks[0].begin_epoch: cannot be given'),
    ({'custom_hooks': [dict(STOPPING, patience=0)]}, 'custom_hooks[0].patience: must be a whole number above 0'),
    ({'custom_hooks': [dict(STOPPING, rule='max')]}, "custom_hooks[0].rule: must be 'greater' or 'less', got 'max'"),
    ({'custom_hooks.0.priority': 'TOP'}, 'custom_hooks[0].priority: must be a whole number from 0 to 100 or one of'),
    ({'custom_hooks': ['EMAHook']}, "custom_hooks[0]: must be a dict, got 'EMAHook'"),
    ({'optim_wrapper.accumulative_counts': 0}, 'optim_wrapper.accumulative_counts: must be a whole number above 0'),
    ({'optim_wrapper.clip_grad': dict(max_norm=-1)}, 'optim_wrapper.clip_grad.max_norm: must be a number above 0'),
    ({'optim_wrapper.clip_grad': dict(norm=1)}, "optim_wrapper.clip_grad: unknown entry 'norm'"),
    ({PARAMWISE: dict(nodes=dict(net1=dict(lr_mult=2)))}, f"{PARAMWISE}.nodes.net1: unknown entry 'lr_mult'"),
    ({PARAMWISE: dict(nodes=dict(net1=dict(lr=-2)))}, f'{PARAMWISE}.nodes.net1.lr: must be a number, at least 0'),
    ({PARAMWISE: dict(bias_lr_mult=2)}, f"{PARAMWISE}: unknown entry 'bias_lr_mult'"),
    ({'randomness.seed': 2**32}, 'randomness.seed: must be below 2**32'),
    ({'randomness.sead': 1}, "randomness: unknown entry 'sead'; did you mean 'seed'?"),
    ({'log_level': 'LOUD'}, "log_level: must be a level of logging, such as 'INFO' or 'WARNING', got 'LOUD'"),
    ({'load_from': 5}, 'load_from: must be a text or None, got 5'),
    ({'resume': 'yes'}, "resume: must be True or False, got 'yes'"),
    ({'env_cfg.mp_cfg.mp_start_method': 'thread'}, 'env_cfg.mp_cfg.mp_start_method: must be '),
    ({'env_cfg.mp': 1}, "env_cfg: unknown entry 'mp'"),
    ({'env_cfg.dist_cfg.backend': 'ncll'}, "env_cfg.dist_cfg.backend: unknown backend 'ncll'; did you mean 'nccl'?"),
    ({'auto_scale_lr': dict(enable=True)}, 'auto_scale_lr.base_batch_size: is missing'),
    ({'val_evaluator.metric.topk': (1, 50)}, 'val_evaluator.metric.topk: there are 10 classes, got (1, 50)'),
    ({'val_evaluator.metric.topk': 0}, 'val_evaluator.metric.topk: must be a whole number above 0'),
    ({'val_evaluator.nodes': 'net1'}, "val_evaluator.nodes: must be a list of texts or None, got 'net1'"),
    ({'data_preprocessor.std': [-1.0]}, 'data_preprocessor.std: must be a number above 0, or a list of such'),
    ({'data_preprocessor.std': [1.0, 1.0]}, 'data_preprocessor.std: must have as many numbers as mean, 1'),
    ({'log_processor.custom_cfg.0.method': 1}, "log_processor.custom_cfg[0]: unknown entry 'method'"),
    ({'visualizer.vis_backends.0.type': 'Board'}, 'visualizer.vis_backends[0].type: unknown backend of a visualizer'),
    ({'model_wrapper_cfg.find_unused': True}, 'model_wrapper_cfg: GraphDistributedDataParallel has no argument'),
    ({'model.nodes.net1.network.backbone.depth': '8'}, 'model.nodes.net1.network.backbone.depth: must be a whole'),
    ({f'{OPT}.maximize': True}, f'{OPT}.maximize: must be False, got True'),
    ({OPT: dict(_delete_=True, type='Rprop', etas=(1.5, 1.2))}, f'{OPT}.etas: Rprop: Invalid eta values: 1.5, 1.2'),
    ({OPT: dict(_delete_=True, type='LARS', lr=1, eta=-1)}, f'{OPT}.eta: must be a number above 0, got -1'),
    ({OPT: dict(_delete_=True, type='Lamb', max_grad_norm=-1)}, f'{OPT}.max_grad_norm: must be a number above 0'),
    ({f'{SCHEDULE}': dict(MULTI_STEP, milestones=[])}, f'{SCHEDULE}.milestones: names no step'),
    ({f'{SCHEDULE}': dict(MULTI_STEP, milestones=[9], begin=2)}, f'{SCHEDULE}.begin: must be below the length of'),
    ({f'{SCHEDULE}.last_step': 3}, f'{SCHEDULE}.last_step: must be -1, got 3'),
    ({'val_cfg.type': 'TestLoop'}, 'val_cfg.type: TestLoop belongs into test_cfg'),
    ({f'{SCHEDULE}': dict(_delete_=True, type='LinearLR', start_factor=0)}, f'{SCHEDULE}.start_factor: must be a'),
    (
        {f'{SCHEDULE}': dict(_delete_=True, type='CosineAnnealingMomentum', T_max=1, eta_min=1.5)},
        f'{SCHEDULE}.eta_min: must be a number in [0, 1), got 1.5',
    ),
    ({'custom_hooks': [dict(EMA, begin_epoch=50)]}, 'custom_hooks[0].begin_epoch: must be at most max_epochs ='),
    ({f'{SAVE}.filename_tmpl': 'epoch.pth'}, f'{SAVE}.filename_tmpl: must have a place for the epoch'),
    (
        {'default_hooks.timer': dict(type='LoggerHook')},
        'default_hooks.timer.type: LoggerHook belongs into default_hook',
    ),
    ({'default_hooks.logger': 'LoggerHook'}, "default_hooks.logger: must be a dict, got 'LoggerHook'"),
    (
        {'default_hooks.visualization': dict(type='VisualizationHook', enabled=True)},
        "default_hooks.visualization: VisualizationHook has no argument 'enabled'; did you mean 'enable'?",
    ),
    (
        {'custom_hooks': [dict(type='SetAdaptiveMarginsHook')]},
        'custom_hooks[0].type: SetAdaptiveMarginsHook is not',
    ),
    ({'custom_hooks': [dict(PROFILER, on_trace_ready=dict(type='log'))]}, 'custom_hooks[0].on_trace_ready.type: must'),
    ({'custom_hooks': [dict(PROFILER, schedule=dict(wait=-1))]}, 'custom_hooks[0].schedule.wait: must be a whole'),
    ({'custom_hooks': [dict(PROFILER, profile_times=0)]}, 'custom_hooks[0].profile_times: must be a whole number'),
    ({'custom_hooks': [dict(RECIPES, schedule={})]}, 'custom_hooks[0].schedule: must be a list of dicts'),
    ({'custom_hooks': [dict(RECIPES, schedule=[dict(epoch=1)])]}, "custom_hooks[0].schedule[0]: unknown entry 'epoch'"),
    (
        {'custom_hooks': [dict(RECIPES, schedule=[dict(action_epoch=0)])]},
        'custom_hooks[0].schedule[0].action_epoch: must be a whole number above 0, got 0',
    ),
    (
        {'custom_hooks': [dict(RECIPES, schedule=[dict(action_epoch=1, loss={})])]},
        'custom_hooks[0].schedule[0].loss: cannot be switched',
    ),
    (
        {'custom_hooks': [dict(RECIPES, schedule=[dict(action_epoch=1, batch_augments=dict(augments=[]))])]},
        'custom_hooks[0].schedule[0].batch_augments: needs data_preprocessor.batch_augments',
    ),
    ({'val_evaluator': []}, 'val_evaluator: is empty: nothing would be measured'),
    ({'val_evaluator.nodes': []}, 'val_evaluator.nodes: names no node; leave it out for all of them'),
    ({METRIC: dict(_delete_=True, type='ConfusionMatrix', num_classes=5)}, f'{METRIC}.num_classes: there are 10'),
    ({'compile': dict(mode='max-auto')}, 'compile: Unrecognized mode=max-auto'),
    (
        {
            'train_cfg': dict(ITERATIONS),
            SCHEDULE: None,
            f'{SAVE}.by_epoch': False,
            'custom_hooks': [dict(EMA, begin_epoch=1)],
        },
        'custom_hooks[0].begin_epoch: is never reached in a loop over iterations; give begin_iter',
    ),
    (
        {'train_cfg': dict(ITERATIONS), SCHEDULE: None, f'{SAVE}.by_epoch': True},
        f'{SAVE}.by_epoch: must be False in a loop over iterations',
    ),
    # Loaders.
    ({f'{TRAIN}.sampler': dict(_delete_=True, type='RepeatAugSampler', num_repeats=0)}, f'{TRAIN}.sampler.num_repeats'),
    (
        {f'{TRAIN}.dataset': dict(_delete_=True, type='KFoldDataset', fold=5, dataset=dict(type='Digits'))},
        f'{TRAIN}.dataset.fold: must be below num_splits = 5, got 5',
    ),
    (
        {f'{TRAIN}.dataset': dict(_delete_=True, type='ClassBalancedDataset', oversample_thr=-1.0, dataset={})},
        f'{TRAIN}.dataset.oversample_thr: must be a number in (0, 1], got -1.0',
    ),
    ({f'{TRAIN}.num_workers': -1}, f'{TRAIN}.num_workers: must be a whole number, at least 0, got -1'),
    ({f'{TRAIN}.persistent_workers': True}, f'{TRAIN}.persistent_workers: needs {TRAIN}.num_workers above 0'),
    ({f'{TRAIN}.prefetch_factor': 2}, f'{TRAIN}.prefetch_factor: needs {TRAIN}.num_workers above 0'),
    ({f'{TRAIN}.timeout': 5}, f'{TRAIN}.timeout: needs {TRAIN}.num_workers above 0'),
    ({f'{TRAIN}.shuffle': True}, f'{TRAIN}.shuffle: is not read beside a sampler; set {TRAIN}.sampler.shuffle'),
    ({f'{TRAIN}.drop_last': 'no'}, f'{TRAIN}.drop_last: must be True or False'),
    ({f'{TRAIN}.sampler': 'SeededSampler'}, f"{TRAIN}.sampler: must be a dict with a 'type', got 'SeededSampler'"),
    ({f'{TRAIN}.collate_fn.type': 'stack'}, f"{TRAIN}.collate_fn.type: unknown function 'stack'"),
    ({f'{TRAIN}.dataset.indices': 0}, f'{TRAIN}.dataset.indices: leaves no sample'),
    ({f'{TRAIN}.dataset.indices': 0.5}, f'{TRAIN}.dataset.indices: must be a whole number or a list'),
    ({f'{TRAIN}.dataset.data_rot': 'x'}, f"{TRAIN}.dataset: Digits has no argument 'data_rot'"),
    ({f'{TRAIN}.dataset.pipeline': [dict(type='RandomFlip', prob=2), PACK]}, f'{TRAIN}.dataset.pipeline[0].prob: '),
    (
        {f'{TRAIN}.dataset.pipeline': [dict(type='RandomApply', transforms=[dict(type='Flip')]), PACK]},
        f"{TRAIN}.dataset.pipeline[0].transforms[0].type: unknown step of a pipeline 'Flip'",
    ),
    (
        {f'{TRAIN}.dataset': dict(_delete_=True, type='ConcatDataset', datasets=[dict(type='Digits', size=1)])},
        f"{TRAIN}.dataset.datasets[0]: Digits has no argument 'size'",
    ),
    # What belongs together.
    ({'val_evaluator': None}, 'val_evaluator: is missing beside val_dataloader and val_cfg; give all of'),
    ({'train_cfg': None}, 'train_cfg: is missing beside train_dataloader and optim_wrapper'),
    ({'train_dataloader': 'digits'}, "train_dataloader: must be a dict or None, got 'digits'"),
    ({'default_hooks': []}, 'default_hooks: must be a dict or None, got []'),
    ({'model': None}, 'model: must be a dict, got None'),
    ({'model.type': 'ImageClassifier'}, 'model.type: must be KnowledgeTransferGraph'),
    (
        {'train_cfg': dict(_delete_=True, by_epoch=False, max_iters=4), SCHEDULE: dict(convert_to_iter_based=False)},
        f'{SCHEDULE}.by_epoch: must be False in a loop over iterations',
    ),
]


@pytest.mark.parametrize(('changes', 'message'), VALUES, ids=[message.split(' ')[0] for _, message in VALUES])
def test_values(tiny_config, changes, message):
    cfg = tiny_config()
    for key, value in changes.items():
        cfg.merge_from_dict({key: value}) if isinstance(value, dict) or '.' in key else cfg.update({key: value})
    with pytest.raises(ConfigError) as caught:
        check_config(cfg)
        check_together(cfg)
    assert str(caught.value).startswith(message)


def test_what_a_run_needs(tiny_config):
    changes = {'train_cfg': dict(_delete_=True, type='IterBasedTrainLoop'), f'{SAVE}.by_epoch': False}
    check_config(cfg := tiny_config(changes))
    with pytest.raises(ConfigError, match=r'^train_cfg.max_iters: is missing; IterBasedTrainLoop needs it'):
        check_together(cfg)
    with pytest.raises(ConfigError, match=r'^model: is missing; a config describes a graph'):
        check_is_there(load_config(CONFIGS / '_base_/datasets/digits.py'), 'train')
    with pytest.raises(ConfigError, match=r'^test_cfg: is missing; there is nothing to test'):
        check_is_there(tiny_config({'test_cfg': None}), 'test')


def test_values_that_are_right(tiny_config):
    for changes in (
        {f'{TRAIN}.num_workers': 1, f'{TRAIN}.persistent_workers': True, f'{TRAIN}.prefetch_factor': 2},
        {'optim_wrapper': dict(type='AmpOptimWrapper', loss_scale=512.0, clip_grad=dict(max_norm=5, norm_type='inf'))},
        {'optim_wrapper': dict(clip_grad=dict(type='value', clip_value=1.0), accumulative_counts=2)},
        {OPT: dict(_delete_=True, type='AdamW', lr=1e-3, betas=[0.9, 0.95])},
        {f'{OPT}.lr': 0.0, PARAMWISE: dict(nodes=dict(net1=dict(lr=0.1)))},
        {'custom_hooks': [dict(EMA, momentum=0.01, priority='ABOVE_NORMAL'), dict(STOPPING, rule='greater')]},
        {OPT: dict(_delete_=True, type='TorchAdafactor', lr=0.01, eps=(None, 1e-3))},
        {'default_hooks.pictures': dict(type='VisualizationHook', enable=True, resize=(64, 64))},
        {SAVE: dict(interval=-1, max_keep_ckpts=-1)},
        {'custom_hooks': [dict(RECIPES, schedule=[dict(action_epoch=2, train_pipeline=[PACK], batch_augments=None)])]},
        {'custom_hooks': [dict(PROFILER, on_trace_ready=dict(type='log_trace'), schedule=dict(wait=1, active=1))]},
        {'val_evaluator.metric.thrs': (None, 0.3)},
        {'val_evaluator': [dict(type='NodeMetric', nodes=['net1']), dict(type='NodeMetric')]},
        {'log_level': 10, 'randomness.seed': 2**32 - 1, 'auto_scale_lr': dict(base_batch_size=64)},
        {'env_cfg.dist_cfg.backend': 'cpu:gloo,cuda:nccl', 'compile': dict(backend='eager')},
        {SCHEDULE: [dict(type='LinearLR', start_factor=0.1, end=1), dict(type='StepLR', step_size=1, begin=1)]},
        {'default_hooks.pictures': dict(type='EmptyCacheHook'), 'default_hooks.timer': None},
    ):
        check_config(tiny_config(changes))


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
