"""Mistakes in the data loaders, their samplers, data sets and pipelines."""

TRAIN, VAL = 'train_dataloader', 'val_dataloader'
PIPELINE = f'{TRAIN}.dataset.pipeline'


def _step(step: str, says: str, key: str = f'{PIPELINE}[0]', **more):
    text = f'train_dataloader = dict(dataset=dict(pipeline=[{step}, dict(type="PackInputs")]))'
    return dict(config=text, says=f'{key}{says}', **more)


def _data_set(text: str, says: str):
    return dict(config=f'train_dataloader = dict(dataset=dict(_delete_=True, {text}))', says=f'{TRAIN}.dataset{says}')


def _in_memory(*steps: str):
    pipeline = ', '.join([*steps, 'dict(type="PackInputs")'])
    return f'train_dataloader = dict(in_memory=True, dataset=dict(pipeline=[{pipeline}]))'


SEED = "dict(type='SeedRandom')"
DIGITS = "dict(type='Digits')"
CASES = [
    dict(options=[f'{TRAIN}.num_workers=-1'], says=f'{TRAIN}.num_workers: must be a whole number, at least 0'),
    dict(options=[f'{TRAIN}.num_workers=two'], says=f'{TRAIN}.num_workers'),
    dict(options=[f'{TRAIN}.num_workers=1.5'], says=f'{TRAIN}.num_workers'),
    dict(options=[f'{VAL}.num_workers=True'], says=f'{VAL}.num_workers'),
    dict(options=[f'{TRAIN}.persistent_workers=True'], says=f'{TRAIN}.persistent_workers: needs'),
    dict(options=[f'{TRAIN}.persistent_workers=yes', f'{TRAIN}.num_workers=1'], says=f'{TRAIN}.persistent_workers'),
    dict(options=[f'{TRAIN}.prefetch_factor=2'], says=f'{TRAIN}.prefetch_factor: needs'),
    dict(options=[f'{TRAIN}.prefetch_factor=0', f'{TRAIN}.num_workers=1'], says=f'{TRAIN}.prefetch_factor'),
    dict(options=[f'{TRAIN}.timeout=-5', f'{TRAIN}.num_workers=1'], says=f'{TRAIN}.timeout'),
    dict(options=[f'{TRAIN}.timeout=5'], says=f'{TRAIN}.timeout: needs'),
    dict(options=[f'{TRAIN}.multiprocessing_context=thread', f'{TRAIN}.num_workers=1'], says='multiprocessing_context'),
    dict(options=[f'{TRAIN}.batch_size=0'], says=f'{TRAIN}.batch_size'),
    dict(options=[f'{TRAIN}.batch_size=64.0'], says=f'{TRAIN}.batch_size'),
    dict(config=f"{TRAIN} = dict(batch_size='64')", says=f'{TRAIN}.batch_size'),
    dict(options=[f'{VAL}.batch_size=None'], says=f'{VAL}.batch_size'),
    dict(options=['test_dataloader.batch_size=-1'], says='test_dataloader.batch_size'),
    dict(options=[f'{TRAIN}.batchsize=16'], says="did you mean 'batch_size'?"),
    dict(options=[f'{TRAIN}.samples_per_gpu=16'], says=f'{TRAIN}: unknown entry'),
    dict(options=[f'{TRAIN}.workers=2'], says="did you mean 'num_workers'?"),
    dict(options=[f'{TRAIN}.shuffle=True'], says=f'{TRAIN}.shuffle: is not read beside a sampler'),
    dict(options=[f'{TRAIN}.drop_last=no'], says=f'{TRAIN}.drop_last: must be True or False'),
    dict(options=[f'{TRAIN}.pin_memory=1'], says=f'{TRAIN}.pin_memory'),
    dict(options=[f'{TRAIN}.num_batch_per_epoch=0'], says=f'{TRAIN}.num_batch_per_epoch'),
    dict(options=[f'{TRAIN}.collate_fn.type=no_collate'], says=f'{TRAIN}.collate_fn.type: unknown function'),
    dict(options=[f'{TRAIN}.collate_fn=default_collate'], says=f'{TRAIN}.collate_fn: must be'),
    dict(config=f'{TRAIN} = dict(collate_fn=None)', says=f'{TRAIN}.collate_fn'),
    dict(config=f"{TRAIN} = dict(collate_fn=dict(_delete_=True, name='default_collate'))", says=f'{TRAIN}.collate_fn'),
    dict(config=f"{TRAIN} = dict(worker_init_fn='seed')", says=f'{TRAIN}.worker_init_fn'),
    dict(config=f"{TRAIN} = dict(worker_init_fn=dict(type='seed_all'))", says=f'{TRAIN}.worker_init_fn.type'),
    # Images in memory.
    dict(options=[f'{TRAIN}.in_memory=yes'], says=f'{TRAIN}.in_memory: must be True or False'),
    dict(options=[f'{TRAIN}.in_memory=True', f'{TRAIN}.num_workers=1'], says=f'{TRAIN}.in_memory: needs'),
    dict(options=[f'{VAL}.in_memory=True', f'{VAL}.num_batch_per_epoch=1'], says=f'{VAL}.num_batch_per_epoch: is not'),
    dict(options=[f'{TRAIN}.in_memory=True', f'{TRAIN}.collate_fn.type=pseudo_collate'], says=f'{TRAIN}.in_memory: '),
    dict(config=_in_memory(SEED, "dict(type='ColorJitter')"), says=f'{PIPELINE}[1]: ColorJitter cannot work on images'),
    dict(config=_in_memory("dict(type='RandomFlip', prob=0.5)", SEED), says=f'{PIPELINE}[1]: SeedRandom must come'),
    dict(config=_in_memory("dict(type='RandomFlip', prob=0.5)"), says=f'{PIPELINE}[0]: must be'),
    dict(
        options=[f'{TRAIN}.prefetch_to_device=yes', f'{TRAIN}.num_workers=1'],
        says=f'{TRAIN}.prefetch_to_device: must be True or False',
    ),
    dict(
        options=[f'{VAL}.prefetch_to_device=True', f'{VAL}.num_workers=1', f'{VAL}.collate_fn.type=pseudo_collate'],
        says=f'{VAL}.prefetch_to_device: needs {VAL}.collate_fn',
    ),
    dict(options=[f'{VAL}.prefetch_to_device=True'], says=f'{VAL}.prefetch_to_device: needs {VAL}.num_workers above 0'),
    # Samplers.
    dict(options=[f'{TRAIN}.sampler=SeededSampler'], says=f'{TRAIN}.sampler: must be a dict'),
    dict(config=f'{TRAIN} = dict(sampler=None)', says=f'{TRAIN}.sampler: must be a dict'),
    dict(config=f'{TRAIN} = dict(_delete_=True, batch_size=2, dataset={DIGITS})', says=f'{TRAIN}.sampler: is missing'),
    dict(options=[f'{TRAIN}.sampler.shuffel=True'], says=f'{TRAIN}.sampler: SeededSampler has no argument'),
    dict(options=[f'{TRAIN}.sampler.shuffle=yes'], says=f'{TRAIN}.sampler.shuffle: must be True or False'),
    dict(options=[f'{VAL}.sampler.round_up=2'], says=f'{VAL}.sampler.round_up'),
    dict(options=[f'{TRAIN}.sampler.seed=-1'], says=f'{TRAIN}.sampler.seed'),
    dict(options=[f'{TRAIN}.sampler.type=RandomSampler'], says=f'{TRAIN}.sampler.type: unknown sampler'),
    dict(options=[f'{TRAIN}.sampler.dataset=1'], says=f'{TRAIN}.sampler'),
    dict(config=f"{TRAIN} = dict(batch_sampler=dict(type='Batches'))", says=f'{TRAIN}.batch_sampler.type'),
    dict(
        config=f"{TRAIN} = dict(sampler=dict(_delete_=True, type='SemiSupervisedSampler', labeled=8, unlabeled=8))",
        says=f"{TRAIN}.batch_size: must be the sampler's",
    ),
    dict(
        config=f'{TRAIN} = dict(sampler=dict('
        "_delete_=True, type='SemiSupervisedSampler', labeled=64, unlabeled=0, infinite=True))",
        says=f'{TRAIN}.sampler.infinite',
    ),
    # Data sets.
    dict(config=f'{TRAIN} = dict(dataset=None)', says=f'{TRAIN}.dataset: must be a dict'),
    dict(options=[f'{TRAIN}.dataset=Digits'], says=f'{TRAIN}.dataset: must be a dict'),
    dict(options=[f'{TRAIN}.dataset.type=Digit'], says=f'{TRAIN}.dataset.type: unknown data set'),
    dict(options=[f'{TRAIN}.dataset.indice=10'], says=f'{TRAIN}.dataset: '),
    dict(options=[f'{TRAIN}.dataset.indices=0'], says=f'{TRAIN}.dataset.indices: leaves no sample'),
    dict(options=[f'{TRAIN}.dataset.indices=0.5'], says=f'{TRAIN}.dataset.indices'),
    dict(options=[f'{TRAIN}.dataset.indices=all'], says=f'{TRAIN}.dataset.indices'),
    dict(options=[f'{TRAIN}.dataset.indices=[]'], says=f'{TRAIN}.dataset.indices'),
    dict(options=[f'{TRAIN}.dataset.split=5'], says=f'{TRAIN}.dataset.split'),
    dict(options=[f'{TRAIN}.dataset.test_mode=no'], says=f'{TRAIN}.dataset.test_mode'),
    dict(options=[f'{TRAIN}.dataset.lazy_init=1'], says=f'{TRAIN}.dataset.lazy_init'),
    dict(options=[f'{TRAIN}.dataset.max_refetch=-1'], says=f'{TRAIN}.dataset.max_refetch'),
    dict(options=[f'{TRAIN}.dataset.data_rot=data'], says="did you mean 'data_root'?"),
    dict(options=[f'{TRAIN}.dataset.data_root=/nowhere/at/all'], says=f'{TRAIN}.dataset.data_root'),
    _data_set(f"type='RepeatDataset', dataset={DIGITS}, times=0", '.times'),
    _data_set(f"type='RepeatDataset', dataset={DIGITS}, time=2", ': RepeatDataset has no argument'),
    _data_set("type='RepeatDataset', dataset=dict(type='Digitz'), times=2", '.dataset.type'),
    _data_set("type='ConcatDataset', datasets=[dict(type='Digits'), dict(type='Digitz')]", '.datasets[1].type'),
    _data_set(f"type='ConcatDataset', datasets={DIGITS}", '.datasets: must be a list'),
    _data_set(f"type='KFoldDataset', dataset={DIGITS}, num_splits=1", '.num_splits'),
    _data_set(f"type='KFoldDataset', dataset={DIGITS}, fold=-1", '.fold'),
    _data_set(f"type='SemiSupervised', dataset={DIGITS}, num_labels='40'", '.num_labels'),
    _data_set(f"type='SemiSupervised', dataset={DIGITS}, num_label=40", ': SemiSupervised has no argument'),
    _data_set(f"type='SemiSupervised', dataset={DIGITS}, num_labels=40, seed='a'", '.seed'),
    # Pipelines.
    dict(config=f"{TRAIN} = dict(dataset=dict(pipeline='PackInputs'))", says=f'{PIPELINE}: must be a list'),
    dict(config=f"{TRAIN} = dict(dataset=dict(pipeline=dict(type='PackInputs')))", says='pipeline='),
    dict(config=f"{TRAIN} = dict(dataset=dict(pipeline=dict(_delete_=True, type='PackInputs')))", says=PIPELINE),
    _step("'RandomFlip'", ': must be a dict'),
    _step('None', ': must be a dict'),
    _step('dict(prob=0.5)', ''),
    _step("dict(type='RandomFlipp', prob=0.5)", '.type: unknown step'),
    _step("dict(type='RandomFlip', probability=0.5)", ': RandomFlip has no argument'),
    _step("dict(type='RandomFlip', prob=1.5)", '.prob'),
    _step("dict(type='RandomFlip', prob='half')", '.prob'),
    _step("dict(type='RandomCrop', crop_size=0)", '.crop_size'),
    _step("dict(type='RandomCrop', crop_size='8')", '.crop_size'),
    _step("dict(type='RandomCrop', crop_size=8.5)", '.crop_size'),
    _step("dict(type='RandomCrop', crop_size=8, padding=-1)", '.padding'),
    _step("dict(type='RandomCrop', crop_size=8, pad_if_needed='yes')", '.pad_if_needed'),
    _step("dict(type='Resize', scale='8x8')", '.scale'),
    _step("dict(type='Resize', scale=(0, 8))", '.scale'),
    _step("dict(type='Resize', size=8)", ': Resize has no argument'),
    _step("dict(type='RandomErasing', erase_prob=2)", '.erase_prob'),
    _step("dict(type='PadRandomCrop', crop_size=8, padding='1')", '.padding'),
    _step("dict(type='Views', weak=dict(type='RandomFlip'))", '.weak: must be a list'),
    _step("dict(type='Views', weak=['RandomFlip'])", '.weak[0]: must be a dict'),
    _step("dict(type='Views', weak=[dict(type='RandomFlp', prob=0.5)])", '.weak[0].type'),
    _step("dict(type='Views', weak=[dict(type='RandomFlip', prob=-1)])", '.weak[0].prob'),
    _step("dict(type='RandomApply', transforms=[dict(type='Rotat')])", '.transforms[0].type'),
    _step("dict(type='RandomApply', transforms=[dict(type='RandomFlip', prob=0.5)], prob=3)", '.prob'),
    _step("dict(type='RandomChoice', transforms=[[dict(type='RandomFlip', probs=1)]])", '.transforms[0][0]'),
    _step(
        "dict(type='RandAugment', policies=[dict(type='Shearr')], num_policies=1, magnitude_level=1)", '.policies[0]'
    ),
    _step("dict(type='RandAugment', policies='timm_increasing', num_policies=0, magnitude_level=1)", '.num_policies'),
    _step("dict(type='RandAugment', policies='timm_increasing', num_policies=1)", '.magnitude_level: is missing'),
    _step("dict(type='PackInputs', keys=['img'])", ': PackInputs has no argument'),
    dict(
        config="train_dataloader = dict(sampler=dict(_delete_=True, type='RepeatAugSampler', num_repeats=0))",
        says=f'{TRAIN}.sampler.num_repeats',
    ),
    dict(
        config="train_dataloader = dict(dataset=dict(_delete_=True, type='KFoldDataset', fold=7, "
        "dataset=dict(type='Digits', split='train', pipeline=[dict(type='PackInputs')])))",
        says=f'{TRAIN}.dataset.fold',
    ),
    dict(
        config="train_dataloader = dict(dataset=dict(_delete_=True, type='ClassBalancedDataset', oversample_thr=-1.0, "
        "dataset=dict(type='Digits', split='train', pipeline=[dict(type='PackInputs')])))",
        says=f'{TRAIN}.dataset.oversample_thr',
    ),
]
