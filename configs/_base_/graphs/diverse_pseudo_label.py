# An overlay for consistency_2node_*.py: Pseudo-Label as the thesis has it (eqs. 5.3 and 5.4, fig. 5.2c), net1 alone,
# which learns the class that it predicts, however unsure it is of it.
_base_ = ['diverse_pi_model.py']

model = dict(edges={'net1->net1': dict(loss=dict(_delete_=True, type='PseudoLabel'))})
