# Ensembles of diverse networks (Okamoto et al., ECCV 2022): an edge between two networks attracts or repels
# probabilities, attention, or both; four gates on every edge, label edges included. Which loss an edge has matters only
# if its gate is not CutoffGate.
# In the thesis a network that nobody teaches stays random, and votes (fig. 4.10: 0.52 and 0.43 %). Here it learns
# the labels first (`pretrain`), as in chapter 3. The thesis's way: --with configs/_base_/networks/untaught_random.py
_base_ = ['four_gates.py']

_probability = dict(attract=dict(type='KLDivergence'), repel=dict(type='ProbabilityCosine'))
_attention = dict(attract=dict(type='AttentionMSE'), repel=dict(type='AttentionCosine'))

search = dict(
    trials=6000,
    space={
        'model.edges.net*->net*.loss': dict(
            when={'model.edges.*.gate': ['through', 'linear', 'correct']},
            choices=dict(
                probability_attract=_probability['attract'],
                probability_repel=_probability['repel'],
                attention_attract=_attention['attract'],
                attention_repel=_attention['repel'],
                both_attract=[_probability['attract'], _attention['attract']],
                both_repel=[_probability['repel'], _attention['repel']],
            ),
        )
    },
)
