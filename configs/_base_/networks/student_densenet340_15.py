# An overlay of configs/born_again/ban_deeper_cifar100.py: the DenseNet-90-60's student is four times as deep:
# DenseNet-340-15 (document 004, table 4).
__second = _base_.stages[1]
__net = __second.model.nodes.net
__student = dict(__net.network, backbone=dict(__net.network.backbone, depth=340, growth_rate=15))
stages = [
    _base_.stages[0],
    dict(__second, model=dict(__second.model, nodes=dict(__second.model.nodes, net=dict(__net, network=__student)))),
]
