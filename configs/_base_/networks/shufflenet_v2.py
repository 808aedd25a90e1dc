# An overlay: all networks are ShuffleNetV2-1.0 for small images, for the config's classes and colour channels. Branches
# share the stem and the first of three stages; document 003 separates the last two blocks.
model = dict(
    nodes={
        name: dict(
            network=dict(
                backbone=dict(
                    _delete_=True,
                    type='CIFARShuffleNetV2',
                    widen_factor=1.0,
                    in_channels=node.network.backbone.get('in_channels', 3),
                ),
                head=dict(in_channels=1024),
            )
        )
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
