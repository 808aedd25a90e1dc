# Branches on one trunk (../graphs/branches_space.py): where they part, who teaches them, and four gates on every edge.
# The auxiliary branches' teacher is the mean of the other branches (Song and Chai) or an ensemble that learns how much
# each counts: by a gate on a feature map, which learns the label (ONE), by attention between the auxiliary branches
# (OKDDip) or from their fused feature maps (FFM). These two learn through what they tell. The leader hears the same
# teacher, and always the mean of the auxiliary branches. Asynchronous successive halving after 1, 2, 4, ... epochs.
_base_ = ['four_gates.py']

_auxiliary = ['net1', 'net2', 'net3']
_gates = dict(
    through=dict(type='ThroughGate'),
    cutoff=dict(type='CutoffGate'),
    linear=dict(type='LinearGate'),
    correct=dict(type='CorrectGate'),
)

search = dict(
    space={
        '_delete_': True,
        # One parameter: all branches part from the trunk at the same place.
        'model.nodes.net2.share, model.nodes.net3.share, model.nodes.leader.share': dict(
            none=None,
            stem=dict(node='net1', until='backbone.conv1'),
            layer1=dict(node='net1', until='backbone.layer1'),
            layer2=dict(node='net1', until='backbone.layer2'),
        ),
        'model.nodes.teacher': dict(
            mean=None,
            gated=dict(type='GatedEnsembleNode', members=[*_auxiliary, 'leader'], layer='backbone.layer1'),
            attention=dict(type='AttentionEnsembleNode', members=_auxiliary),
            fusion=dict(type='FusionEnsembleNode', members=_auxiliary),
        ),
        # What follows from the teacher.
        'model.edges.label->teacher': dict(
            when={'model.nodes.teacher': ['attention', 'fusion']}, choices=dict(nothing=None)
        ),
        'model.edges.teacher->net?.detach': dict(
            when={'model.nodes.teacher': ['attention', 'fusion']}, choices=[False]
        ),
        'model.edges.all_but_net?->net?': dict(
            when={'model.nodes.teacher': ['gated', 'attention', 'fusion']}, choices=dict(nothing=None)
        ),
        'model.edges.label->net?.gate': _gates,
        'model.edges.label->leader.gate': _gates,
        'model.edges.teacher->*.gate': _gates,
        'model.edges.all_but_*->*.gate': _gates,
    },
)
