# The same with two draws of the strong augmentation, `strong` and `strong2`.
_base_ = ['cifar100_semi.py']

_weak = [_base_._flip, _base_._crop]
_strong = [*_weak, _base_.randaugment, _base_._cutout]

train_pipeline = [
    dict(type='SeedRandom'),
    dict(type='Views', weak=_weak, strong=_strong, strong2=_strong),
    dict(type='PackViews'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
