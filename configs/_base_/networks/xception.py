# An overlay: all networks are Xception for small images, for the config's classes and colour channels. Branches share
# the stem and the entry flow, one of three: document 003 separates the last two blocks, which we take for the middle
# and the exit flow.
model = dict(
    nodes={
        name: dict(
            network=dict(
                backbone=dict(
                    _delete_=True, type='CIFARXception', in_channels=node.network.backbone.get('in_channels', 3)
                ),
                head=dict(in_channels=2048),
            )
        )
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
