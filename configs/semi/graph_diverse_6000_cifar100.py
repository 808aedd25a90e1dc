# The graph that the thesis (ch. 5, figs. 5.6 and 5.10a) found in its space of diverse networks for CIFAR-100 with 6,000
# labels: consistency that grows, and net2 teaches net1 but not the reverse. net1, the target, is a ResNet-32, net2 a
# WRN-28-6.
# Published accuracy: 55.94 % (thesis, table 5.4, without a deviation; fig. 5.6: net2 57.81 %).
# How the learning rate falls is our choice.
# Other numbers of labels: --with configs/_base_/labels/2000_labels.py
#   python tools/train.py configs/semi/graph_diverse_6000_cifar100.py
_base_ = ['consistency_2node_cifar100.py']

model = dict(
    nodes=dict(net2=dict(network=dict(_base_.wrn28_6, _delete_=True))),
    edges={
        'net1->net1': dict(gate=dict(type='LinearGate')),
        'net2->net2': dict(gate=dict(type='LinearGate')),
        'net2->net1': dict(gate=dict(type='LinearGate')),
        'net1->net2': dict(gate=dict(type='CutoffGate')),
    },
)
