# An overlay for consistency_2node_*.py: the Pi-model as the thesis has it (5.2.1 and fig. 5.2a), net1 alone, which
# agrees with itself by KL divergence, from the first iteration on and through no ramp.
__edges = _base_.model.edges

model = dict(
    _delete_=True,
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(net1=_base_.model.nodes.net1),
    edges={'label->net1': __edges['label->net1'], 'net1->net1': __edges['net1->net1']},
)
