# Mean Teacher (Tarvainen and Valpola, NeurIPS 2017) on Fashion-MNIST with 40 labels, for a CPU.
#   python tools/train.py configs/semi/mean_teacher_fashion_mnist_40.py
_base_ = ['mean_teacher_fashion_mnist_250.py']

train_dataloader = dict(dataset=dict(num_labels=40))
