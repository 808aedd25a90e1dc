# An overlay of configs/born_again/ban_deeper_cifar100.py: the student has 1.5 times the compression rate of its
# teacher, a DenseNet-90-60 (document 004, table 4). We read this as 1.5 times its growth at its hidden states.
__second = _base_.stages[1]
__net = __second.model.nodes.net
__student = dict(
    __net.network, backbone=dict(__net.network.backbone, depth=90, growth_rate=90, hidden_channels=[480, 660, 750])
)
stages = [
    _base_.stages[0],
    dict(__second, model=dict(__second.model, nodes=dict(__second.model.nodes, net=dict(__net, network=__student)))),
]
