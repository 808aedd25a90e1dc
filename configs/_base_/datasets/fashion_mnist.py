# Fashion-MNIST: 50,000 training, 10,000 validation, 10,000 test images, grey 28x28. Read from data/fashion-mnist
# (tools/download_dataset.py fashion_mnist) or from Debian's package dataset-fashion-mnist.
data_preprocessor = dict(num_classes=10, mean=[72.940], std=[90.021], to_rgb=False)

train_pipeline = [
    dict(type='SeedRandom'),
    dict(type='PadRandomCrop', crop_size=28, padding=4, padding_mode='reflect'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='PackInputs')]

train_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    dataset=dict(
        type='Split', of='FashionMNISTFiles', part='train', val_size=10_000, split='train', pipeline=train_pipeline
    ),
    sampler=dict(type='SeededSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
)
val_dataloader = dict(
    batch_size=250,
    num_workers=2,
    persistent_workers=True,
    dataset=dict(
        type='Split', of='FashionMNISTFiles', part='val', val_size=10_000, split='train', pipeline=test_pipeline
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
)
test_dataloader = dict(
    batch_size=250,
    num_workers=2,
    persistent_workers=True,
    dataset=dict(type='FashionMNISTFiles', split='test', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
)

val_evaluator = dict(type='NodeMetric', metric=dict(type='Accuracy', topk=(1,)))
test_evaluator = val_evaluator
