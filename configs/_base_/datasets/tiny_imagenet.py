# Tiny-ImageNet, published protocol: train on all 100,000 training images, evaluate on the 10,000 validation images,
# whose labels alone are published. 64 x 64 pixels; augmented as CIFAR-10 is, and networks' first convolution has stride
# 1. tiny_imagenet_search.py splits the training images. Download: tools/download_dataset.py tiny_imagenet
# The normalisation is ImageNet's, from which the images are: our choice, the papers' text has none.
_base_ = ['cifar10.py']

data_preprocessor = dict(num_classes=200, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)

train_pipeline = [
    dict(type='SeedRandom'),
    dict(type='LoadImage'),
    dict(type='PadRandomCrop', crop_size=64, padding=4, padding_mode='reflect'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='LoadImage'), dict(type='PackInputs')]

__images = dict(_delete_=True, type='TinyImageNet', data_root='data/tiny_imagenet')

train_dataloader = dict(dataset=dict(**__images, split='train', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**__images, split='val', pipeline=test_pipeline))
test_dataloader = val_dataloader
