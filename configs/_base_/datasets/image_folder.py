# A folder of images, data/images/train/CLASS/* and data/images/test/CLASS/*: a fifth of the training images, the
# classes in their proportions, is for validation. Mean, standard deviation and crops are ImageNet's, as for weights
# from there. An experiment gives data_preprocessor.num_classes, and data_root three times if the folder is another.
data_preprocessor = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)

train_pipeline = [
    dict(type='SeedRandom'),
    dict(type='LoadImage'),
    dict(type='RandomResizedCrop', scale=224),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeEdge', scale=256, edge='short'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs'),
]

__split = dict(type='Split', of='CustomDataset', val_size=0.2, data_root='data/images', data_prefix='train')

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    dataset=dict(**__split, part='train', pipeline=train_pipeline),
    sampler=dict(type='SeededSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    dataset=dict(**__split, part='val', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
)
test_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    dataset=dict(
        type='CustomDataset', data_root='data/images', data_prefix='test', test_mode=True, pipeline=test_pipeline
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
)

val_evaluator = dict(type='NodeMetric', metric=dict(type='Accuracy', topk=(1,)))
test_evaluator = val_evaluator
