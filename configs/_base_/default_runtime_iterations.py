# default_runtime.py for loops that count iterations.
_base_ = ['default_runtime.py']

default_hooks = dict(checkpoint=dict(by_epoch=False, interval=5000))
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='SyncBeforeSaveHook'),  # batch-norm statistics are averaged over the processes before a checkpoint, too
]
log_processor = dict(by_epoch=False)
