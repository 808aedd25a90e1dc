"""Mistakes that show when the parts around the graph are built or a made-up batch goes through them."""

_SEMI = 'configs/semi/fixmatch_fashion_mnist_250.py'
_STOP = "dict(type='EarlyStoppingHook', monitor={}, rule='greater')"


def _hooks(*hooks: str) -> str:
    return f'custom_hooks = [{", ".join(hooks)}]'


CASES = [
    # metrics that are not there
    dict(options=['default_hooks.checkpoint.save_best=accuracy/top1'], says='default_hooks.checkpoint.save_best'),
    dict(options=['default_hooks.checkpoint.save_best=net9/accuracy/top1'], says='default_hooks.checkpoint.save_best'),
    dict(options=['default_hooks.checkpoint.save_best=net1/accuracy/top5'], says='default_hooks.checkpoint.save_best'),
    dict(
        options=['default_hooks.checkpoint.save_best=[net1/accuracy/top1,acc]'],
        says='default_hooks.checkpoint.save_best',
    ),
    dict(
        config='val_evaluator = dict(metric=dict(topk=(5,)))\ntest_evaluator = val_evaluator',
        says='default_hooks.checkpoint.save_best',
    ),
    dict(
        config="val_evaluator = dict(nodes=['net1'])\ntest_evaluator = val_evaluator",
        says="default_hooks.checkpoint.save_best: no metric is named 'ensemble/accuracy/top1'",
    ),
    dict(options=['default_hooks.checkpoint.save_best=loss'], says='default_hooks.checkpoint'),
    dict(options=['default_hooks.checkpoint.save_best=best'], says='default_hooks.checkpoint'),
    dict(options=['default_hooks.checkpoint.save_best=True'], says='default_hooks.checkpoint.save_best'),
    dict(options=['default_hooks.checkpoint.rule=[greater,less]'], says='default_hooks.checkpoint'),
    dict(options=['default_hooks.checkpoint.rule=larger'], says='default_hooks.checkpoint'),
    dict(config=_hooks(_STOP.format("'accuracy/top9'")), says="monitor: no metric is named 'accuracy/top9'"),
    dict(config=_hooks(_STOP.format("'loss'")), says="monitor: no metric is named 'loss'"),
    dict(config=_hooks(_STOP.format('None')), says='custom_hooks[0]'),
    dict(config=_hooks("dict(type='EarlyStoppingHook')"), says='custom_hooks[0]'),
    dict(config=_hooks("dict(type='EarlyStoppingHook', monitor='net1/score')"), says='custom_hooks[0]'),
    dict(
        config=_hooks("dict(type='EarlyStoppingHook', monitor='net1/accuracy/top1', rule='more')"),
        says='custom_hooks[0]',
    ),
    dict(
        config="param_scheduler = dict(_delete_=True, type='ReduceOnPlateauLR', monitor='accuracy')",
        says="param_scheduler.monitor: no metric is named 'accuracy'",
    ),
    dict(config="param_scheduler = dict(_delete_=True, type='ReduceOnPlateauLR')", says='param_scheduler.monitor'),
    dict(
        config="param_scheduler = [dict(type='ConstantLR'), dict(type='ReduceOnPlateauLR', monitor='net1/acc')]",
        says='param_scheduler[1].monitor',
    ),
    # schedules
    dict(config="param_scheduler = dict(_delete_=True, type='MultiStepLR')", says='param_scheduler'),
    dict(config="param_scheduler = dict(_delete_=True, type='MultiStepLR', milestones=3)", says='param_scheduler'),
    dict(
        config="param_scheduler = dict(_delete_=True, type='StepLR', step_size=5, begin=9, end=3)",
        says='param_scheduler',
    ),
    dict(
        config="param_scheduler = dict(_delete_=True, type='StepLR', step_size='5', begin='0')", says='param_scheduler'
    ),
    dict(
        config="param_scheduler = [dict(type='LinearLR', start_factor=2.0), dict(type='CosineAnnealingLR')]",
        says='param_scheduler[0]',
    ),
    dict(
        config="param_scheduler = [dict(type='ConstantLR'), dict(type='LinearLR', start_factor='low')]",
        says='param_scheduler[1]',
    ),
    dict(config="param_scheduler = dict(_delete_=True, type='ConstantLR', factor=5)", says='param_scheduler'),
    dict(
        config="param_scheduler = dict(_delete_=True, type='OneCycleLR', eta_max=0.1, total_steps=-1)",
        says='param_scheduler',
    ),
    dict(
        config="param_scheduler = dict(_delete_=True, type='OneCycleLR', eta_max=0.1, total_steps=9, pct_start=3)",
        says='param_scheduler',
    ),
    dict(
        config="param_scheduler = dict(_delete_=True, type='CosineRestartLR', periods=[5, 5])", says='param_scheduler'
    ),
    dict(
        config="param_scheduler = dict(_delete_=True, type='CosineRestartLR', periods=[5], restart_weights=[1, 1])",
        says='param_scheduler',
    ),
    dict(
        config="param_scheduler = dict(_delete_=True, type='CosineAnnealingLR', eta_min=0, eta_min_ratio=0.1)",
        says='param_scheduler',
    ),
    dict(
        config="param_scheduler = dict(_delete_=True, type='LinearLR', by_epoch=False, convert_to_iter_based=True)",
        says='param_scheduler',
    ),
    dict(
        config="param_scheduler = dict(_delete_=True, type='PartialCosineLR', fraction=0.9, end=30)",
        says='param_scheduler.fraction',
    ),
    dict(
        config="param_scheduler = dict(_delete_=True, type='ReduceOnPlateauLR', monitor='net1/accuracy/top1', "
        "rule='more')",
        says='param_scheduler',
    ),
    dict(
        config="param_scheduler = dict(_delete_=True, type='ReduceOnPlateauLR', monitor='net1/accuracy/top1', "
        'factor=2)',
        says='param_scheduler',
    ),
    dict(
        config="param_scheduler = dict(_delete_=True, type='CosineAnnealingMomentum', eta_min='0.85')",
        says='param_scheduler',
    ),
    # loaders, on made-up data
    dict(options=['train_dataloader.persistent_workers=True'], says='train_dataloader'),
    dict(options=['train_dataloader.prefetch_factor=2'], says='train_dataloader.prefetch_factor'),
    dict(options=['train_dataloader.num_workers=1', 'train_dataloader.prefetch_factor=-1'], says='train_dataloader'),
    dict(options=['val_dataloader.timeout=-3'], says='val_dataloader.timeout'),
    dict(options=['val_dataloader.num_workers=-3'], says='val_dataloader.num_workers'),
    dict(options=['val_dataloader.shuffle=True'], says='val_dataloader'),
    dict(options=['train_dataloader.multiprocessing_context=fork'], says='train_dataloader'),
    dict(
        options=['train_dataloader.multiprocessing_context=thread', 'train_dataloader.num_workers=1'],
        says='train_dataloader',
    ),
    dict(
        config="train_dataloader = dict(batch_sampler=dict(type='BatchSampler', drop_last='no'))",
        says='train_dataloader',
    ),
    dict(
        config="train_dataloader = dict(sampler=dict(_delete_=True, type='SemiSupervisedSampler', labeled=32, "
        'unlabeled=32))',
        says='train_dataloader.sampler',
    ),
    dict(
        config="val_dataloader = dict(sampler=dict(_delete_=True, type='RepeatAugSampler', num_repeats='3'))",
        says='val_dataloader.sampler',
    ),
    dict(
        config="train_dataloader = dict(sampler=dict(_delete_=True, type='DefaultSampler'))",
        says='train_dataloader.sampler',
    ),
    dict(options=['train_dataloader.worker_init_fn.type=seed'], says='train_dataloader'),
    # data sets, without their data
    dict(options=['train_dataloader.dataset.split=trian'], says='train_dataloader.dataset.split'),
    dict(options=['val_dataloader.dataset.split=1'], says='val_dataloader.dataset.split'),
    dict(options=['train_dataloader.dataset.metainfo=digits'], says='train_dataloader.dataset'),
    dict(options=['train_dataloader.dataset.classes=missing.txt'], says='train_dataloader.dataset'),
    dict(options=['train_dataloader.dataset.classes=5'], says='train_dataloader.dataset'),
    dict(base=_SEMI, options=['train_dataloader.dataset.num_labels=many'], says='train_dataloader.dataset.num_labels'),
    dict(base=_SEMI, options=['train_dataloader.dataset.seed=-1'], says='train_dataloader.dataset.seed'),
    dict(base=_SEMI, options=['train_dataloader.dataset.indices=[1]'], says='train_dataloader.dataset.indices'),
    dict(
        base=_SEMI,
        options=['train_dataloader.dataset.dataset.split=training'],
        says='train_dataloader.dataset.dataset.split',
    ),
    # graphs and batches that do not fit together
    dict(
        base=_SEMI,
        options=['train_dataloader.sampler.labeled=0', 'train_dataloader.sampler.unlabeled=128'],
        says='model.edges',
    ),
    dict(
        base=_SEMI,
        options=['train_dataloader.sampler.labeled=128', 'train_dataloader.sampler.unlabeled=0'],
        says='model.edges',
    ),
    dict(
        base=_SEMI,
        config='train_dataloader = dict(dataset=dict(_delete_=True, type="FashionMNISTFiles", '
        'pipeline=_base_.train_pipeline))',
        says='train_dataloader.sampler',
    ),
    # evaluators
    dict(config="val_evaluator = dict(metric=dict(topk='1'))", says='val_evaluator'),
    dict(config='val_evaluator = dict(metric=dict(topk=(11,)))', says='val_evaluator'),
    dict(config="val_evaluator = dict(metric=dict(thrs='half'))", says='val_evaluator'),
    dict(
        config="val_evaluator = dict(metric=dict(_delete_=True, type='SingleLabelMetric', items='recal'))",
        says='val_evaluator',
    ),
    dict(
        config="val_evaluator = dict(metric=dict(_delete_=True, type='SingleLabelMetric', average='all'))",
        says='val_evaluator',
    ),
    dict(
        config="val_evaluator = dict(metric=dict(_delete_=True, type='CalibrationError', bins=0))",
        says='val_evaluator.metric.bins',
    ),
    dict(
        config="val_evaluator = dict(metric=dict(_delete_=True, type='RetrievalRecall', topk=1))", says='val_evaluator'
    ),
    dict(config="val_evaluator = [dict(type='NodeMetric'), dict(type='NodeMetric')]", says='val_evaluator'),
    dict(config="val_evaluator = [dict(type='Accuracy'), dict(type='Accuracy')]", says='val_evaluator'),
    dict(
        config="val_evaluator = [dict(type='NodeMetric'), dict(type='DiversityMetric', nodes=['net1'])]",
        says='val_evaluator',
    ),
    dict(config='test_evaluator = dict(metric=dict(topk=(11,)))', says='test_evaluator'),
    # what else the Runner builds
    dict(options=['log_level=VERBOSE'], says='log_level'),
    dict(options=['log_processor.mean_pattern=('], says='log_processor'),
    dict(config="visualizer = dict(vis_backends=[dict(type='TensorBoard')])", says='visualizer'),
    dict(config="visualizer = dict(vis_backends='tensorboard')", says='visualizer'),
    dict(
        config="visualizer = dict(vis_backends=[dict(type='LocalVisBackend'), dict(type='LocalVisBackend')])",
        says='visualizer',
    ),
    dict(config="visualizer = dict(vis_backends=[dict(type='WandbVisBackend')])", says='visualizer'),
    dict(options=['default_hooks.logger.interval=often'], says='default_hooks.logger'),
    dict(options=['default_hooks.logger.interval=0'], says='default_hooks.logger'),
    dict(options=['default_hooks.logger.priority=FIRST'], says='default_hooks.logger'),
    dict(options=['default_hooks.logger.out_suffix=5'], says='default_hooks.logger'),
    dict(options=['default_hooks.checkpoint.published_keys=5'], says='default_hooks.checkpoint'),
    dict(config=_hooks("dict(type='EMAHook', momentum=2)"), says='custom_hooks[0]'),
    dict(config=_hooks("dict(type='EMAHook', ema_type='Average')"), says='custom_hooks[0]'),
    dict(config=_hooks("dict(type='EMAHook', begin_epoch=-1)"), says='custom_hooks[0]'),
    dict(config=_hooks("dict(type='EMAHook', begin_epoch=1, begin_iter=1)"), says='custom_hooks[0]'),
    dict(config=_hooks("dict(type='EmptyCacheHook', priority=1000)"), says='custom_hooks[0]'),
    dict(config=_hooks("dict(type='EmptyCacheHook', priority='high up')"), says='custom_hooks[0]'),
    dict(config=_hooks("dict(type='ProfilerHook', profile_times='five')"), says='custom_hooks[0]'),
    dict(config=_hooks("dict(type='PrepareTTAHook')"), says='custom_hooks[0]'),
    dict(config=_hooks("dict(type='PreciseBNHook', num_samples='all')"), says='custom_hooks[0]'),
    dict(config="env_cfg = dict(mp_cfg=dict(mp_start_method='threads'))", says='env_cfg'),
    dict(config='randomness = dict(seed=0, deterministic_=True)', says='randomness'),
]
