# The graph that the thesis (ch. 5, fig. 5.7) found in its FixMatch space for CIFAR-100 with 400 labels, WRN-28-2:
# FixMatch whose label fades. The other 49,600 images are the unlabelled ones. The target is the moving average, the
# better node (fig. 5.7, one run: net1 41.84 %, the average 48.47 %).
# Published accuracy: 46.99 +- 0.90 % (thesis, table 5.3).
# The strong view ends with Cutout, as in FixMatch's code; the thesis's table 5.1 names RandAugment alone.
#   python tools/train.py configs/semi/graph_400_cifar100.py
_base_ = [
    '../_base_/graphs/fixmatch_space.py',
    '../_base_/datasets/cifar100_semi.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_1m_semi.py',
    '../_base_/default_runtime_iterations.py',
]

model = dict(
    nodes=dict(net1=dict(network=_base_.wrn28_2), ema=dict(network=_base_.wrn28_2)),
    edges={
        'label->net1': dict(gate=dict(type='NegativeLinearGate')),
        'ema->net1': dict(gate=dict(type='CutoffGate')),
    },
)

train_dataloader = dict(dataset=dict(num_labels=400, labeled_as_unlabeled=False))
optim_wrapper = dict(optimizer=dict(weight_decay=1e-3))
