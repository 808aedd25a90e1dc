# SoftMatch (Chen et al., ICLR 2023): FixMatch in which every sample counts, the less the further its confidence is
# below the mean; classes are aligned with the uniform distribution before their confidence is judged.
_base_ = ['fixmatch.py']

model = dict(
    edges={
        'net1->net1': dict(
            gate=dict(_delete_=True, type='SoftMatchGate', momentum=0.999, n_sigma=2),
        ),
    },
)
