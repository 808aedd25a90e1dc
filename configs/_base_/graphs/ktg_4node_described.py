# The four-node graph that Minami et al. found, net1 and net3 = ResNet-32, net2 = WRN-28-2, net4 = ResNet-110, as far
# as the thesis's text (section 3.3.2) describes its drawing: five pairs teach each other, and of one pair one the
# other. At first net1 learns from the label and net4, net3 from net2 and net4, net2 and net4 from each other; most
# other edges grow. Which pair has one edge, the text does not say, nor whether an edge that does not grow corrects,
# nor how net2 and net4 learn the label: that net1 does not teach net3 and all of these pass everything is our choice.
_base_ = ['dml_4node.py']

model = dict(
    edges={
        'label->net3': dict(gate=dict(type='LinearGate')),
        'net1->net3': dict(gate=dict(type='CutoffGate')),
        **{
            key: dict(gate=dict(type='LinearGate'))
            for key in ('net1->net2', 'net2->net1', 'net3->net1', 'net3->net2', 'net1->net4', 'net3->net4')
        },
    }
)
