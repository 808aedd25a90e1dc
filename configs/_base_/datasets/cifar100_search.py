# CIFAR-100 for a search: 40,000 training and 10,000 validation images out of the training set; the test set is seen by
# test_dataloader alone.
# Minami et al. split at random; ours keeps the proportions of the classes, and is the same in every run.
_base_ = ['cifar100.py']

train_dataloader = dict(dataset=dict(type='Split', of='CIFAR100', part='train', val_size=10_000))
val_dataloader = dict(dataset=dict(type='Split', of='CIFAR100', part='val', val_size=10_000, split='train'))
