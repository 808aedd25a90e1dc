import json

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def test_after_training_and_alone(tiny_runner, tmp_path):
    runner = tiny_runner({'train_cfg.max_epochs': 1})
    runner.train()
    trained = {name: [float(value)] for name, value in runner.test().items()}
    alone = tiny_runner(work_dir='tested', load_from=str(tmp_path / 'run' / 'epoch_1.pth'), trains=False)
    alone.test()
    for folder, step in (('run', 4), ('tested', 0)):
        (vis_data,) = (tmp_path / folder).glob('20*/vis_data')
        events = EventAccumulator(str(vis_data)).Reload()
        tags = [tag for tag in events.Tags()['scalars'] if tag.startswith('test/')]
        assert sorted(tags) == ['test/net1/accuracy/top1', 'test/net2/accuracy/top1']
        for tag in tags:
            assert [(one.step, one.value) for one in events.Scalars(tag)] == [(step, trained[tag[5:]][0])]
        last = json.loads((vis_data / 'scalars.json').read_text().splitlines()[-1])
        assert last == {'step': step, **{tag: trained[tag[5:]][0] for tag in tags}}


def test_validation_and_training_have_one_axis(tiny_runner, tmp_path):
    tiny_runner().train()
    (vis_data,) = (tmp_path / 'run').glob('20*/vis_data')
    events = EventAccumulator(str(vis_data)).Reload()
    assert [one.step for one in events.Scalars('accuracy/top1/net1')] == [4, 8]
    assert [one.step for one in events.Scalars('loss/sum')] == [2, 4, 6, 8]
