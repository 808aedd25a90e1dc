# An overlay: AFD's second optimiser beside the benchmark's own, which stays that of the logits. It is document 002's
# Adam, tenfold less after a quarter and a half of the run; its rate is that of afd_32e_fashion_mnist_3000.py.
__epochs = _base_.train_cfg.max_epochs

model = dict(
    edges={
        key: dict(loss=dict(size=_base_.benchmark.map_size)) for key in _base_.model.edges if key.endswith(':features')
    }
)
optim_wrapper = dict(
    _delete_=True,
    constructor=_base_.optim_wrapper.constructor,
    logits=dict(optimizer=_base_.optim_wrapper.optimizer),
    features=dict(optimizer=dict(type='Adam', lr=2e-4, weight_decay=0.1)),
)
param_scheduler = dict(
    _delete_=True,
    logits=_base_.param_scheduler,
    features=dict(
        type='MultiStepLR', by_epoch=True, milestones=[max(1, __epochs // 4), max(2, __epochs // 2)], gamma=0.1
    ),
)
