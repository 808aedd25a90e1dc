# AdaMatch (Berthelot et al., ICLR 2022): FixMatch with a threshold relative to the confidence on labelled images, and
# predictions aligned with the distribution of those on labelled images. As in USB: without the
# authors' interpolation of logits, their ramp-up of the unlabelled loss, and the label's loss on the strong view.
_base_ = ['fixmatch.py']

model = dict(
    edges={
        'net1->net1': dict(
            gate=dict(_delete_=True, type='RelativeThresholdGate', threshold=0.95),
            align=dict(target='labeled', momentum=0.999),
        ),
    },
)
