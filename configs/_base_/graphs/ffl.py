# Feature fusion learning (Kim et al., ICPR 2020): two branches on one trunk, and a classifier of their fused feature
# maps, which teaches both and learns from their mean; T = 3, growing over the first 80 of 300 epochs. The authors' code
# adds 1e-7 to the probabilities that teach, grows epoch by epoch, and steps the classifier with an optimiser of its
# own, of weight decay 1e-5, which the experiments give the node. Its FFL is the fusion, its FFL-S a branch. The trunk,
# one of three stages, is that of the other methods here. Two networks: --with configs/_base_/networks/no_trunk.py
__networks = ['net1', 'net2']
__kl = dict(loss=dict(type='KLDivergence', temperature=3.0), gate=dict(type='RampUpGate', length=80 / 300))

model = dict(
    type='KnowledgeTransferGraph',
    target='fusion',
    nodes=dict(
        net1=dict(type='NetworkNode'),
        net2=dict(type='NetworkNode', share=dict(node='net1', until='backbone.layer1')),
        ensemble=dict(type='EnsembleNode', members=__networks),
        fusion=dict(type='FusionClassifierNode', members=__networks),
    ),
    edges={
        **{f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in (*__networks, 'fusion')},
        **{f'fusion->{name}': __kl for name in __networks},
        'ensemble->fusion': __kl,
    },
)
