# AFD on ImageNet; document 002 has no recipe of it. Ours: the usual 100 epochs for the logits' losses, the rate tenfold
# less at 30, 60 and 90; for the features' the document's rates on CIFAR, tenfold less at a quarter and at half.
_base_ = ['afd_300e.py']

param_scheduler = dict(logits=dict(milestones=[30, 60, 90]), features=dict(milestones=[25, 50]))
train_cfg = dict(max_epochs=100, val_interval=100)
