# Search for a three-node graph of four gates on handwritten digits; 50 graphs.
#   python tools/search.py configs/search/ktg_3node_digits.py
_base_ = ['../dml/dml_3node_digits.py']

search = dict(
    trials=50,
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
        ),
        'model.nodes.net[23].network': dict(resnet8=_base_.resnet8, wrn10_1=_base_.wrn10_1),
    },
)
