# The four gates of Minami et al. (ACCV 2020) on every edge, and asynchronous successive halving after 1, 2, 4, ...
# epochs.
search = dict(
    trials=1500,
    sampler=dict(type='RandomSampler', seed=0),
    hook=dict(
        type='ASHAHook',
        pruner=dict(type='SuccessiveHalvingPruner', min_resource=1, reduction_factor=2, min_early_stopping_rate=0),
    ),
    space={
        'model.edges.*.gate': dict(
            through=dict(type='ThroughGate'),
            cutoff=dict(type='CutoffGate'),
            linear=dict(type='LinearGate'),
            correct=dict(type='CorrectGate'),
        )
    },
)
