# CIFAR-100 in batches of 16, the size that the thesis says it trained ensembles with (the authors' code has 128).
_base_ = ['cifar100.py']

train_dataloader = dict(batch_size=16)
