# An overlay over two networks: the graph that the thesis found on CIFAR-100, as far as its drawing (fig. 4.11b) can be
# read in our copy. KL divergence and attraction of attention through CorrectGate one way, KL divergence alone through
# LinearGate the other; which way is which makes no difference, as the networks are alike. That both learn the label
# through ThroughGate we take from the one gate of a label that can be read.
_base_ = ['dml.py']

model = dict(
    edges={
        'net1->net2': dict(loss=dict(type='KLDivergence'), gate=dict(type='LinearGate')),
        'net2->net1': dict(loss=[dict(type='KLDivergence'), dict(type='AttentionMSE')], gate=dict(type='CorrectGate')),
    }
)
