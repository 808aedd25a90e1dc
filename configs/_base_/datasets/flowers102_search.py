# Oxford 102 Flowers for a search: its own training and validation images; the test set is seen by
# test_dataloader alone.
_base_ = ['flowers102.py']

train_dataloader = dict(dataset=dict(split='train'))
val_dataloader = dict(dataset=dict(split='val'))
