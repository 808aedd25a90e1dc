"""Mistakes in an update's phases, their optimisers and schedules, and in adversarial losses."""

AFD = 'configs/afd/afd_2node_digits.py'
PHASES = 'model.update.phases'
SGD = "dict(optimizer=dict(type='SGD', lr=0.1))"
FEATURES = 'net2->net1:features'


def _afd(config, says):
    return dict(base=AFD, config=config, says=says)


def _phases(phases, says):
    return _afd(f'model = dict(update=dict(phases={phases}))', f'{PHASES}{says}')


def _loss(arguments, says):
    return _afd(
        f'model = dict(edges={{{FEATURES!r}: dict(loss=dict({arguments}))}})', f'model.edges[{FEATURES!r}].loss{says}'
    )


CASES = [
    # Edges.
    _phases(
        "[dict(name='logits', edges='*'), dict(name='features', edges='*:hints')]", '.features: no edge that teaches'
    ),
    _phases("[dict(name='logits', edges='label->*'), dict(name='features', edges='*:features')]", ': no phase matches'),
    # The last one that matches has all.
    _phases("[dict(name='features', edges='*:features'), dict(name='logits', edges='*')]", '.features: no edge that'),
    _phases('[]', ': must be a list'),
    _afd("model = dict(update=dict(_delete_=True, type='SuccessiveUpdate', phases=dict(logits='*')))", PHASES),
    _phases("'*'", ': must be a list'),
    _phases("[dict(name='logits')]", ': must be dicts'),
    _phases("[dict(name='logits', edges='*', lr=0.1)]", ': must be dicts'),
    _phases("[dict(name='logits', edges=3)]", ': must have edges'),
    _phases("[dict(name='two words', edges='*')]", ': must have names'),
    _phases("[dict(name='type', edges='*')]", ': must have names'),
    _phases("[dict(name='logits', edges='*'), dict(name='logits', edges='*:features')]", ': must have names that'),
    _afd("model = dict(update=dict(_delete_=True, type='SuccessiveUpdate'))", PHASES),
    _afd("model = dict(update=dict(order=['logits']))", 'model.update: SuccessiveUpdate has no argument'),
    # Of which all edges are cut.
    _afd(
        'model = dict(edges={key: dict(gate=dict(type="CutoffGate")) for key in '
        "['net1->net2:features', 'net2->net1:features']})",
        f'{PHASES}.features: no edge that teaches is of it',
    ),
    # Optimisers.
    _afd(f'optim_wrapper = dict(hints={SGD})', 'optim_wrapper.hints: is an optimiser of no phase'),
    _afd(
        f'optim_wrapper = dict(_delete_=True, constructor="NodeOptimWrapperConstructor", logits={SGD})',
        'optim_wrapper.features: is missing',
    ),
    _afd(
        'optim_wrapper = dict(_delete_=True, constructor="NodeOptimWrapperConstructor", optimizer=dict(type="SGD", '
        'lr=0.1))\nparam_scheduler = dict(_delete_=True, type="MultiStepLR", milestones=[2])',
        'optim_wrapper: must have an optimiser for each phase',
    ),
    dict(
        config=f'optim_wrapper = dict(_delete_=True, constructor="NodeOptimWrapperConstructor", logits={SGD})',
        says='optim_wrapper.logits: is an optimiser of no phase',
    ),
    _afd('optim_wrapper = dict(optimizer=dict(lr=0.1))', 'optim_wrapper.optimizer: stands beside phases'),
    _afd('optim_wrapper = dict(constructor="DefaultOptimWrapperConstructor")', 'optim_wrapper.constructor: must be'),
    _afd('optim_wrapper = dict(features=dict(optimizer=dict(lr=-1)))', 'optim_wrapper.features.optimizer.lr: must'),
    _afd('optim_wrapper = dict(features=dict(optimizer=dict(lr=0)))', 'optim_wrapper.features.optimizer.lr: is 0'),
    _afd('optim_wrapper = dict(features=dict(optimizer=dict(momentum=0.9)))', 'optim_wrapper.features.optimizer: Adam'),
    _afd('optim_wrapper = dict(features=dict(optimizer=dict(type="Adem")))', 'optim_wrapper.features.optimizer.type'),
    _afd('optim_wrapper = dict(features=dict(_delete_=True, lr=0.1))', 'optim_wrapper.features'),
    _afd(
        'optim_wrapper = dict(features=dict(_delete_=True, type="SGD", lr=0.1))',
        "optim_wrapper: unknown entry 'features'; did you mean 'optimizer'?",
    ),
    _afd('optim_wrapper = dict(features=dict(accumulative_counts=2))', "optim_wrapper.features: unknown entry 'accumu"),
    _afd(
        'optim_wrapper = dict(features=dict(type="AutocastOptimWrapper"))',
        "optim_wrapper.features: unknown entry 'type'",
    ),
    _afd('optim_wrapper = dict(accumulative_counts=0)', 'optim_wrapper.accumulative_counts: must be'),
    _afd('optim_wrapper = dict(features=dict(clip_grad=dict(max_norm="1")))', 'optim_wrapper.features.clip_grad'),
    _afd('optim_wrapper = dict(clip_grad=dict(maxnorm=1))', 'optim_wrapper.clip_grad'),
    _afd('optim_wrapper = dict(paramwise_cfg=dict(nodes=dict()))', 'optim_wrapper.paramwise_cfg: belongs into a phase'),
    _afd(
        'optim_wrapper = dict(features=dict(paramwise_cfg=dict(nodes=dict(net3=dict(lr=0.1)))))',
        "optim_wrapper.features.paramwise_cfg.nodes.net3: is no node that learns; did you mean 'net",
    ),
    _afd(
        'optim_wrapper = dict(features=dict(paramwise_cfg=dict(edges=dict(momentum=0.5))))',
        "optim_wrapper.features.paramwise_cfg.edges: unknown entry 'momentum'",
    ),
    _afd(
        'optim_wrapper = dict(features=dict(paramwise_cfg=dict(edges=0.5)))',
        'optim_wrapper.features.paramwise_cfg.edges: must be a dict',
    ),
    # Schedules.
    _afd(
        'param_scheduler = dict(_delete_=True, logits=dict(type="MultiStepLR", milestones=[2]))',
        'param_scheduler.features: is missing',
    ),
    _afd(
        'param_scheduler = dict(_delete_=True, features=None, logits=[])', 'param_scheduler.features: is None; must be'
    ),
    _afd('param_scheduler = dict(hints=dict(type="MultiStepLR", milestones=[2]))', 'param_scheduler.hints: is a'),
    _afd('param_scheduler = dict(features=dict(milestones=[3, 2]))', 'param_scheduler.features.milestones: must'),
    _afd('param_scheduler = dict(features=[dict(type="StepLR")])', 'param_scheduler.features[0].step_size: is missing'),
    _afd('param_scheduler = dict(features=dict(type="MultiStep"))', 'param_scheduler.features.type'),
    # Losses.
    _afd(
        f'model = dict(edges={{{FEATURES!r}: dict(detach=False)}})', f'model.edges[{FEATURES!r}].detach: must be True'
    ),
    _loss('size=3', ': size must be that of the maps, 2 x 2, got 3'),
    _loss('size=0', '.size: must be a whole number'),
    _loss('size="2"', '.size: must be a whole number'),
    _loss('layers="embedding"', '.layers'),
    _loss('layers=["map", "backbone.layer2"]', '.layers: must be one at each end'),
    _loss('norm_cfg=dict(type="BM")', '.norm_cfg'),
    _loss('norm_cfg="BN"', '.norm_cfg'),
    _loss('temperature=2', ': AFD has no argument'),
    _loss('_delete_=True, type="FeatureL1", layers="embedding"', '.layers'),
    _loss('_delete_=True, type="FeatureL1", norm_cfg=dict(type="GN")', '.norm_cfg'),
]
