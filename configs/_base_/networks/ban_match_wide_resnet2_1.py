# An overlay: all networks are BAN-Match-Wide-ResNet-2-1 (document 004, table 5), for the config's classes and colour
# channels, with the stem and the hidden states of a DenseNet-90-60.
_base_ = ['ban_wide_resnet1_1.py']

model = dict(
    nodes={
        name: dict(network=dict(backbone=dict(units=2)))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
