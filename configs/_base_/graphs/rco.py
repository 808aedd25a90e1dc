# Route-constrained distillation (Jin et al., ICCV 2019): a student learns from checkpoints of one teacher's run,
# early to last, its anchors: L_label + T^2 L_kd with T = 2, as kd.py has it. From anchor to anchor it goes on with
# its weights and a fresh schedule. Four anchors, and when they come, are ours.
# An experiment says which networks stand there, and gives the teachers' stages an epoch.
def _anchor(net=None):
    nodes = dict(teacher=dict(type='NetworkNode', stage=dict(name='teacher', node='net')))
    if net:
        nodes['net'] = dict(_delete_=True, type='NetworkNode', stage=dict(name=net, node='net'))
    return dict(nodes=nodes, edges={'teacher->net': dict(loss=dict(type='KLDivergence', temperature=2.0))})


model = dict(
    type='KnowledgeTransferGraph',
    target='net',
    nodes=dict(net=dict(type='NetworkNode')),
    edges={'label->net': dict(loss=dict(type='CrossEntropy'))},
)
stages = [
    dict(name='teacher'),
    dict(name='anchor1', model=_anchor()),
    dict(name='anchor2', model=_anchor(net='anchor1')),
    dict(name='anchor3', model=_anchor(net='anchor2')),
    dict(name='anchor4', model=_anchor(net='anchor3')),
]
