# An overlay: all networks are ResNet-34 for large images, for the config's classes and colour channels.
model = dict(
    nodes={
        name: dict(
            network=dict(
                backbone=dict(
                    _delete_=True,
                    type='ResNet',
                    depth=34,
                    zero_init_residual=False,
                    in_channels=node.network.backbone.get('in_channels', 3),
                ),
                head=dict(in_channels=512),
            )
        )
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
