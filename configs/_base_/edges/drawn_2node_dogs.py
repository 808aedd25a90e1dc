# An overlay over two networks: the graph that the thesis found on Stanford Dogs, as far as its drawing (fig. 4.8a) can
# be read in our copy. KL divergence both ways, through LinearGate one way and ThroughGate the other; which way is which
# makes no difference, as the networks are alike. That both learn the label through ThroughGate we take from the one
# gate of a label that can be read.
_base_ = ['dml.py']

model = dict(edges={'net1->net2': dict(gate=dict(type='LinearGate'))})
