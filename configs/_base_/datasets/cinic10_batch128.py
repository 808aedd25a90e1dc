# CINIC-10 in batches of 128, the size of document 003.
_base_ = ['cinic10.py']

train_dataloader = dict(batch_size=128)
