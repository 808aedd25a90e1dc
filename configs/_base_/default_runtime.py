# What all runs share: hooks, log, seed, distributed training.
default_scope = 'mmpretrain'
custom_imports = dict(
    imports=['ktg_mm.models', 'ktg_mm.datasets', 'ktg_mm.engine', 'ktg_mm.evaluation'],
    allow_failed_imports=False,
)
randomness = dict(seed=0)

default_hooks = dict(
    runtime_info=dict(type='GraphRuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, ignore_last=False),  # an epoch's last iterations are logged too
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='SafeCheckpointHook', interval=1, max_keep_ckpts=1),
    sampler_seed=dict(type='DistSamplerSeedHook'),
)
custom_hooks = [
    dict(type='ProgressHook'),  # tells the gates how far the run is
    dict(type='SeedHook'),  # a resumed run draws what the uninterrupted one would have drawn
    dict(type='ClassCountHook'),
    dict(type='SampleCountHook'),
    dict(type='FastResumeHook'),  # a resumed loop over iterations does not load again the batches that it has had
    dict(type='ValidateOnResumeHook'),  # a run may have been killed between an epoch's checkpoint and its validation
    dict(type='ProgressBarHook'),  # in a terminal
    dict(type='SyncBuffersHook'),  # averages batch-norm statistics over the processes
]
log_level = 'INFO'
# Losses are handed on as their mean since the last line of the log, so the newest value is what to show.
log_processor = dict(
    type='GraphLogProcessor', window_size=1, custom_cfg=[dict(data_src='time', method_name='mean', window_size=10)]
)
visualizer = dict(
    type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]
)
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
model_wrapper_cfg = dict(type='GraphDistributedDataParallel', broadcast_buffers=False)
load_from = None
resume = False
