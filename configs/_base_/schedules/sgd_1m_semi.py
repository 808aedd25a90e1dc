# FixMatch (Sohn et al., NeurIPS 2020): 2^20 iterations, learning rate 0.03 cos(7 pi k / 16 K), Nesterov momentum. The
# test set is read once, at the end.
optim_wrapper = dict(
    constructor='NodeOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.03, momentum=0.9, weight_decay=5e-4, nesterov=True),
)
param_scheduler = dict(type='PartialCosineLR', by_epoch=False, begin=0, end=2**20)
train_cfg = dict(by_epoch=False, max_iters=2**20, val_interval=2**20)
val_cfg = dict()
test_cfg = dict()
