from unmix.report.preview import endmember_colours


def test_colours_differ():
    for n in (2, 10, 20):
        assert len(set(endmember_colours(n))) == n
