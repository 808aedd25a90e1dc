# CIFAR-10 for a search of an ensemble: the split of cifar10_search.py, in batches of 16, as in cifar10_batch16.py.
_base_ = ['cifar10_search.py']

train_dataloader = dict(batch_size=16)
