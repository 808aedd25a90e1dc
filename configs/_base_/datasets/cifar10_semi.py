# CIFAR-10 with 4,000 labels, in FixMatch's batches: 64 labelled and 448 unlabelled samples, a weak and a strong view
# of each. For loops that count iterations. The test data are CIFAR-10's.
_base_ = ['cifar10.py', '../augmentations/randaugment.py']

_flip = dict(type='RandomFlip', prob=0.5)
_crop = dict(type='PadRandomCrop', crop_size=32, padding=4, padding_mode='reflect')
# A square of up to half the side, grey.
_cutout = dict(type='Cutout', magnitude_level=10, magnitude_std='inf', magnitude_range=(0, 17), pad_val=128, prob=1.0)

train_pipeline = [
    dict(type='SeedRandom'),
    dict(type='Views', weak=[_flip, _crop], strong=[_flip, _crop, _base_.randaugment, _cutout]),
    dict(type='PackViews'),
]
train_dataloader = dict(
    batch_size=512,
    num_workers=8,  # strong augmentation takes time
    dataset=dict(
        _delete_=True,
        type='SemiSupervised',
        dataset=dict(type='CIFAR10', data_root='data/cifar10', split='train', download=False),
        num_labels=4000,
        labeled_as_unlabeled=True,
        split_folder='data/splits',
        pipeline=train_pipeline,
    ),
    sampler=dict(_delete_=True, type='SemiSupervisedSampler', labeled=64, unlabeled=448, infinite=True),
)
