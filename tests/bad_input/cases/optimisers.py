"""Mistakes in the optimiser and its wrapper."""

OPT, WRAP = 'optim_wrapper.optimizer', 'optim_wrapper'


def _optimizer(text: str, says: str):
    return dict(config=f'optim_wrapper = dict(optimizer=dict(_delete_=True, {text}))', says=f'{OPT}{says}')


def _default(text: str, says: str):
    constructor = 'constructor="DefaultOptimWrapperConstructor"'
    return dict(config=f'optim_wrapper = dict({constructor}, {text})', says=f'{WRAP}{says}')


CASES = [
    dict(options=[f'{OPT}.lr=-1'], says=f'{OPT}.lr: must be a number, at least 0'),
    dict(options=[f'{OPT}.lr=high'], says=f'{OPT}.lr'),
    dict(options=[f'{OPT}.lr=True'], says=f'{OPT}.lr'),
    dict(config="optim_wrapper = dict(optimizer=dict(lr='0.1'))", says=f'{OPT}.lr'),
    dict(config="optim_wrapper = dict(optimizer=dict(lr=float('nan')))", says=f'{OPT}.lr'),
    dict(config="optim_wrapper = dict(optimizer=dict(lr=float('inf')))", says=f'{OPT}.lr'),
    dict(config='optim_wrapper = dict(optimizer=dict(lr=None))', says=f'{OPT}.lr'),
    dict(options=[f'{OPT}.lr=[0.1]'], says=f'{OPT}.lr'),
    dict(options=[f'{OPT}.momentum=2'], says=f'{OPT}.momentum'),
    dict(options=[f'{OPT}.momentum=-0.9'], says=f'{OPT}.momentum'),
    dict(options=[f'{OPT}.momentum=1.0'], says=f'{OPT}.momentum'),
    dict(options=[f'{OPT}.momentum=0'], says=f'{OPT}.nesterov: needs a momentum'),
    dict(options=[f'{OPT}.dampening=0.1'], says=f'{OPT}.nesterov: needs a momentum above 0, and no dampening'),
    dict(options=[f'{OPT}.weight_decay=-0.01'], says=f'{OPT}.weight_decay'),
    dict(config="optim_wrapper = dict(optimizer=dict(weight_decay='1e-4'))", says=f'{OPT}.weight_decay'),
    dict(options=[f'{OPT}.nesterov=yes'], says=f'{OPT}.nesterov: must be True or False'),
    dict(options=[f'{OPT}.learning_rate=0.1'], says=f'{OPT}: SGD has no argument'),
    dict(options=[f'{OPT}.wd=0.1'], says=f'{OPT}: SGD has no argument'),
    dict(options=[f'{OPT}.params=1'], says=f'{OPT}'),
    dict(options=[f'{OPT}.type=sgd'], says=f'{OPT}.type: unknown optimizer'),
    dict(options=[f'{OPT}=SGD'], says=f'{OPT}: must be'),
    dict(config='optim_wrapper = dict(optimizer=None)', says=f'{OPT}: must be'),
    dict(config="optim_wrapper = dict(_delete_=True, type='OptimWrapper')", says=f'{OPT}: must be'),
    dict(config='optim_wrapper = dict(optimizer=dict(_delete_=True, lr=0.1))', says=f'{OPT}: must be'),
    *(
        dict(
            config=f"optim_wrapper = dict(_delete_=True, {constructor}optimiser=dict(type='SGD', lr=0.1))",
            says=f"{WRAP}: unknown entry 'optimiser'; did you mean 'optimizer'?",
        )
        for constructor in ('', "constructor='NodeOptimWrapperConstructor', ")
    ),
    _optimizer("type='Adam', betas=0.9", '.betas'),
    _optimizer("type='Adam', betas=(0.9, 1.1)", '.betas'),
    _optimizer("type='Adam', betas=(0.9,)", '.betas'),
    _optimizer("type='Adam', betas=('0.9', '0.99')", '.betas'),
    _optimizer("type='Adam', eps=-1e-8", '.eps'),
    _optimizer("type='Adam', momentum=0.9", ': Adam has no argument'),
    _optimizer("type='AdamW', amsgrad='no'", '.amsgrad'),
    _optimizer("type='AdamW', lr=1e-3, weight_decay=-5", '.weight_decay'),
    _optimizer("type='RMSprop', alpha=2", '.alpha'),
    _optimizer("type='Adagrad', lr_decay=-1", '.lr_decay'),
    _optimizer("type='Adadelta', rho=1.5", '.rho'),
    # The wrapper.
    dict(options=[f'{WRAP}.type=OptimWraper'], says=f'{WRAP}.type: unknown optim_wrapper'),
    dict(options=[f'{WRAP}.optimiser.lr=1'], says=f'{WRAP}: OptimWrapper has no argument'),
    dict(options=[f'{WRAP}.accumulative_counts=0'], says=f'{WRAP}.accumulative_counts'),
    dict(options=[f'{WRAP}.accumulative_counts=1.5'], says=f'{WRAP}.accumulative_counts'),
    dict(options=[f'{WRAP}.accumulative_counts=two'], says=f'{WRAP}.accumulative_counts'),
    dict(options=[f'{WRAP}.accumulate=2'], says=f'{WRAP}: OptimWrapper has no argument'),
    dict(options=[f'{WRAP}.clip_grad=1.0'], says=f'{WRAP}.clip_grad: must be a dict'),
    dict(config='optim_wrapper = dict(clip_grad={})', says=f'{WRAP}.clip_grad.max_norm: is missing'),
    dict(options=[f'{WRAP}.clip_grad.max_norm=-1'], says=f'{WRAP}.clip_grad.max_norm'),
    dict(options=[f'{WRAP}.clip_grad.max_norm=0'], says=f'{WRAP}.clip_grad.max_norm'),
    dict(options=[f'{WRAP}.clip_grad.max_norm=big'], says=f'{WRAP}.clip_grad.max_norm'),
    dict(options=[f'{WRAP}.clip_grad.norm=1'], says=f'{WRAP}.clip_grad: unknown entry'),
    dict(options=[f'{WRAP}.clip_grad.max_norm=1', f'{WRAP}.clip_grad.norm_type=0'], says='clip_grad.norm_type'),
    dict(options=[f'{WRAP}.clip_grad.max_norm=1', f'{WRAP}.clip_grad.type=both'], says='clip_grad.type'),
    dict(options=[f'{WRAP}.clip_grad.clip_value=1'], says=f'{WRAP}.clip_grad: unknown entry'),
    dict(options=[f'{WRAP}.clip_grad.type=value', f'{WRAP}.clip_grad.max_norm=1'], says=f'{WRAP}.clip_grad'),
    dict(options=[f'{WRAP}.clip_grad.type=value', f'{WRAP}.clip_grad.clip_value=-1'], says='clip_grad.clip_value'),
    dict(
        options=[f'{WRAP}.clip_grad.max_norm=1', f'{WRAP}.clip_grad.error_if_nonfinite=yes'], says='error_if_nonfinite'
    ),
    dict(options=[f'{WRAP}.type=AmpOptimWrapper', f'{WRAP}.loss_scale=-1'], says=f'{WRAP}.loss_scale'),
    dict(options=[f'{WRAP}.type=AmpOptimWrapper', f'{WRAP}.loss_scale=auto'], says=f'{WRAP}.loss_scale'),
    dict(options=[f'{WRAP}.type=AmpOptimWrapper', f'{WRAP}.dtype=half'], says=f'{WRAP}.dtype'),
    dict(options=[f'{WRAP}.type=AutocastOptimWrapper', f'{WRAP}.loss_scale=1'], says=f'{WRAP}'),
    dict(options=[f'{WRAP}.constructor=NodeConstructor'], says=f'{WRAP}.constructor.type: unknown constructor'),
    # Options of nodes.
    dict(options=[f'{WRAP}.paramwise_cfg.nodes.net9.lr=1'], says=f'{WRAP}.paramwise_cfg.nodes.net9'),
    dict(options=[f'{WRAP}.paramwise_cfg.nodes.ensemble.lr=1'], says=f'{WRAP}.paramwise_cfg.nodes.ensemble'),
    dict(options=[f'{WRAP}.paramwise_cfg.nodes.net1.lr=-1'], says=f'{WRAP}.paramwise_cfg.nodes.net1.lr'),
    dict(options=[f'{WRAP}.paramwise_cfg.nodes.net1.lr=low'], says=f'{WRAP}.paramwise_cfg.nodes.net1.lr'),
    dict(options=[f'{WRAP}.paramwise_cfg.nodes.net1.lr_mult=2'], says=f'{WRAP}.paramwise_cfg.nodes.net1: unknown'),
    dict(options=[f'{WRAP}.paramwise_cfg.nodes.net1=0.1'], says=f'{WRAP}.paramwise_cfg.nodes.net1: must be a dict'),
    dict(options=[f'{WRAP}.paramwise_cfg.nodes=net1'], says=f'{WRAP}.paramwise_cfg.nodes'),
    dict(options=[f'{WRAP}.paramwise_cfg.node.net1.lr=1'], says=f'{WRAP}.paramwise_cfg: unknown entry'),
    dict(options=[f'{WRAP}.paramwise_cfg.norm_decay_mult=0'], says=f'{WRAP}.paramwise_cfg: unknown entry'),
    dict(options=[f'{WRAP}.paramwise_cfg=0.1'], says=f'{WRAP}.paramwise_cfg: must be a dict'),
    _default('paramwise_cfg=dict(nodes=dict(net1=dict(lr=1)))', '.paramwise_cfg: unknown entry'),
    _default('paramwise_cfg=dict(bias_lr_mult=-1)', '.paramwise_cfg.bias_lr_mult'),
    _default('paramwise_cfg=dict(norm_decay=0)', '.paramwise_cfg: unknown entry'),
    _default('paramwise_cfg=dict(custom_keys=dict(backbone=0.1))', '.paramwise_cfg.custom_keys.backbone'),
    _default('paramwise_cfg=dict(custom_keys=dict(head=dict(lr=0.1)))', '.paramwise_cfg.custom_keys.head'),
    _default('paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=-1)))', '.paramwise_cfg.custom_keys.head.lr_mult'),
    _default('paramwise_cfg=dict(custom_keys=["head"])', '.paramwise_cfg.custom_keys'),
    _default('paramwise_cfg=dict(custom_keys=dict(haed=dict(lr_mult=10)))', '.paramwise_cfg.custom_keys.haed'),
    # Scaled rates.
    dict(config='auto_scale_lr = dict(enable=True)', says='auto_scale_lr.base_batch_size: is missing'),
    dict(config='auto_scale_lr = dict(enable=True, base_batch_size=0)', says='auto_scale_lr.base_batch_size'),
    dict(config="auto_scale_lr = dict(enable='yes', base_batch_size=64)", says='auto_scale_lr.enable'),
    dict(config='auto_scale_lr = dict(enabled=True, base_batch_size=64)', says='auto_scale_lr: unknown entry'),
    dict(config='auto_scale_lr = True', says='auto_scale_lr: must be a dict'),
    dict(options=['optim_wrapper.optimizer.maximize=True'], says=f'{OPT}.maximize'),
    _optimizer("type='Lamb', lr=1e-3, max_grad_norm=-1.0", '.max_grad_norm'),
    _optimizer("type='LARS', lr=1e-3, eta=-1", '.eta'),
    _optimizer("type='Rprop', lr=1e-2, etas=(1.5, 1.2)", '.etas'),
    _optimizer("type='SparseAdam', lr=1e-3", ': SparseAdam does not support dense gradients'),
    dict(config="compile = dict(mode='max-auto')", says='compile: '),
]
