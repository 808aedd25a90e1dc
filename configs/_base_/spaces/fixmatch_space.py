# The FixMatch space of the thesis (ch. 5): a network and the moving average of its weights. What the network learns
# from itself and from the average is KL divergence, a pseudo-label, or one where the teacher is sure; four gates, on
# the label as well. The thesis's space also has edges into the average: it does not learn, so they change nothing. The
# score is the better node's; export_graph.py makes it the target. Asynchronous successive halving after 1, 2, 4, ...
# validations.
_base_ = ['four_gates.py']

_losses = dict(
    when={'model.edges.*.gate': ['through', 'linear', 'negative_linear']},
    choices=dict(
        kl=dict(type='KLDivergence'),
        pseudo_label=dict(type='PseudoLabel'),
        sure_pseudo_label=dict(type='PseudoLabel', threshold=0.95),
    ),
)

search = dict(
    trials=60,
    metric='best/accuracy/top1',
    space={
        '_delete_': True,
        'model.edges.*->net1.gate': dict(
            through=dict(type='ThroughGate'),
            cutoff=dict(type='CutoffGate'),
            linear=dict(type='LinearGate'),
            negative_linear=dict(type='NegativeLinearGate'),
        ),
        'model.edges.net1*->net1.loss': _losses,
        'model.edges.ema*->net1.loss': _losses,
    },
)
