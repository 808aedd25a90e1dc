# Fashion-MNIST with 3,000 training images of 14x14 pixels, 5,000 others to validate on, and all 10,000 test images:
# small enough to search on a CPU, and few enough that networks on their own overfit and have something to teach.
_base_ = ['fashion_mnist.py']

_split = dict(train_size=3000, val_size=5000)
_smaller = dict(type='Resize', scale=14, interpolation='area')

train_pipeline = [dict(type='SeedRandom'), _smaller, dict(type='RandomFlip', prob=0.5), dict(type='PackInputs')]
test_pipeline = [_smaller, dict(type='PackInputs')]

train_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(pipeline=train_pipeline, **_split))
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(pipeline=test_pipeline, **_split))
test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(pipeline=test_pipeline))
