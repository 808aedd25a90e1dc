# CIFAR-10 in batches of 16, the size that the thesis says it trained ensembles with (the authors' code has 128).
_base_ = ['cifar10.py']

train_dataloader = dict(batch_size=16)
