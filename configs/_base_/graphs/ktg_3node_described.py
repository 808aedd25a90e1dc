# The three-node graph that Minami et al. found, net1 and net3 = ResNet-32, net2 = WRN-28-2, as far as the thesis's
# text (section 3.3.2) describes its drawing: at first net1 and net2 teach each other and net2 teaches net3, which
# teaches net2 more and more; between net1 and net3 one edge grows likewise, the other one is cut off. Which of the
# two, the text does not say, nor which gates the label's edges have, nor whether one of the first three edges
# corrects: that net3->net1 grows and all of these pass everything is our choice.
_base_ = ['dml_3node.py']

model = dict(
    edges={
        'net3->net1': dict(gate=dict(type='LinearGate')),
        'net3->net2': dict(gate=dict(type='LinearGate')),
        'net1->net3': dict(gate=dict(type='CutoffGate')),
    }
)
