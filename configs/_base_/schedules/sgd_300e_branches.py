# Document 003: 300 epochs, the rate falls tenfold at 150 and 225; the test set is read once, at the end.
_base_ = ['sgd_200e_cifar.py']

param_scheduler = dict(_delete_=True, type='MultiStepLR', by_epoch=True, milestones=[150, 225], gamma=0.1)
train_cfg = dict(max_epochs=300, val_interval=300)
