# BAN + L, label and teacher: the LSTM of 51 million parameters and its next generation on Penn Treebank.
#   python tools/download_dataset.py penn_treebank --data-root data/penn_treebank
#   python tools/train.py configs/language/ban_l_lstm_ptb.py
# Perplexity as published (document 004, table 6), validation / test: teacher 75.11 / 71.87, BAN + L 71.19 / 68.56.
_base_ = [
    '../_base_/graphs/born_again_l.py',
    '../_base_/datasets/penn_treebank.py',
    '../_base_/models/networks_language.py',
    '../_base_/schedules/sgd_55e_ptb.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net=dict(network=_base_.lstm_large)))
default_hooks = dict(checkpoint=dict(save_best='net/perplexity', rule='less'))
