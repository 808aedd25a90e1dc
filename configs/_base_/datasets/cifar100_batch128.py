# CIFAR-100 in batches of 128, the size of documents 002 and 003.
_base_ = ['cifar100.py']

train_dataloader = dict(batch_size=128)
