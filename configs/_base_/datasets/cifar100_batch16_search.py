# CIFAR-100 for a search of an ensemble: the split of cifar100_search.py, in batches of 16, as in cifar100_batch16.py.
_base_ = ['cifar100_search.py']

train_dataloader = dict(batch_size=16)
