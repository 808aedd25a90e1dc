_base_ = ['dml_sizes.py']

model = _base_.pop('dml')[6]
