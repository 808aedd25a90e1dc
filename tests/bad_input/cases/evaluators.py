"""Mistakes in the evaluators and their metrics."""

VAL = 'val_evaluator'


def _evaluator(text: str, says: str):
    return dict(config=f'val_evaluator = dict(_delete_=True, {text})', says=f'{VAL}{says}')


def _metric(text: str, says: str):
    return _evaluator(f"type='NodeMetric', metric=dict({text})", f'.metric{says}')


CASES = [
    dict(options=[f'{VAL}.type=NodesMetric'], says=f'{VAL}.type: unknown metric'),
    dict(options=[f'{VAL}.metrics=accuracy'], says=f"{VAL}: NodeMetric has no argument 'metrics'"),
    dict(options=[f'{VAL}.nodes=net1'], says=f'{VAL}.nodes: must be a list of texts'),
    dict(options=[f'{VAL}.nodes=[net9]'], says=f'{VAL}.nodes: no node is named'),
    dict(options=[f'{VAL}.nodes=[1]'], says=f'{VAL}.nodes'),
    dict(options=[f'{VAL}.collect_device=cuda'], says=f'{VAL}.collect_device'),
    dict(options=[f'{VAL}.prefix=val'], says=f'{VAL}: NodeMetric has no argument'),
    dict(options=[f'{VAL}.metric=Accuracy'], says=f'{VAL}.metric'),
    dict(config='val_evaluator = [5]', says=f'{VAL}[0]: must be a dict'),
    dict(config='val_evaluator = dict(_delete_=True)', says=VAL),
    dict(config="val_evaluator = dict(_delete_=True, metric='accuracy')", says=f'{VAL}: must be the dict'),
    dict(config='test_evaluator = [_base_.val_evaluator, None]', says='test_evaluator[1]: must be a dict'),
    _metric("type='Acuracy'", '.type: unknown metric'),
    _metric('topk=(1,)', ": must be the dict of one metric with a 'type'"),
    _metric("type='Accuracy', topk=0", '.topk'),
    _metric("type='Accuracy', topk=(1, 50)", '.topk: there are 10 classes'),
    _metric("type='Accuracy', topk=(-1,)", '.topk'),
    _metric("type='Accuracy', topk=1.5", '.topk'),
    _metric("type='Accuracy', topk='1'", '.topk'),
    _metric("type='Accuracy', topk=True", '.topk'),
    _metric("type='Accuracy', top_k=(1,)", ': Accuracy has no argument'),
    _metric("type='Accuracy', thrs=2.0", '.thrs'),
    _metric("type='Accuracy', thrs='half'", '.thrs'),
    _metric("type='Accuracy', prefix=5", '.prefix'),
    _metric("type='SingleLabelMetric', average='mean'", ".average: must be 'micro' or 'macro'"),
    _metric("type='SingleLabelMetric', items='f1'", '.items'),
    _metric("type='SingleLabelMetric', items=('f1',)", '.items'),
    _metric("type='SingleLabelMetric', num_classes=0", '.num_classes'),
    _metric("type='SingleLabelMetric', num_classes='10'", '.num_classes'),
    _metric("type='SingleLabelMetric', thrs=-0.5", '.thrs'),
    # The data preprocessor, whose classes they count.
    dict(options=['data_preprocessor.std=[0.0]'], says='data_preprocessor.std'),
    dict(options=['data_preprocessor.std=[-95.8]'], says='data_preprocessor.std'),
    dict(options=['data_preprocessor.std=[1.0,2.0]'], says='data_preprocessor.std: must have as many numbers as mean'),
    dict(options=['data_preprocessor.mean=gray'], says='data_preprocessor.mean'),
    dict(options=['data_preprocessor.mean=127.5'], says='data_preprocessor.mean'),
    dict(config='data_preprocessor = dict(std=None)', says='data_preprocessor.std: is missing'),
    dict(config='data_preprocessor = dict(mean=None)', says='data_preprocessor.mean: is missing'),
    dict(config="data_preprocessor = dict(mean=[float('nan')])", says='data_preprocessor.mean'),
    dict(options=['data_preprocessor.num_classes=0'], says='data_preprocessor.num_classes'),
    dict(options=['data_preprocessor.num_classes=ten'], says='data_preprocessor.num_classes'),
    dict(options=['data_preprocessor.num_clases=10'], says='data_preprocessor'),
    dict(options=['data_preprocessor.to_rgb=yes'], says='data_preprocessor.to_rgb'),
    dict(options=['data_preprocessor.pad_size_divisor=0'], says='data_preprocessor.pad_size_divisor'),
    dict(options=['data_preprocessor.type=Preprocessor'], says='data_preprocessor.type: unknown'),
    dict(options=['val_evaluator.nodes=[]'], says='val_evaluator.nodes'),
    dict(
        config="val_evaluator = dict(metric=dict(_delete_=True, type='ConfusionMatrix', num_classes=5))",
        says='val_evaluator.metric.num_classes',
    ),
]
