# An overlay, after one of datasets/: how different the networks' predictions are is measured as well, interrater
# agreement among others.
__diversity = dict(type='DiversityMetric')

if __val := _base_.get('val_evaluator'):
    val_evaluator = [*(__val if isinstance(__val, list) else [__val]), __diversity]
if __test := _base_.get('test_evaluator'):
    test_evaluator = [*(__test if isinstance(__test, list) else [__test]), __diversity]
