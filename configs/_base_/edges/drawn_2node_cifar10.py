# An overlay over two networks: the graph that the thesis found on CIFAR-10, as far as its drawing (fig. 4.11a) can be
# read in our copy. KL divergence and attraction of attention both ways through ThroughGate: of one of the two edges the
# signs can be read, of the other the gate and that it is about attention. That both learn the label through ThroughGate
# we take from the one gate of a label that can be read.
_base_ = ['dml.py']

__between = dict(loss=[dict(type='KLDivergence'), dict(type='AttentionMSE')])
model = dict(edges={key: __between for key in _base_.model.edges if not key.startswith('label->')})
