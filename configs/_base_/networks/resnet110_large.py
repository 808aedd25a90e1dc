# An overlay: all networks are ResNet-110 with the stem for images larger than Tiny-ImageNet's (thesis, section 3.3.1),
# for the config's classes and colour channels.
_base_ = ['resnet32_large.py']

model = dict(
    nodes={
        name: dict(network=dict(backbone=dict(depth=110)))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
