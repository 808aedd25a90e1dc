# Kim et al. (AAAI 2016): SGD, batches of 20, 25 epochs, a learning rate of 1 that is halved when the validation's
# perplexity has not become lower by more than 1, gradients of a norm of 5 at most. They add up the loss over the 35
# tokens of a chunk, of which it is the mean here.
_tokens = 35

optim_wrapper = dict(
    constructor='NodeOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=1.0 * _tokens),
    clip_grad=dict(max_norm=5.0 / _tokens),
)
param_scheduler = dict(
    type='ReduceOnPlateauLR',
    monitor='net1/perplexity',
    rule='less',
    factor=0.5,
    patience=0,
    threshold=1.0,
    threshold_rule='abs',
    by_epoch=True,
)
train_cfg = dict(by_epoch=True, max_epochs=25, val_interval=1)
val_cfg = dict()
test_cfg = dict()
