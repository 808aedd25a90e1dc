# The space of four_gates.py with three gates, for the thesis's table 3.5.
_base_ = ['through_cutoff.py']

search = dict(space={'model.edges.*.gate': dict(correct=dict(type='CorrectGate'))})
