# The space of branches, to be searched: every branch learns the label, from the mean of the others and from a teacher
# node, at T = 3. ../spaces/branches.py takes one of the two away from the auxiliary branches.
_base_ = ['branches.py']

__networks = ['net1', 'net2', 'net3', 'leader']
__kl = dict(loss=dict(type='KLDivergence', temperature=3.0))

model = dict(
    nodes=dict(
        teacher=dict(type='GatedEnsembleNode', members=__networks, layer='backbone.layer1'),
        **{
            f'all_but_{name}': dict(type='EnsembleNode', members=[other for other in __networks if other != name])
            for name in __networks
        },
    ),
    edges={
        'label->teacher': dict(loss=dict(type='CrossEntropy')),
        **{f'all_but_{name}->{name}': __kl for name in __networks},
        **{f'teacher->{name}': __kl for name in __networks},
    },
)
