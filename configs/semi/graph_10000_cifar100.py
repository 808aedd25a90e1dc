# The graph that the thesis (ch. 5, fig. 5.9) found in its FixMatch space for CIFAR-100 with 10,000 labels, WRN-28-2:
# the moving average's pseudo-labels, while the label and consistency fade. The average teaches, so its batch norm is in
# training mode (our choice, as Mean Teacher's).
# Published accuracy: 72.12 +- 0.40 % (thesis, table 5.3; fig. 5.9, one run: net1 62.10 %, the average 72.45 %).
# The strong view ends with Cutout, as in FixMatch's code; the thesis's table 5.1 names RandAugment alone.
#   python tools/train.py configs/semi/graph_10000_cifar100.py
_base_ = ['graph_400_cifar100.py']

model = dict(
    edges={
        'net1->net1': dict(loss=dict(_delete_=True, type='KLDivergence'), gate=dict(type='NegativeLinearGate')),
        'ema->net1': dict(loss=dict(threshold=0.0), gate=dict(type='ThroughGate')),
    }
)

train_dataloader = dict(dataset=dict(num_labels=10_000))
