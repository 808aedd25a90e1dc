# The 32 epochs of sgd_32e_fashion_mnist_3000.py for the logits' losses; for the features' document 002's Adam, tenfold
# less after a quarter and a half of the run, as there. Its rate, 2e-4, is ten times the document's in an eightieth of
# its steps: on the validation images 2e-5 was no better and 2e-3 worse (one seed each).
optim_wrapper = dict(
    constructor='NodeOptimWrapperConstructor',
    logits=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)),
    features=dict(optimizer=dict(type='Adam', lr=2e-4, weight_decay=0.1)),
)
param_scheduler = dict(
    logits=dict(type='CosineAnnealingLR', by_epoch=True, begin=0, convert_to_iter_based=True),
    features=dict(type='MultiStepLR', by_epoch=True, milestones=[8, 16], gamma=0.1),
)
train_cfg = dict(by_epoch=True, max_epochs=32, val_interval=32)
val_cfg = dict()
test_cfg = dict()
