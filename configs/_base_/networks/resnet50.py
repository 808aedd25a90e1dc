# An overlay: all networks are ResNet-50 for large images, as resnet34.py has ResNet-34.
_base_ = ['resnet34.py']

model = dict(
    nodes={
        name: dict(network=dict(backbone=dict(depth=50), head=dict(in_channels=2048)))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
