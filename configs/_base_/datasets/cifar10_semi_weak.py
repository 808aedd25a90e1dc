# The same with two draws of the weak augmentation, `weak` and `weak2`, for methods that need no strong one.
_base_ = ['cifar10_semi.py']

train_pipeline = [
    dict(type='SeedRandom'),
    dict(type='Views', weak=[_base_._flip, _base_._crop], weak2=[_base_._flip, _base_._crop]),
    dict(type='PackViews'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
