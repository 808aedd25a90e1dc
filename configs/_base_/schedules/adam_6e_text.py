# 6 epochs for a small text, validated after each.
optim_wrapper = dict(
    constructor='NodeOptimWrapperConstructor',
    optimizer=dict(type='Adam', lr=8e-3),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True, begin=0, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=6, val_interval=1)
val_cfg = dict()
test_cfg = dict()
