# scikit-learn's digits: 1,257 training, 180 validation, 360 test images, grey 8x8, no download. For trials and tests:
# a run takes a minute on a laptop. No augmentation: crops and flips hurt at 8x8.
data_preprocessor = dict(num_classes=10, mean=[77.758], std=[95.797], to_rgb=False)

train_pipeline = [dict(type='SeedRandom'), dict(type='PackInputs')]
test_pipeline = [dict(type='PackInputs')]

train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    dataset=dict(type='Digits', split='train', pipeline=train_pipeline),
    sampler=dict(type='SeededSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
)
val_dataloader = dict(
    batch_size=180,
    num_workers=0,
    dataset=dict(type='Digits', split='val', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
)
test_dataloader = dict(
    batch_size=180,
    num_workers=0,
    dataset=dict(type='Digits', split='test', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
)

val_evaluator = dict(type='NodeMetric', metric=dict(type='Accuracy', topk=(1,)))
test_evaluator = val_evaluator
