# Multiple Student (Ke et al., ICCV 2019) on Fashion-MNIST with 40 labels, for a CPU.
#   python tools/train.py configs/semi/multiple_student_fashion_mnist_40.py
_base_ = ['multiple_student_fashion_mnist_250.py']

train_dataloader = dict(dataset=dict(num_labels=40))
