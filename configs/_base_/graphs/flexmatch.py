# FlexMatch (Zhang et al., NeurIPS 2021): FixMatch with a lower threshold for classes that are learnt slowly.
# num_samples is the number of unlabelled images.
_base_ = ['fixmatch.py']

model = dict(
    edges={
        'net1->net1': dict(
            gate=dict(_delete_=True, type='FlexMatchGate', num_samples=50_000, threshold=0.95),
        ),
    },
)
