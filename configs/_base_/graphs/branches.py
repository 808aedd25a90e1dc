# Four branches on one trunk and their ensemble: three auxiliary ones, net1 to net3, and the group leader, the one to
# deploy. They share all up to the end of the first of three stages: document 003, whose tables compare ONE, OKDDip and
# its own method so, separates the last two. The code of OKDDip's authors, which has ONE as well, separates the last
# alone: until='backbone.layer2' of each, and likewise the layer of ONE's gate. It can divide the gradients into the
# trunk by the number of branches, which we do not. Without a trunk, as four networks: --with
# configs/_base_/networks/no_trunk.py
__networks = ['net1', 'net2', 'net3', 'leader']
__shared = dict(type='NetworkNode', share=dict(node='net1', until='backbone.layer1'))

model = dict(
    type='KnowledgeTransferGraph',
    target='leader',
    nodes=dict(
        net1=dict(type='NetworkNode'),
        net2=__shared,
        net3=__shared,
        leader=__shared,
        ensemble=dict(type='EnsembleNode', members=__networks),
    ),
    edges={f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in __networks},
)
