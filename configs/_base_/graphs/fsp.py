# The flow of the solution procedure (Yim et al., CVPR 2017): a teacher; a hint stage in which the student's layers
# learn from the teacher's by FSP alone, its classifier not at all; and the student, which goes on from there by the
# label alone. RepDistiller's maps of a ResNet: the stem's and those of three stages.
# An experiment says which networks stand there: of the same widths, else FSP cannot compare them.
__maps = ['backbone.relu', 'backbone.layer1', 'backbone.layer2', 'backbone.layer3']

model = dict(
    type='KnowledgeTransferGraph',
    target='net',
    nodes=dict(net=dict(type='NetworkNode')),
    edges={'label->net': dict(loss=dict(type='CrossEntropy'))},
)
stages = [
    dict(name='teacher'),
    dict(
        name='hint',
        model=dict(
            nodes=dict(teacher=dict(type='NetworkNode', stage=dict(name='teacher', node='net'))),
            edges={'_delete_': True, 'teacher->net': dict(loss=dict(type='FSP', layers=__maps))},
        ),
    ),
    dict(
        name='student',
        model=dict(nodes=dict(net=dict(_delete_=True, type='NetworkNode', stage=dict(name='hint', node='net')))),
    ),
]
