# CINIC-10: train on the 90,000 training images, evaluate on the 90,000 test images, as Li et al. do. Everything else is
# CIFAR-10's. cinic10_search.py evaluates on the validation images. Download: tools/download_dataset.py cinic10
# Normalised by the mean and deviation that its authors give.
_base_ = ['cifar10.py']

data_preprocessor = dict(mean=[122.118, 120.431, 109.771], std=[61.725, 60.762, 65.981], to_rgb=True)

train_pipeline = [
    _base_.train_pipeline[0],
    dict(type='LoadImage'),
    *_base_.train_pipeline[1:],
]
test_pipeline = [dict(type='LoadImage'), *_base_.test_pipeline]

__images = dict(_delete_=True, type='CINIC10', data_root='data/cinic10')

train_dataloader = dict(dataset=dict(**__images, split='train', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**__images, split='test', pipeline=test_pipeline))
test_dataloader = val_dataloader
