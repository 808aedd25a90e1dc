# Document 002: 300 epochs; the logits' losses by SGD at 0.1, tenfold less at 150 and 225, weight decay 1e-4; the
# features' by Adam at 2e-5, tenfold less at 75 and 150, weight decay 0.1. The test set is read once, at the end.
optim_wrapper = dict(
    constructor='NodeOptimWrapperConstructor',
    logits=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-4)),
    features=dict(optimizer=dict(type='Adam', lr=2e-5, weight_decay=0.1)),
)
param_scheduler = dict(
    logits=dict(type='MultiStepLR', by_epoch=True, milestones=[150, 225], gamma=0.1),
    features=dict(type='MultiStepLR', by_epoch=True, milestones=[75, 150], gamma=0.1),
)
train_cfg = dict(by_epoch=True, max_epochs=300, val_interval=300)
val_cfg = dict()
test_cfg = dict()
