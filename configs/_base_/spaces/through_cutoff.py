# The space of four_gates.py with two gates, for the thesis's table 3.5.
_base_ = ['through.py']

search = dict(space={'model.edges.*.gate': dict(cutoff=dict(type='CutoffGate'))})
