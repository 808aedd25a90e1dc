# Document 003: 300 epochs, the rate falls tenfold at 150 and 225.
_base_ = ['sgd_200e_cifar.py']

param_scheduler = dict(_delete_=True, type='MultiStepLR', by_epoch=True, milestones=[150, 225], gamma=0.1)
train_cfg = dict(max_epochs=300)
