# Born-again language models on the topics of Python's help: a small LSTM, and three generations that each
# learn from the one before alone. The last stage measures the ensembles of two and of three
# generations, too: ensemble_2 and ensemble_3 have the mean of the logits, mean_2 and mean_3 that of the probabilities.
#   python tools/train.py configs/language/ban_small_topics.py
_base_ = [
    '../_base_/graphs/born_again.py',
    '../_base_/datasets/pydoc_topics.py',
    '../_base_/models/networks_language.py',
    '../_base_/schedules/adam_6e_text.py',
    '../_base_/default_runtime.py',
]

_means = dict(means=dict(mean_2=['gen1', 'teacher'], mean_3=['gen1', 'teacher', 'net']))

model = dict(nodes=dict(net=dict(network=_base_.lstm_small)))
stages = [*_base_.stages[:-1], dict(_base_.stages[-1], val_evaluator=_means, test_evaluator=_means)]
default_hooks = dict(checkpoint=dict(save_best='net/perplexity', rule='less'))
