# An overlay: the config's networks share nothing, each has a trunk of its own.
model = dict(nodes={name: dict(share=None) for name, node in _base_.model.nodes.items() if 'share' in node})
