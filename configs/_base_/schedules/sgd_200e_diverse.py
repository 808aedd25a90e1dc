# Semi-supervised graphs of diverse networks (thesis, ch. 5) on CIFAR-100: 200 epochs of the unlabelled images, learning
# rate 0.2. CIFAR-10's rate and weight decay are in its configs. The thesis does not say how the rate falls: along a
# cosine to 0 is our choice. The test set is read once, at the end.
optim_wrapper = dict(
    constructor='NodeOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.2, momentum=0.9, weight_decay=2e-4, nesterov=True),
)
param_scheduler = dict(type='CosineAnnealingLR', T_max=200, eta_min=0.0, by_epoch=True, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=200, val_interval=200)
val_cfg = dict()
test_cfg = dict()
