"""The catalogue that comes with the package."""

import msgspec
import pytest
import yaml
from yarl import URL

from assistant.engines import Kind
from assistant.errors import ModelError
from assistant.models.catalogue import Catalogue, Packed, catalogue

IDS = list(catalogue().models)


def test_the_default_set_is_a_whole_voice():
    kinds = {catalogue()[model].kind for model in catalogue().default}
    assert kinds == {Kind.WAKE, Kind.VAD, Kind.TURN, Kind.STT, Kind.CHAT, Kind.TTS}
    assert {"wake-hey_jarvis", "wake-alexa", "whisper-tiny.en", "whisper-base"} <= set(catalogue().default)


@pytest.mark.parametrize("model", IDS)
def test_every_entry_says_what_it_is(model):
    entry = catalogue()[model]
    assert entry.description and entry.licence
    assert entry.main == "." or entry.main in {file.name for file in entry.files}
    assert len({file.name for file in entry.files}) == len(entry.files)
    assert not any(file.name.endswith(".part") for file in entry.files)
    assert ("NC" in entry.licence) == ("commercial" in entry.note), "who may not use it must be told"


@pytest.mark.parametrize("model", IDS)
def test_every_file_has_a_pinned_home_and_a_mirror(model):
    for file in catalogue()[model].files:
        homes = [URL(source) for source in file.sources if isinstance(source, str)]
        assert homes or "published as a package only" in catalogue()[model].note
        for home in homes:
            assert home.scheme == "https"
            assert home.name == file.name
            assert not {"main", "master", "latest"} & set(home.parts), "a home that moves has no digest"
        assert carriers([file])


def carriers(files):
    """Return the wheels and tarballs that carry *files*."""
    sources = [source for file in files for source in file.sources]
    wheels = {member.wheel for source in sources if isinstance(source, tuple) for member in source}
    return wheels | {source.package for source in sources if isinstance(source, Packed)}


def test_every_listed_wheel_and_tarball_is_used():
    files = [file for entry in catalogue().models.values() for file in entry.files]
    assert carriers(files) == {*catalogue().wheels, *catalogue().packages}


def test_no_two_models_of_one_digest():
    digests = [file.sha256 for entry in catalogue().models.values() for file in entry.files]
    assert len(digests) == len(set(digests))


def test_an_unknown_id_is_answered_with_the_nearest():
    with pytest.raises(ModelError, match="the catalogue has no model 'whisper-bass'") as error:
        catalogue()["whisper-bass"]
    assert error.value.hint == "did you mean 'whisper-base'?"
    with pytest.raises(ModelError) as error:
        catalogue()["zzz"]
    assert error.value.hint == "see: assistant models list --all"


ENTRY = """
models:
  m:
    kind: chat
    description: a model
    licence: MIT
    main: a
    files: [{name: a, size: 1, sha256: "%s", sources: ["https://example.org/a"]}]
""" % ("0" * 64)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("licence:", "license:"),
        ("kind: chat", "kind: chatter"),
        ("size: 1", "size: 0"),
        ("name: a", "name: ../a"),
        ("name: a", "name: .a"),
        ("  m:", "  ../m:"),
        ("000", "00g"),
        ("https:", "file:"),
        ('["https://example.org/a"]', "[[{wheel: ../x, member: a}]]"),
        ('["https://example.org/a"]', "[[{wheel: x==1.0, members: a}]]"),
        ('["https://example.org/a"]', "[{package: ../x@1.0, member: a}]"),
        ('["https://example.org/a"]', "[{package: x@latest, member: a}]"),
    ],
)
def test_a_careless_entry_is_refused(good, bad):
    msgspec.convert(yaml.safe_load(ENTRY), Catalogue)
    assert good in ENTRY
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(yaml.safe_load(ENTRY.replace(good, bad, 1)), Catalogue)
