# VAT with entropy minimisation (Miyato et al., TPAMI 2018) on Fashion-MNIST with 250 labels, for a CPU.
# eps is USB's 6 in proportion to the square root of the number of pixels, 14 x 14 against 3 x 32 x 32.
#   python tools/train.py configs/semi/vat_fashion_mnist_250.py
_base_ = [
    '../_base_/graphs/vat.py',
    '../_base_/datasets/fashion_mnist_semi_weak.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_1500it_semi.py',
    '../_base_/default_runtime_iterations.py',
]

model = dict(
    views=dict(adversarial=dict(eps=1.5)),
    nodes=dict(net1=dict(network=_base_.resnet8), ema=dict(network=_base_.resnet8)),
    edges={
        'net1->ema': dict(decay=0.99),
    },
)
