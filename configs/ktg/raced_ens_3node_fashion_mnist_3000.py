# Trial 64 of the search configs/search/ens_3node_six_losses_fashion_mnist_3000.py with a race, on 1,000 images with
# narrow networks. It was not shown to be better than correct gates everywhere (docs/results.md).
#   python tools/train.py configs/ktg/raced_ens_3node_fashion_mnist_3000.py
_base_ = ['ens_3node_fashion_mnist_3000.py']

model = dict(
    edges=dict(
        _delete_=True,
        **{
            'label->net1': dict(loss=dict(type='CrossEntropy'), gate=dict(type='ThroughGate')),
            'label->net2': dict(loss=dict(type='CrossEntropy'), gate=dict(type='ThroughGate')),
            'net1->net2': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
            'net2->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
            'label->net3': dict(loss=dict(type='CrossEntropy'), gate=dict(type='LinearGate')),
            'net1->net3': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
            'net3->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
            'net2->net3': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
            'net3->net2': dict(loss=dict(type='ProbabilityCosine'), gate=dict(type='CorrectGate')),
        },
    )
)
