"""Mistakes in the loops, and in what belongs together."""

ITERATIONS = "train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=4, val_interval=2)\n"
STEPS = "param_scheduler = dict(_delete_=True, type='ConstantLR', by_epoch=False)\n"
EPOCHS = "param_scheduler = dict(_delete_=True, type='CosineAnnealingLR')\n"
SAVING = 'default_hooks = dict(checkpoint=dict(by_epoch=False, interval=2))\n'

CASES = [
    dict(options=['train_cfg.max_epochs=0'], says='train_cfg.max_epochs'),
    dict(options=['train_cfg.max_epochs=2.5'], says='train_cfg.max_epochs'),
    dict(options=['train_cfg.max_epochs=True'], says='train_cfg.max_epochs'),
    dict(config='train_cfg = dict(max_epochs=None)', says='train_cfg.max_epochs'),
    dict(options=['train_cfg.max_epochs=-3'], says='train_cfg.max_epochs'),
    dict(config='train_cfg = dict(_delete_=True, by_epoch=True)', says='train_cfg.max_epochs: is missing'),
    dict(config='train_cfg = dict(_delete_=True, by_epoch=False)', says='default_hooks.checkpoint.by_epoch'),
    dict(options=['train_cfg.max_iters=100'], says='train_cfg: EpochBasedTrainLoop has no argument'),
    dict(options=['train_cfg.epochs=3'], says='train_cfg: EpochBasedTrainLoop has no argument'),
    dict(options=['train_cfg.val_interval=0'], says='train_cfg.val_interval'),
    dict(options=['train_cfg.val_interval=0.5'], says='train_cfg.val_interval'),
    dict(options=['train_cfg.val_interval=-1'], says='train_cfg.val_interval'),
    dict(options=['train_cfg.val_begin=-1'], says='train_cfg.val_begin'),
    dict(options=['train_cfg.val_begin=first'], says='train_cfg.val_begin'),
    dict(options=['train_cfg.dynamic_intervals=5'], says='train_cfg.dynamic_intervals'),
    dict(config='train_cfg = dict(dynamic_intervals=[2, 1])', says='train_cfg.dynamic_intervals'),
    dict(config='train_cfg = dict(dynamic_intervals=[(2, 0)])', says='train_cfg.dynamic_intervals'),
    dict(options=['train_cfg.by_epoch=no'], says='train_cfg.by_epoch'),
    dict(options=['train_cfg.type=EpochLoop'], says='train_cfg.type: unknown loop'),
    dict(options=['train_cfg.dataloader=1'], says='train_cfg'),
    dict(config=f'{STEPS}{SAVING}train_cfg = dict(_delete_=True, by_epoch=False, max_iters=0)', says='max_iters'),
    dict(config=f"{STEPS}{SAVING}train_cfg = dict(_delete_=True, by_epoch=False, max_iters='4')", says='max_iters'),
    dict(config=f'{ITERATIONS}{SAVING}{EPOCHS}', says='param_scheduler.by_epoch: must be False'),
    dict(config=f'{ITERATIONS}{STEPS}{SAVING}train_cfg.update(max_epochs=3)', says='train_cfg: IterBasedTrainLoop'),
    dict(options=['val_cfg.fp16=yes'], says='val_cfg.fp16: must be True or False'),
    dict(options=['val_cfg.interval=2'], says='val_cfg: ValLoop has no argument'),
    dict(options=['test_cfg.type=TestLop'], says='test_cfg.type: unknown loop'),
    dict(options=['test_cfg.fp16=1'], says='test_cfg.fp16'),
    dict(config='val_cfg = None', says='val_cfg: is missing beside val_dataloader'),
    dict(config='val_evaluator = None', says='val_evaluator: is missing'),
    dict(config='val_dataloader = None', says='val_dataloader: is missing'),
    dict(config='test_cfg = None', says='test_cfg: is missing'),
    dict(config='test_evaluator = None', says='test_evaluator: is missing'),
    dict(config='train_cfg = None', says='train_cfg: is missing'),
    dict(config='train_dataloader = None', says='train_dataloader: is missing'),
    dict(config='optim_wrapper = None', says='optim_wrapper: is missing'),
    dict(
        config='optim_wrapper = None\ntrain_cfg = None\ntrain_dataloader = None',
        says='train_dataloader: is missing; there is nothing to train',
    ),
    dict(
        config='optim_wrapper = None\ntrain_cfg = None\ntrain_dataloader = None',
        tool='test',
        args=['{config}', 'weights.pth'],
        says='optim_wrapper: is missing beside param_scheduler',
    ),
    dict(
        config='test_cfg = None\ntest_dataloader = None\ntest_evaluator = None',
        tool='test',
        args=['{config}', 'weights.pth'],
        says='test_dataloader: is missing',
    ),
    dict(config="val_cfg = dict(type='TestLoop')", says='val_cfg.type'),
    dict(config='val_evaluator = []', says='val_evaluator: is empty'),
]
