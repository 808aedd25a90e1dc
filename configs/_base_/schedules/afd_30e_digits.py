# The 30 epochs of sgd_30e_digits.py for the logits' losses of AFD; for the features' Adam.
optim_wrapper = dict(
    constructor='NodeOptimWrapperConstructor',
    logits=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)),
    features=dict(optimizer=dict(type='Adam', lr=2e-4, weight_decay=0.1)),
)
param_scheduler = dict(
    logits=dict(type='CosineAnnealingLR', by_epoch=True, begin=0, convert_to_iter_based=True),
    features=dict(type='MultiStepLR', by_epoch=True, milestones=[8, 15], gamma=0.1),
)
train_cfg = dict(by_epoch=True, max_epochs=30, val_interval=30)
val_cfg = dict()
test_cfg = dict()
