"""Foundation models by name: weights as braindecode saves them, with what they fix and whose terms hold."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("braindecode")

from eegimg.models._registry import create_model, list_models, read_card  # noqa: E402
from eegimg.models.networks.foundation import Foundation  # noqa: E402

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:Montage name 'standard_10:FutureWarning"),
]
torch.set_num_threads(1)
SMALL = {"num_layers": 1, "embed_dim": 32, "num_heads": 2}


@pytest.fixture
def published(tmp_path):
    """Return a small BIOT and the folder that braindecode saved it in."""
    from braindecode.models import BIOT

    torch.manual_seed(0)
    model = BIOT(n_chans=16, n_times=200, sfreq=200, n_outputs=2, **SMALL)
    model.save_pretrained(tmp_path / "biot")
    return model, tmp_path / "biot"


def test_a_folder_of_braindecode_is_read_with_its_sizes(published, tmp_path):
    theirs, folder = published
    model = create_model("biot", checkpoint=folder)
    assert model.card.sizes["sizes"] == SMALL
    assert model.card.training_data == f"not known: read from {folder}"
    assert not model.training
    x = torch.randn(2, 19, 200, generator=torch.Generator().manual_seed(0))
    expected = theirs.eval()(model.prepare_signal(x), return_features=True)["features"]
    torch.testing.assert_close(model(x), expected)
    model.save_pretrained(tmp_path / "ours")
    again = create_model("biot", checkpoint=tmp_path / "ours")
    assert torch.equal(again(x), model(x))
    assert again.card == model.card


def test_recordings_may_differ_and_the_model_may_not(published):
    folder = published[1]
    model = create_model("biot", checkpoint=folder, sfreq=100.0, n_times=44, n_outputs=3)
    assert model(torch.zeros(2, 19, 44)).shape == (2, 3)
    assert (model.card.input_spec.sfreq, model.card.input_spec.n_times) == (100.0, 44)
    assert model.card.input_spec.length == "exact"
    with pytest.raises(
        ValueError, match="The model 'biot' was asked for with which='labram'. Name that model instead."
    ):
        create_model("biot", checkpoint=folder, which="labram")
    with pytest.raises(ValueError, match="does not describe 'bendr' as it is built here"):
        create_model("bendr", checkpoint=folder)


def test_more_channels_come_with_their_names():
    names = [*read_card("cbramod").input["ch_names"], "Oz"]
    chs_info = [{"ch_name": name} for name in names]
    model = create_model("cbramod", chs_info=chs_info, sizes={"n_layer": 1})
    assert model.card.sizes["n_chans"] == 20
    assert model.card.input_spec.ch_names == tuple(names)
    with pytest.raises(
        ValueError, match="create_model was given n_chans=19 and a chs_info of 20 channels. Give one."
    ):
        create_model("cbramod", chs_info=chs_info, n_chans=19)


def test_weights_of_the_hub_are_no_checked_ones_and_their_terms_are_said(monkeypatch):
    calls = []

    def load(which, source, **words):
        calls.append((which, source, words))
        return Foundation(
            which=which, sizes=SMALL, **{k: v for k, v in words.items() if k != "revision"}
        ).eval()

    monkeypatch.setattr(Foundation, "from_braindecode", load)
    assert not {"biot", "cbramod"} & set(list_models(pretrained=True))
    with pytest.raises(
        ValueError,
        match="^The weights of biot: huggingface.co/braindecode/biot-pretrained-prest-16chs, whose sha256 is not known, "
        r"licence not verified \(code MIT\), terms unstated: no licence is stated. Nothing was downloaded. Read the terms, and give "
        "accept_license=True if you may use the weights and accept them.$",
    ):
        create_model("biot", pretrained=True)
    assert not calls
    model = create_model("biot", pretrained=True, accept_license=True, sfreq=250.0, n_times=110)
    words = {"n_chans": 19, "n_times": 110, "sfreq": 250.0, "revision": None}
    assert calls == [("biot", "braindecode/biot-pretrained-prest-16chs", words)]
    assert model.card.weights.hub == "braindecode/biot-pretrained-prest-16chs"
    assert model.card.sizes["sizes"] == SMALL
