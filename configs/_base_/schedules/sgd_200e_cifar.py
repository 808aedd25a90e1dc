# Minami et al., ACCV 2020: batch 64, 200 epochs, learning rate 0.1, x0.1 every 60. The test set is
# read once, at the end. The paper gives no weight decay: 5e-4 is the authors' code's.
optim_wrapper = dict(
    constructor='NodeOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True),
)
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[60, 120, 180], gamma=0.1)
train_cfg = dict(by_epoch=True, max_epochs=200, val_interval=200)
val_cfg = dict()
test_cfg = dict()
