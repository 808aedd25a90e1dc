# The graph that the thesis (ch. 5, fig. 5.8) found in its FixMatch space for CIFAR-100 with 2,500 labels, WRN-28-2:
# FixMatch to which the moving average adds its pseudo-labels, ever less. The average teaches, so its batch norm is in
# training mode (our choice, as Mean Teacher's).
# Published accuracy: 66.79 +- 0.43 % (thesis, table 5.3). Fig. 5.8 has fig. 5.9's accuracies of the nodes.
# The strong view ends with Cutout, as in FixMatch's code; the thesis's table 5.1 names RandAugment alone.
#   python tools/train.py configs/semi/graph_2500_cifar100.py
_base_ = ['graph_400_cifar100.py']

model = dict(
    edges={
        'label->net1': dict(gate=dict(type='ThroughGate')),
        'ema->net1': dict(gate=dict(type='NegativeLinearGate')),
    }
)

train_dataloader = dict(dataset=dict(num_labels=2500))
