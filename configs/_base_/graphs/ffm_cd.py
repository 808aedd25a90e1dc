# Document 003: the feature fusion module, and classifiers of all branches that are pushed apart, gamma = 5e-8; the sum
# of the absolute entries of W_i^T W_j is ours, as it does not name the norm.
_base_ = ['ffm.py']

__networks = ['net1', 'net2', 'net3', 'leader']

model = dict(
    edges={
        f'{one}->{other}:diversity': dict(loss=dict(type='ClassifierDiversity'), weight=5e-8, detach=False)
        for i, one in enumerate(__networks)
        for other in __networks[i + 1 :]
    }
)
