# Fashion-MNIST with 250 labels among 10,000 training images of 14x14 pixels, 5,000 others to validate on, and all
# 10,000 test images: semi-supervised learning on a CPU. For loops that count iterations.
_base_ = ['fashion_mnist_3000.py', '../augmentations/randaugment.py']

_split = dict(type='Split', of='FashionMNISTFiles', train_size=10_000, val_size=5000, split='train')
_flip = dict(type='RandomFlip', prob=0.5)
_crop = dict(type='PadRandomCrop', crop_size=14, padding=1, padding_mode='reflect')
# A square of up to half the side, grey.
_cutout = dict(type='Cutout', magnitude_level=10, magnitude_std='inf', magnitude_range=(0, 8), pad_val=128, prob=1.0)

train_pipeline = [
    dict(type='SeedRandom'),
    _base_._smaller,
    dict(type='Views', weak=[_flip, _crop], strong=[_flip, _crop, _base_.randaugment_grey, _cutout]),
    dict(type='PackViews'),
]
train_dataloader = dict(
    batch_size=128,
    dataset=dict(
        _delete_=True,
        type='SemiSupervised',
        dataset=dict(part='train', **_split),
        num_labels=250,
        labeled_as_unlabeled=True,
        split_folder='data/splits',
        pipeline=train_pipeline,
    ),
    sampler=dict(_delete_=True, type='SemiSupervisedSampler', labeled=16, unlabeled=112, infinite=True),
)
val_dataloader = dict(dataset=dict(part='val', **_split))
