import cv2
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ktg_mm.visualization import RecordPictureHook
from ktg_mm.visualization.graph_picture import draw_graph


def test_the_picture_of_a_run(tiny_runner, tmp_path):
    runner = tiny_runner()
    hook = RecordPictureHook('tiny')
    hook.after_train_epoch(runner)
    hook.after_train_epoch(runner)
    runner.visualizer.close()
    (vis_data,) = (tmp_path / 'run').glob('20*/vis_data')
    (image,) = EventAccumulator(str(vis_data)).Reload().Images('graph')
    width, height = draw_graph(runner.cfg.model, 'tiny').get_size_inches()
    assert image.step == 0 and abs(image.width / image.height - width / height) < 0.02
    assert cv2.imread(str(vis_data / 'vis_image' / 'graph_0.png')).shape == (image.height, image.width, 3)
