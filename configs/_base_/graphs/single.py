# One network that learns the label alone.
model = dict(
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(net1=dict(type='NetworkNode')),
    edges={'label->net1': dict(loss=dict(type='CrossEntropy'))},
)
