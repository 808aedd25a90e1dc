# An overlay, after one of datasets/: all networks, as they are, for as many classes as these data have; also those of
# which a search chooses one for a node.
_classes = dict(num_classes=_base_.data_preprocessor.num_classes)


def _for_these_classes(network):
    # An attention branch network classifies in its backbone, too.
    in_backbone = dict(backbone=_classes) if 'num_classes' in network.backbone else {}
    return dict(head=_classes, **in_backbone)


model = dict(
    nodes={
        name: dict(network=_for_these_classes(node.network))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
if _base_.get('search'):
    search = dict(
        space={
            key: {name: _for_these_classes(choice) for name, choice in choices.items() if 'backbone' in (choice or {})}
            for key, choices in _base_.search.space.items()
            if key.endswith('.network')
        }
    )
