"""Mistakes in pipelines, from the loading of an image to the batch."""

_TRAIN = 'train_dataloader = dict(dataset=dict(pipeline=['
_SEMI = 'configs/semi/fixmatch_fashion_mnist_250.py'


def _train(*steps: str) -> str:
    return f'{_TRAIN}{", ".join(steps)}]))'


_PACK = "dict(type='PackInputs')"
_SEED = "dict(type='SeedRandom')"

CASES = [
    # what is in the list
    dict(config=_train(), says='train_dataloader.dataset.pipeline: must end in'),
    dict(config=_train(_SEED), says='train_dataloader.dataset.pipeline: must end in'),
    dict(config=_train(_SEED, "dict(type='RandomFlip', prob=0.5)"), says='train_dataloader.dataset.pipeline: must end'),
    dict(
        config='val_dataloader = dict(dataset=dict(pipeline=[]))', says='val_dataloader.dataset.pipeline: must end in'
    ),
    dict(config='test_dataloader = dict(dataset=dict(pipeline=[]))', says='test_dataloader.dataset.pipeline'),
    dict(options=['train_dataloader.dataset.pipeline=PackInputs'], says='train_dataloader.dataset.pipeline'),
    dict(options=['train_dataloader.dataset.pipeline=None'], says='train_dataloader.dataset.pipeline'),
    dict(options=['val_dataloader.dataset.pipeline=5'], says='val_dataloader.dataset.pipeline'),
    dict(config=_train(_SEED, "'PackInputs'"), says='train_dataloader.dataset.pipeline[1]'),
    dict(config=_train('None', _PACK), says='train_dataloader.dataset.pipeline[0]'),
    dict(config=_train('[]', _PACK), says='train_dataloader.dataset.pipeline[0]'),
    dict(config=_train('dict()', _PACK), says='train_dataloader.dataset.pipeline[0]'),
    dict(config=_train(f'[{_SEED}, {_PACK}]'), says='train_dataloader.dataset.pipeline[0]'),
    # the order
    dict(config=_train(_PACK, _SEED), says='train_dataloader.dataset.pipeline[1]'),
    dict(config=_train(_SEED, _PACK, _PACK), says='train_dataloader.dataset.pipeline'),
    dict(config=_train(_SEED, _PACK, "dict(type='RandomFlip', prob=0.5)"), says='train_dataloader.dataset.pipeline[2]'),
    # An image that is loaded passes, in colour; the network takes grey ones.
    dict(config=_train(_SEED, "dict(type='LoadImage')", _PACK), says='model.nodes.net1.network.backbone'),
    dict(config=_train(_SEED, "dict(type='LoadImageFromFile')", _PACK), says='train_dataloader.dataset.pipeline[1]'),
    dict(
        base='configs/ktg/ens_2node_dogs.py',
        config='import tempfile\ntrain_dataloader = dict(dataset=dict(data_root=tempfile.gettempdir(), pipeline=['
        "dict(type='SeedRandom'), dict(type='RandomFlip', prob=0.5), dict(type='PackInputs')]))\n"
        'val_dataloader = dict(dataset=dict(data_root=tempfile.gettempdir()))\n'
        'test_dataloader = dict(dataset=dict(data_root=tempfile.gettempdir()))\ndel tempfile\n',
        says="train_dataloader.dataset.pipeline[1]: RandomFlip: needs 'img'",
    ),
    # arguments of steps
    dict(
        config=_train(_SEED, "dict(type='Resize', scale='8')", _PACK),
        says='train_dataloader.dataset.pipeline[1]',
    ),
    dict(
        config=_train(_SEED, "dict(type='Resize', scale=0)", _PACK),
        says='train_dataloader.dataset.pipeline[1]',
    ),
    dict(
        config=_train(_SEED, "dict(type='Resize', scale=(8, 8, 8))", _PACK),
        says='train_dataloader.dataset.pipeline[1]',
    ),
    dict(config=_train(_SEED, "dict(type='Resize')", _PACK), says='train_dataloader.dataset.pipeline[1]'),
    dict(
        config=_train(_SEED, "dict(type='Resize', scale=8, interpolation='cubic')", _PACK),
        says='train_dataloader.dataset.pipeline[1]',
    ),
    dict(
        config=_train(_SEED, "dict(type='Resize', scale=8, backend='opencv')", _PACK),
        says='train_dataloader.dataset.pipeline[1]',
    ),
    dict(config=_train(_SEED, "dict(type='RandomCrop', crop_size='8')", _PACK), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='RandomCrop', crop_size=-8)", _PACK), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='RandomCrop', crop_size=8, padding='1')", _PACK), says='dataset.pipeline[1]'),
    dict(
        config=_train(_SEED, "dict(type='RandomCrop', crop_size=8, padding=1, padding_mode='mirror')", _PACK),
        says='dataset.pipeline[1]',
    ),
    dict(config=_train(_SEED, "dict(type='PadRandomCrop', crop_size=8)", _PACK), says='dataset.pipeline[1]'),
    dict(
        config=_train(_SEED, "dict(type='PadRandomCrop', crop_size=8, padding='four')", _PACK),
        says='dataset.pipeline[1]',
    ),
    dict(
        config=_train(_SEED, "dict(type='PadRandomCrop', crop_size=8, padding=-1)", _PACK),
        says='dataset.pipeline[1]',
    ),
    dict(
        config=_train(_SEED, "dict(type='PadRandomCrop', crop_size=8, padding=1, padding_mode='mirror')", _PACK),
        says='dataset.pipeline[1]',
    ),
    dict(config=_train(_SEED, "dict(type='RandomFlip', prob=2)", _PACK), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='RandomFlip', prob='half')", _PACK), says='dataset.pipeline[1]'),
    dict(
        config=_train(_SEED, "dict(type='RandomFlip', prob=0.5, direction='sideways')", _PACK),
        says='dataset.pipeline[1]',
    ),
    dict(config=_train(_SEED, "dict(type='RandomFlip', prob=[0.5, 0.5])", _PACK), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='CenterCrop', crop_size=0)", _PACK), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='CenterCrop', crop_size='8')", _PACK), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='ResizeEdge', scale='8')", _PACK), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='ResizeEdge', scale=8, edge='shorter')", _PACK), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='RandomResizedCrop', scale='8')", _PACK), says='dataset.pipeline[1]'),
    dict(
        config=_train(_SEED, "dict(type='RandomResizedCrop', scale=8, crop_ratio_range=0.5)", _PACK),
        says='dataset.pipeline[1]',
    ),
    dict(
        config=_train(_SEED, "dict(type='RandomErasing', erase_prob=2)", _PACK),
        says='dataset.pipeline[1]',
    ),
    dict(
        config=_train(_SEED, "dict(type='RandomErasing', mode='noise')", _PACK),
        says='dataset.pipeline[1]',
    ),
    dict(config=_train(_SEED, "dict(type='Pad', size='8')", _PACK), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='Lambda', func=3)", _PACK), says='dataset.pipeline[1]'),
    dict(
        config=_train(_SEED, "dict(type='ColorJitter', brightness=0.4)", _PACK),
        says='dataset.pipeline[1]',
    ),
    dict(config=_train(_SEED, "dict(type='RandAugment', policies='timm')", _PACK), says='dataset.pipeline[1]'),
    dict(
        config=_train(_SEED, "dict(type='RandAugment', policies=[], num_policies=2, magnitude_level=10)", _PACK),
        says='dataset.pipeline[1]',
    ),
    dict(
        config=_train(
            _SEED,
            "dict(type='RandAugment', policies=[dict(type='Rotat', prob=1.0)], num_policies=1, magnitude_level=10)",
            _PACK,
        ),
        says='dataset.pipeline[1]',
    ),
    dict(config=_train(_SEED, "dict(type='Rotate', angle=30, prob=1.5)", _PACK), says='dataset.pipeline[1].prob'),
    dict(config=_train(_SEED, "dict(type='Rotate')", _PACK), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='Cutout', shape='two', prob=1.0)", _PACK), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='AutoAugment', policies='cifar')", _PACK), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='PackInputs', input_key='image')"), says='train_dataloader.dataset.pipeline'),
    # views
    dict(config=_train(_SEED, "dict(type='Views')", "dict(type='PackViews')"), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='Views', weak=5)", "dict(type='PackViews')"), says='dataset.pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='Views', weak=['flip'])", "dict(type='PackViews')"), says='pipeline[1]'),
    dict(config=_train(_SEED, "dict(type='Views', weak=[])", _PACK), says='train_dataloader.dataset.pipeline'),
    dict(
        config=_train(
            _SEED, "dict(type='Views', weak=[], strong=[dict(type='Resize', scale='8')])", "dict(type='PackViews')"
        ),
        base=_SEMI,
        says='train_dataloader.dataset.pipeline[1].strong[0]',
    ),
    dict(
        base=_SEMI,
        config=_train(
            _SEED,
            "dict(type='Views', weak=[], strong=[])",
            "dict(type='Views', weak=[], strong=[])",
            "dict(type='PackViews')",
        ),
        says='train_dataloader.dataset.pipeline[2]',
    ),
    dict(
        base=_SEMI,
        config=_train(
            _SEED,
            "dict(type='Views', weak=[], strong=[dict(type='Resize', scale=14),"
            " dict(type='RandomCrop', crop_size=8, padding='1')])",
            "dict(type='PackViews')",
        ),
        says='train_dataloader.dataset.pipeline[1].strong[1]',
    ),
    dict(
        base=_SEMI,
        config=_train(_SEED, "dict(type='Views', weak=[dict(type='PackInputs')], strong=[])", "dict(type='PackViews')"),
        says='train_dataloader.dataset.pipeline[1]',
    ),
    dict(
        base=_SEMI,
        config=_train(
            "dict(type='Views', weak=[], strong=[])",
            _SEED,
            "dict(type='RandomFlip', prob=1.0)",
            "dict(type='PackViews')",
        ),
        says='train_dataloader.dataset.pipeline[2]',
    ),
    dict(
        base=_SEMI,
        config="val_dataloader = dict(dataset=dict(pipeline=[dict(type='Views', weak=[]), dict(type='PackViews')]))",
        says='val_dataloader.dataset.pipeline',
    ),
    dict(
        base=_SEMI,
        config="train_dataloader = dict(dataset=dict(pipeline=[dict(type='Views', weak=[dict(type='SeedRandm')],"
        " strong=[]), dict(type='PackViews')]))",
        says='train_dataloader.dataset.pipeline[0].weak[0].type',
    ),
    # samples that do not fit together, and what is done with the batch
    dict(
        config=_train(
            _SEED, "dict(type='RandomChoiceResize', scales=[(8, 8), (9, 9), (10, 10), (11, 11), (12, 12)])", _PACK
        ),
        says='train_dataloader',
    ),
    dict(options=['train_dataloader.collate_fn.type=defualt_collate'], says='train_dataloader.collate_fn'),
    dict(options=['train_dataloader.collate_fn=default_collate'], says='train_dataloader.collate_fn'),
    dict(options=['train_dataloader.collate_fn.pin=True'], says='train_dataloader.collate_fn'),
    dict(config='train_dataloader = dict(collate_fn=dict(_delete_=True))', says='train_dataloader.collate_fn'),
    dict(
        options=['data_preprocessor.mean=[120,120,120]', 'data_preprocessor.std=[60,60,60]'],
        says='data_preprocessor.mean: has 3 values, but the images have 1 channel',
    ),
    dict(
        options=['data_preprocessor.mean=[78,78]', 'data_preprocessor.std=[96,96]'],
        says='data_preprocessor.mean: has 2 values',
    ),
    dict(options=['data_preprocessor.std=[95,95,95]'], says='data_preprocessor.std'),
    dict(options=['data_preprocessor.mean=grey'], says='data_preprocessor'),
    dict(options=['data_preprocessor.to_rgb=True', 'data_preprocessor.to_bgr=True'], says='data_preprocessor'),
    dict(config='data_preprocessor = dict(std=None)', says='data_preprocessor'),
    dict(options=['data_preprocessor.pad_size_divisor=two'], says='data_preprocessor'),
    dict(options=['data_preprocessor.batch_augments=Mixup'], says='data_preprocessor'),
    dict(
        config="data_preprocessor = dict(batch_augments=dict(augments=[dict(type='Mixip', alpha=0.2)]))",
        says='data_preprocessor',
    ),
]

CASES += [
    dict(
        config="""train_dataloader = dict(dataset=dict(pipeline=[
    dict(type='PackInputs'), dict(type='RandomFlip', prob=0.5)
]))""",
        says='train_dataloader.dataset.pipeline',
    ),
]
