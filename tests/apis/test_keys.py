from ktg_mm.apis.keys import joined, parts_of


def test_parts():
    assert [key for key, _ in parts_of(dict(a=[dict(type='A'), [dict(type='B')]], b=dict(c={'x->y': {}})))] == [
        'a[0]',
        'a[1][0]',
        'b',
        'b.c',
        "b.c['x->y']",
    ]


def test_names_that_are_none_of_python_are_quoted():
    assert joined('', 'model') == 'model' and joined('model', 'nodes') == 'model.nodes'
    assert joined('model.edges', 'a->b') == "model.edges['a->b']" and joined('x', 3) == 'x[3]'
