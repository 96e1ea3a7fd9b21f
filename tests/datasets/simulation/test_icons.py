"""Icons: drawn from a seed, every attribute independent of the concept, features as described."""

import numpy as np
import pytest
from PIL import Image

from eegimg.datasets.simulation._icons import (
    CONCEPTS,
    FEATURE_NAMES,
    draw_icon,
    icon_features,
    make_icons,
    split_icons,
    write_icons,
)


@pytest.fixture(scope="module")
def many():
    return make_icons(2000, random_state=3)


def test_the_same_seed_draws_the_same_icons_and_another_seed_others():
    assert make_icons(20, 1).equals(make_icons(20, 1))
    assert not make_icons(20, 1)["hue"].equals(make_icons(20, 2)["hue"])


def test_an_image_does_not_depend_on_how_many_there_are():
    columns = ["image", "concept", "hue", "size", "x", "rotation", "variant"]
    assert make_icons(13, 1)[columns].equals(make_icons(40, 1)[columns].head(13))


def test_concepts_come_equally_often_and_names_are_unique(many):
    assert many["concept"].value_counts().to_dict() == dict.fromkeys(CONCEPTS, 200)
    assert many["image"].is_unique
    assert many["image"].iloc[10] == "sun_002"


@pytest.mark.parametrize(
    "attribute", ["hue", "background_hue", "saturation", "size", "x", "y", "rotation", "variant"]
)
def test_attributes_do_not_tell_the_concept(many, attribute):
    # Share of variance between concepts; for independent draws its mean is 9 / 1999 = 0.0045, and 0.014 its
    # 99.9th percentile.
    values = many[attribute].astype(float)
    between = values.groupby(many["concept"]).transform("mean").var()
    assert between / values.var() < 0.014


def test_features_are_scaled_and_uncorrelated(many):
    features = icon_features(many)
    assert features.shape == (2000, len(FEATURE_NAMES)) == (2000, 17)
    others = features[:, 10:]
    np.testing.assert_allclose(others.mean(axis=0), 0.0, atol=0.1)
    np.testing.assert_allclose(others.std(axis=0), 1.0, atol=0.1)
    correlations = np.corrcoef(others.T) - np.eye(7)
    assert np.abs(correlations).max() < 0.1
    np.testing.assert_allclose(features[:, :10].sum(axis=1), 0.0, atol=1e-12)
    shown = np.array(CONCEPTS)[features[:, :10].argmax(axis=1)]
    assert shown.tolist() == many["concept"].tolist()


def test_hue_can_be_read_back_from_the_features(many):
    features = icon_features(many)
    angle = np.arctan2(features[:, 11], features[:, 10]) / (2 * np.pi) % 1
    np.testing.assert_allclose(angle, many["hue"])


@pytest.mark.parametrize("concept", CONCEPTS)
@pytest.mark.parametrize("variant", [0, 1])
def test_a_picture_shows_its_size_place_and_colour(concept, variant):
    attributes = {"hue": 0.0, "background_hue": 0.6, "saturation": 0.0, "variant": variant}
    areas, centres = [], []
    for size, x, y in ((0.52, 0.0, 0.0), (0.78, 0.0, 0.0), (0.52, 0.14, 0.12)):
        picture, _ = draw_icon(concept, size=size, x=x, y=y, **attributes)
        assert picture.size == (64, 64)
        assert picture.mode == "RGB"
        pixels = np.asarray(picture, dtype=float)
        ink = np.abs(pixels - pixels[0, 0]).max(axis=2) > 40
        rows, columns = np.nonzero(ink)
        areas.append(ink.sum())
        centres.append((columns.mean(), rows.mean()))
    assert 1.7 < areas[1] / areas[0] < 2.8  # (0.78 / 0.52) ** 2 = 2.25
    moved = np.subtract(centres[2], centres[0])
    np.testing.assert_allclose(moved, [0.14 * 64, -0.12 * 64], atol=1.0)
    # A red icon is redder than the same icon in blue.
    red, _ = draw_icon(concept, **attributes)
    blue, _ = draw_icon(concept, **{**attributes, "hue": 2 / 3})
    difference = np.asarray(red, dtype=float) - np.asarray(blue, dtype=float)
    assert difference[..., 0].sum() > 0 > difference[..., 2].sum()


def test_pictures_are_smooth_at_their_edges():
    picture, _ = draw_icon("star", hue=0.0, saturation=0.0)
    colours = np.unique(np.asarray(picture).reshape(-1, 3), axis=0)
    assert len(colours) > 10  # without smoothing: the background and two tones


def test_rotation_turns_the_picture():
    straight, _ = draw_icon("boat")
    turned, _ = draw_icon("boat", rotation=14.0)
    assert np.abs(np.asarray(straight, dtype=float) - np.asarray(turned, dtype=float)).mean() > 3


def test_the_split_holds_out_whole_images_of_every_concept():
    icons = make_icons(40)
    assert icons.groupby("concept")["split"].value_counts().unstack().to_dict("list") == {
        "test": [1] * 10,
        "train": [3] * 10,
    }
    hundred = make_icons(100)
    assert (hundred["split"] == "test").sum() == 20
    assert set(split_icons(make_icons(10))) == {"train"}  # one image of a concept cannot be split


def test_written_pictures_are_those_drawn(tmp_path):
    icons = make_icons(12)
    paths = write_icons(icons, tmp_path / "stimuli", size_px=32)
    assert [path.name for path in paths] == [f"{name}.png" for name in icons["image"]]
    row = icons.iloc[11]
    attributes = ["hue", "background_hue", "saturation", "size", "x", "y", "rotation", "variant"]
    drawn, features = draw_icon(row["concept"], size_px=32, **row[attributes].to_dict())
    with Image.open(paths[11]) as picture:
        assert picture.size == (32, 32)
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(drawn))
    np.testing.assert_allclose(features, icon_features(icons)[11])


def test_an_unknown_concept_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match=r"Got 'hose' instead\. Did you mean 'house'\?"):
        draw_icon("hose")


@pytest.mark.parametrize(("n_images", "error"), [(0, ValueError), (2.5, TypeError), ("ten", TypeError)])
def test_a_bad_number_of_images_is_refused(n_images, error):
    with pytest.raises(error, match="'n_images' parameter of make_icons"):
        make_icons(n_images)
