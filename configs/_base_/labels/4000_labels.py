# An overlay: 4,000 of the training images have labels.
train_dataloader = dict(dataset=dict(num_labels=4000))
