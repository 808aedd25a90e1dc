# An overlay: all networks are BAN-Pre-ResNet-14-1 (document 004, table 5), ban_pre_resnet14_05.py at twice the ratio.
_base_ = ['ban_pre_resnet14_05.py']

model = dict(
    nodes={
        name: dict(network=dict(backbone=dict(ratio=1.0)))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
