from ktg_mm.datasets import OxfordFlowers102


def test_official_layout(tmp_path, miniatures):
    root = miniatures.write_flowers102(tmp_path)
    data = {split: OxfordFlowers102(str(root), split=split) for split in ('train', 'val', 'trainval', 'test')}
    assert {split: len(part) for split, part in data.items()} == dict(train=102, val=102, trainval=204, test=102)
    assert len(set(data['test'].metainfo['classes'])) == 102
    assert data['test'].metainfo['classes'][-1] == 'blackberry lily'
    info = data['val'].get_data_info(5)
    assert info['img_path'] == str(root / 'jpg/image_00108.jpg') and info['gt_label'] == 5
    assert data['test'].test_mode
