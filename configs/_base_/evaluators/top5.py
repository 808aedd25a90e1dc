# An overlay, after one of datasets/: of each node also the share of the images whose class is among the five that it
# finds most probable.
def _with_top5(evaluators):
    evaluators = evaluators if isinstance(evaluators, list) else [evaluators]
    return [
        dict(one, metric=dict(one.metric, topk=(1, 5))) if one.get('metric', {}).get('type') == 'Accuracy' else one
        for one in evaluators
    ]


if _base_.get('val_evaluator'):
    val_evaluator = _with_top5(_base_.val_evaluator)
if _base_.get('test_evaluator'):
    test_evaluator = _with_top5(_base_.test_evaluator)
