# CoMatch (Li, Xiong and Hoi, ICCV 2021): FixMatch with pseudo-labels that a memory of the last batches smooths, and
# projections of two strong views that are as alike as the pseudo-labels. Constants are USB's, which are the authors'.
# queue_size is five batches of 512.
_base_ = ['fixmatch.py']

model = dict(
    edges={
        'net1->net1': dict(
            loss=dict(_delete_=True, type='CoMatch', queue_size=2560, other_view='strong2', threshold=0.95),
            gate=dict(_delete_=True, type='ThroughGate'),
            align=dict(target='uniform', length=32),
        ),
    },
)
