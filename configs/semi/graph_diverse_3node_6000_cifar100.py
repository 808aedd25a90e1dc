# A graph of three diverse networks for CIFAR-100 with 6,000 labels, ours: that of fig. 5.10a of the thesis (ch. 5) with
# a second WRN-28-6, in which consistency grows and each network teaches those before it. The thesis's graph of three,
# fig. 5.10c, cannot be read in our copy; of it the text says that it is like that of two. It has 57.12 % (table 5.4).
# With fig. 5.11's change, 57.26 %: --with configs/_base_/edges/net2_agrees_from_the_start.py
#   python tools/train.py configs/semi/graph_diverse_3node_6000_cifar100.py
_base_ = ['consistency_3node_cifar100.py']

__wrn28_6 = dict(network=dict(_base_.wrn28_6, _delete_=True))

model = dict(
    nodes=dict(net2=__wrn28_6, net3=__wrn28_6),
    edges={
        f'net{source}->net{target}': dict(gate=dict(type='LinearGate' if source >= target else 'CutoffGate'))
        for source in (1, 2, 3)
        for target in (1, 2, 3)
    },
)
