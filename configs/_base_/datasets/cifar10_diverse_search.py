# cifar10_diverse.py for a search: 40,000 training images, labelled and unlabelled, and 10,000 to validate on, all out
# of the training set; the test set is seen by test_dataloader alone.
# How the thesis splits it does not say; ours keeps the proportions of the classes, the same in every run.
_base_ = ['cifar10_diverse.py']

train_dataloader = dict(dataset=dict(dataset=dict(type='Split', of='CIFAR10', part='train', val_size=10_000)))
val_dataloader = dict(dataset=dict(type='Split', of='CIFAR10', part='val', val_size=10_000, split='train'))
