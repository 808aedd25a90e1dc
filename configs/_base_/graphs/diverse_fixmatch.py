# An overlay for consistency_2node_*.py: FixMatch as the thesis has it (eq. 5.5, fig. 5.2d), net1 alone, which learns
# the class that it is sure of. Both views are weak, as those of table 5.2, which has no other.
_base_ = ['diverse_pseudo_label.py']

model = dict(edges={'net1->net1': dict(gate=dict(type='ThresholdGate', threshold=0.95))})
