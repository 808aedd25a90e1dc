# Curves in Weights & Biases, too (pip install wandb); WANDB_PROJECT, WANDB_NAME and WANDB_MODE=offline are read there.
#   python tools/train.py configs/dml/dml_3node_digits_100.py --with configs/_base_/visualizers/wandb.py
visualizer = dict(
    vis_backends=[
        dict(type='LocalVisBackend'),
        dict(type='GraphTensorboardVisBackend'),
        dict(type='WandbVisBackend'),
    ]
)
