# An overlay for a search among diverse networks: there is a frozen teacher besides, like net2 (thesis, 5.2.3). Its edge
# from the label is cut off in all graphs, so the search trains it on the labels before. What each network learns from
# it is KL divergence or a pseudo-label, through one of the space's five gates; one of them cuts the edge off.
__nets = list(_base_.model.nodes)
__choices = _base_.search.space['model.edges.net?->net?']

model = dict(
    nodes=dict(teacher=dict(type='NetworkNode', network=_base_.model.nodes.net2.network)),
    edges={'label->teacher': _base_.model.edges['label->net2'], **{f'teacher->{net}': __choices.kl for net in __nets}},
)
search = dict(
    space={
        'model.edges.label->teacher.gate': dict(cutoff=dict(type='CutoffGate')),
        'model.edges.teacher->net?': dict(kl=__choices.kl, pseudo_label=__choices.pseudo_label),
        'model.edges.teacher->net?.gate': _base_.search.space['model.edges.net?->net?.gate'].choices,
    }
)
