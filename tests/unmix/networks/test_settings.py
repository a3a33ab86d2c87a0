"""Settings are refused before anything is computed."""

import pytest

from unmix.errors import UnmixError
from unmix.networks import MEMBERS, NetworkSettings, Penalties, Training
from unmix.networks.members import member


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"encoder": "big"}, "`encoder` must be one of linear, mlp, convolutional"),
        ({"code": "topk"}, "`n_active` belongs to the codes topk and batch_topk"),
        ({"n_active": 2}, "Got 2 with 'softmax'"),
        ({"code": "topk", "n_active": 0}, "`n_active` must be an integer of at least 1"),
        ({"code": "relu", "light": "free"}, "relu codes carry the brightness"),
        ({"light": "learned"}, "what the default model has learned"),
        ({"penalties": Penalties(kl=1.0)}, "the code is 'softmax'"),
        ({"penalties": Penalties(smoothness=1.0)}, "needs neighbours"),
        ({"posterior": "logistic_normal"}, "belong together"),
        ({"prior": "gaussian"}, "belong together"),
        ({"code": "relu", "prior": "dirichlet"}, "one of fractions"),
        ({"n_hidden": 0}, "`n_hidden` must be an integer of at least 1. Got 0"),
        ({"adversary": float("nan")}, "`adversary` must be a number"),
        ({"training": None}, "must be `Penalties` and `Training`"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(wrong, said):
    with pytest.raises(UnmixError, match=said):
        NetworkSettings(**wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n_steps": 0}, "`n_steps` must be an integer of at least 1"),
        ({"learning_rate": 0}, "`learning_rate` must be a number"),
        ({"dead": "eat"}, "`dead` must be one of keep, revive, drop"),
        ({"learn_from": "books"}, "`learn_from` must be one of pixels, coreset"),
        ({"patch": 1}, "`patch` must be an integer of at least 2"),
    ],
)
def test_training_that_cannot_work_is_refused(wrong, said):
    with pytest.raises(UnmixError, match=said):
        Training(**wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"l1": -1.0}, "`l1` must be a number of at least 0"),
        ({"activation_rate": 1.0}, "above 0 and below 1"),
    ],
)
def test_penalties_out_of_range_are_refused(wrong, said):
    with pytest.raises(UnmixError, match=said):
        Penalties(**wrong)


def test_members_are_found_by_name():
    assert all(member(name) is settings for name, settings in MEMBERS.items())
    with pytest.raises(UnmixError, match="`member` must be one of sparse, denoising"):
        member("loud")
