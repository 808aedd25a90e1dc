# The rows of the benchmark (tools/benchmark.py), by name. Each is a graph, said by files of configs/_base_ that are
# laid over the recipe of a data set in turn. Its networks are the target's; `networks` names others of the recipe, by
# node or by stage and node. `taught_by` names nodes that are the benchmark's one teacher, which is trained once a seed.
# With `config`, a row is the config of this name and of the recipe's `configs`, with the data set that it has.
# What a method leaves to be chosen stands in `choices`: other values by their key, with --choose tried on validation
# images. A new loss that distils is one line among these.
def _distilled(name, **choices):
    row = dict(files=['graphs/kd', f'edges/{name}'], taught_by=['net2'])
    return dict(row, choices={f'model.edges.net2->net1.{key}': values for key, values in choices.items()})


def _few_labels(name):
    return dict(group='few_labels', config=f'semi/{name}')


rows = dict(
    independent=dict(files=['graphs/single']),
    kd=dict(
        files=['graphs/kd'],
        taught_by=['net2'],
        choices={'model.edges.net2->net1.loss.temperature': [1.0, 4.0]},
    ),
    fitnets=_distilled('fitnets', weight=[10.0, 1000.0]),
    at=_distilled('at', weight=[100.0, 10000.0]),
    vid=_distilled('vid', weight=[0.1, 10.0]),
    crd=_distilled('crd', weight=[0.08, 8.0]),
    pkt=_distilled('pkt', weight=[3000.0, 300000.0]),
    rkd=_distilled('rkd', weight=[0.1, 10.0]),
    srd=_distilled('srd', weight=[0.1, 10.0]),
    sp=_distilled('sp', weight=[300.0, 30000.0]),
    cc=_distilled('cc', weight=[0.002, 0.2]),
    ickd=_distilled('ickd', weight=[0.25, 25.0]),
    fsp=_distilled('fsp', weight=[5.0, 500.0]),
    svd=_distilled('svd', weight=[0.1, 10.0]),
    reviewkd=_distilled('reviewkd', weight=[0.5, 50.0]),
    nst=_distilled('nst', weight=[5.0, 500.0]),
    ft=_distilled('ft', weight=[0.1, 10.0]),
    feed=_distilled('feed', weight=[100.0, 10000.0]),
    dkd=_distilled('dkd', weight=[0.1, 10.0]),
    dist=_distilled('dist', weight=[0.2, 20.0]),
    kd_standardized=_distilled('kd_standardized', weight=[0.9, 90.0]),
    ta=dict(files=['graphs/ta'], networks={'teacher.net': 'large', 'assistant.net': 'assistant'}),
    rco=dict(files=['graphs/rco', 'benchmarks/rco'], networks={'teacher.net': 'large'}),
    dml=dict(files=['graphs/dml_3node'], networks=dict(net3='teacher')),
    ktg=dict(files=['graphs/dml_3node', 'benchmarks/found_3node'], networks=dict(net3='teacher')),
    afd=dict(files=['graphs/afd_2node', 'benchmarks/afd']),
    one=dict(files=['graphs/one']),
    okddip=dict(files=['graphs/okddip']),
    ffm_cd=dict(files=['graphs/ffm_cd']),
    ffl=dict(files=['graphs/ffl', 'benchmarks/ffl']),
    ban=dict(files=['graphs/born_again']),
    ban_l=dict(files=['graphs/born_again_l']),
    supervised=_few_labels('supervised'),
    pseudo_label=_few_labels('pseudo_label'),
    pi_model=_few_labels('pi_model'),
    mean_teacher=_few_labels('mean_teacher'),
    mixmatch=_few_labels('mixmatch'),
    remixmatch=_few_labels('remixmatch'),
    fixmatch=_few_labels('fixmatch'),
    uda=_few_labels('uda'),
    flexmatch=_few_labels('flexmatch'),
    freematch=_few_labels('freematch'),
    softmatch=_few_labels('softmatch'),
    dual_student=_few_labels('dual_student'),
)
references = dict(supervised='independent', few_labels='supervised')  # by group, what the others are compared with
