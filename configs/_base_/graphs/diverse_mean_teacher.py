# An overlay for consistency_2node_*.py: Mean Teacher as the thesis has it (5.2.1 and fig. 5.2b): net1 agrees with net2,
# the moving average of its weights, by KL divergence, from the first iteration on and through no ramp.
__edges = _base_.model.edges

model = dict(
    _delete_=True,
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(net1=_base_.model.nodes.net1, net2=_base_.model.nodes.net1),
    edges={
        'label->net1': __edges['label->net1'],
        'net2->net1': __edges['net2->net1'],
        'net1->net2': dict(type='EMAEdge', decay=0.999),
    },
)
