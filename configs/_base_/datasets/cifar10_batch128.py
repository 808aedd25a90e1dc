# CIFAR-10 in batches of 128, the size of document 003.
_base_ = ['cifar10.py']

train_dataloader = dict(batch_size=128)
