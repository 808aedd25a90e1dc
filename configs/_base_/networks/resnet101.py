# An overlay: all networks are ResNet-101 for large images, for the config's classes and colour channels.
model = dict(
    nodes={
        name: dict(
            network=dict(
                backbone=dict(
                    _delete_=True,
                    type='ResNet',
                    depth=101,
                    zero_init_residual=False,
                    in_channels=node.network.backbone.get('in_channels', 3),
                ),
                head=dict(in_channels=2048),
            )
        )
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
