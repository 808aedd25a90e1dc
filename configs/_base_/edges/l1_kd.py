# An overlay over AFD: the L1 distance of the feature maps in place of the adversarial loss, by the optimiser of the
# logits' losses (document 002, table 1, "L1 + KD"). The weight, 1, is ours: the paper gives none.
_base_ = ['../updates/one_optimizer.py']

model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='FeatureL1')) for key in _base_.model.edges if key.endswith(':features')
    }
)
