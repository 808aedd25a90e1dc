# An overlay for consistency_2node_*.py: net1 alone learns the labels, and nothing of the other images (thesis, fig.
# 5.1), in batches and for as long as those that do.
model = dict(
    _delete_=True,
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(net1=_base_.model.nodes.net1),
    edges={'label->net1': _base_.model.edges['label->net1']},
)
