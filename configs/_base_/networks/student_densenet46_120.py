# An overlay of configs/born_again/ban_deeper_cifar100.py: the DenseNet-90-60's student is half as deep: DenseNet-46-120
# (document 004, table 4).
__second = _base_.stages[1]
__net = __second.model.nodes.net
__student = dict(__net.network, backbone=dict(__net.network.backbone, depth=46, growth_rate=120))
stages = [
    _base_.stages[0],
    dict(__second, model=dict(__second.model, nodes=dict(__second.model.nodes, net=dict(__net, network=__student)))),
]
