_base_ = ['dml.py']

model = _base_.pop('dml')[2]
