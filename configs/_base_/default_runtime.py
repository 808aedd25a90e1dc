# What all runs share: hooks, log, seed, distributed training.
default_scope = 'mmpretrain'
custom_imports = dict(
    imports=['ktg_mm.models', 'ktg_mm.datasets', 'ktg_mm.engine', 'ktg_mm.evaluation'],
    allow_failed_imports=False,
)
randomness = dict(seed=0)

# The Runner adds to these lists what a graph needs; a config may replace them.
default_hooks = dict(
    # An epoch's last iterations are logged, too; curves of training and validation have one axis, the iterations.
    logger=dict(type='LoggerHook', interval=50, ignore_last=False, log_metric_by_epoch=False),
    checkpoint=dict(type='SafeCheckpointHook', interval=1, max_keep_ckpts=1),
)
custom_hooks = [dict(type='ProgressBarHook')]  # in a terminal
log_level = 'INFO'
# Losses are handed on as their mean since the last line of the log, so the newest value is what to show.
log_processor = dict(
    type='GraphLogProcessor', window_size=1, custom_cfg=[dict(data_src='time', method_name='mean', window_size=10)]
)
visualizer = dict(
    type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend'), dict(type='GraphTensorboardVisBackend')]
)
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
model_wrapper_cfg = dict(type='GraphDistributedDataParallel', broadcast_buffers=False)
load_from = None
resume = False
