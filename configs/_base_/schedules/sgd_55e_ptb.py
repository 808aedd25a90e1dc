# Zaremba et al. (2014), the large LSTM: SGD, batches of 20, 55 epochs, a learning rate of 1 that is divided by 1.15
# after each epoch from the 14th on, gradients of a norm of 10 at most. They add up the loss over the 35 tokens of a
# chunk, of which it is the mean here.
_tokens = 35

optim_wrapper = dict(
    constructor='NodeOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=1.0 * _tokens),
    clip_grad=dict(max_norm=10.0 / _tokens),
)
param_scheduler = dict(type='ExponentialLR', gamma=1 / 1.15, by_epoch=True, begin=14)
train_cfg = dict(by_epoch=True, max_epochs=55, val_interval=1)
val_cfg = dict()
test_cfg = dict()
