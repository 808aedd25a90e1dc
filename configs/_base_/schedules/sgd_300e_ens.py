# Okamoto et al., ECCV 2022: batch 16, 300 epochs, learning rate 0.1, x0.1 at 150 and 225. The test set is read once, at
# the end.
optim_wrapper = dict(
    constructor='NodeOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-4),
)
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[150, 225], gamma=0.1)
train_cfg = dict(by_epoch=True, max_epochs=300, val_interval=300)
val_cfg = dict()
test_cfg = dict()
