# The space of diverse networks of the thesis (ch. 5): on unlabelled images a network learns from another by KL
# divergence or a pseudo-label, or is the moving average of its weights; from itself by the first two. Five gates, four
# on the label, whose confidence is always above the threshold. A draw with the average of another kind of network, or
# with averages of one another, is drawn again. Asynchronous successive halving after 1, 2, 4, ... epochs.
_base_ = ['four_gates.py']

_gates = dict(
    through=dict(type='ThroughGate'),
    cutoff=dict(type='CutoffGate'),
    linear=dict(type='LinearGate'),
    negative_linear=dict(type='NegativeLinearGate'),
)
_on_unlabeled = dict(views=dict(source='weak2', target='weak'), samples='unlabeled')
_losses = dict(
    kl=dict(loss=dict(type='KLDivergence'), **_on_unlabeled),
    pseudo_label=dict(loss=dict(type='PseudoLabel'), **_on_unlabeled),
)

search = dict(
    trials=1500,
    space={
        '_delete_': True,
        'model.edges.label->*.gate': _gates,
        'model.edges.net?->net?': dict(**_losses, ema=dict(type='EMAEdge', decay=0.999)),
        'model.edges.net1->net1': _losses,
        'model.edges.net2->net2': _losses,
        'model.edges.net?->net?.gate': dict(
            when={'model.edges.*': ['kl', 'pseudo_label']},
            choices=dict(**_gates, threshold=dict(type='ThresholdGate', threshold=0.95)),
        ),
    },
)
