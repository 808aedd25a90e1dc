# CIFAR-10, published protocol: train on all 50,000 training images, evaluate on the 10,000 test images.
# cifar10_search.py splits the training images instead. Download: tools/download_dataset.py cifar10
# The normalisation by the training images' mean and deviation is ours: the papers' text has none.
data_preprocessor = dict(
    num_classes=10,
    mean=[125.307, 122.950, 113.865],
    std=[62.993, 62.089, 66.705],
    to_rgb=False,  # the files hold RGB already
)

train_pipeline = [
    dict(type='SeedRandom'),
    dict(type='PadRandomCrop', crop_size=32, padding=4, padding_mode='reflect'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='PackInputs')]

# download=False: a missing data set then is one clear line; with True it is an attempt to reach the internet.
train_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    dataset=dict(type='CIFAR10', data_root='data/cifar10', split='train', download=False, pipeline=train_pipeline),
    sampler=dict(type='SeededSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
)
val_dataloader = dict(
    batch_size=250,
    num_workers=2,
    persistent_workers=True,
    dataset=dict(type='CIFAR10', data_root='data/cifar10', split='test', download=False, pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='NodeMetric', metric=dict(type='Accuracy', topk=(1,)))
test_evaluator = val_evaluator
