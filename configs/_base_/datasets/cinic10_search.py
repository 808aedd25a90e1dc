# CINIC-10 for a search: its own 90,000 validation images; the test set is seen by test_dataloader alone.
_base_ = ['cinic10.py']

val_dataloader = dict(dataset=dict(split='val'))
