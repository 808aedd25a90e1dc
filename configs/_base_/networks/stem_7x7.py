# An overlay: the config's ResNets and wide ResNets for small images have the stem for images larger than
# Tiny-ImageNet's, as in the thesis's section 3.3.1: a 7x7 convolution of stride 2, then 3x3 max-pooling of stride 2.
model = dict(
    nodes={
        name: dict(network=dict(backbone=dict(stem='7x7')))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
        and node.network.backbone.type in ('CIFARResNet', 'CIFARWideResNet', 'ABNCIFARResNet')
    }
)
