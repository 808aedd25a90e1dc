# An overlay: all networks are BAN-Wide-ResNet-4-1 (document 004, table 5), ban_wide_resnet4_05.py at twice the ratio.
_base_ = ['ban_wide_resnet4_05.py']

_base_ = ['ban_wide_resnet1_1.py']

model = dict(
    nodes={
        name: dict(network=dict(backbone=dict(units=4)))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
