# FixMatch's recipe in 1,500 iterations, for a CPU: learning rate 0.03 cos(7 pi k / 16 K), Nesterov momentum. Validated
# at the end.
_base_ = ['sgd_1m_semi.py']

param_scheduler = dict(end=1500)
train_cfg = dict(max_iters=1500, val_interval=1500)
