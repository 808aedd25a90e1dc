# 100 of the digits to train on, the classes in their proportions; validation and test are those of digits.py.
_base_ = ['digits.py']

train_dataloader = dict(batch_size=8, dataset=dict(type='Split', of='Digits', part='train', val_size=1157))
