# An overlay: all networks are DenseNet-BC-100-12 (Huang et al., CVPR 2017), for the config's classes and colour
# channels. Branches share the stem and the first of three dense blocks.
model = dict(
    nodes={
        name: dict(
            network=dict(
                backbone=dict(
                    _delete_=True,
                    type='CIFARDenseNet',
                    depth=100,
                    growth_rate=12,
                    last_transition=False,
                    in_channels=node.network.backbone.get('in_channels', 3),
                ),
                head=dict(in_channels=342),
            )
        )
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
