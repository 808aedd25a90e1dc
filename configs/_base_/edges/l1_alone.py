# An overlay over AFD: the L1 distance of the feature maps in place of both kinds of distillation (document 002, table
# 1, "L1").
_base_ = ['l1_kd.py', 'adversarial_alone.py']
