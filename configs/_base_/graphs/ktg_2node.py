# The two-node graph that Minami et al. (ACCV 2020) found with four gates, net1 = ResNet-32 and net2 = WRN-28-2: deep
# mutual learning, but net2 learns from net1 what net1 gets right.
_base_ = ['dml_2node.py']

model = dict(edges={'net1->net2': dict(gate=dict(type='CorrectGate'))})
