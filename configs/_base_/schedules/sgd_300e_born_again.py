# Of born-again networks document 004 has no recipe. Ours is DenseNet's for CIFAR (Huang et al., CVPR 2017): batch 64,
# 300 epochs, learning rate 0.1, x0.1 at half and at three quarters, weight decay 1e-4. The test set is read once, at
# the end of each stage.
optim_wrapper = dict(
    constructor='NodeOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True),
)
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[150, 225], gamma=0.1)
train_cfg = dict(by_epoch=True, max_epochs=300, val_interval=300)
val_cfg = dict()
test_cfg = dict()
