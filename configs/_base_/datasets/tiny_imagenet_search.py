# Tiny-ImageNet for a search: 90,000 training and 10,000 validation images out of the training set; the published
# validation images, on which papers evaluate, are seen by test_dataloader alone.
# Minami et al. split at random; ours keeps the proportions of the classes, and is the same in every run.
_base_ = ['tiny_imagenet.py']

train_dataloader = dict(dataset=dict(type='Split', of='TinyImageNet', part='train', val_size=10_000))
val_dataloader = dict(dataset=dict(type='Split', of='TinyImageNet', part='val', val_size=10_000, split='train'))
