# The space of four_gates.py with one gate, for the thesis's table 3.5: every edge passes all, and the networks alone
# are searched.
_base_ = ['four_gates.py']

search = dict(space={'model.edges.*.gate': dict(_delete_=True, through=dict(type='ThroughGate'))})
