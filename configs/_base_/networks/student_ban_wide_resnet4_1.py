# An overlay of configs/born_again/ban_resnet_cifar100.py: the student is BAN-Wide-ResNet-4-1 (document 004, table 5).
__second = _base_.stages[1]
__net = __second.model.nodes.net
__student = dict(__net.network, backbone=dict(__net.network.backbone, units=4, ratio=1.0))
stages = [
    _base_.stages[0],
    dict(__second, model=dict(__second.model, nodes=dict(__second.model.nodes, net=dict(__net, network=__student)))),
]
