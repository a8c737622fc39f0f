"""The parts of a form, as programs write them, and as nobody should."""

import random

import pytest

from assistant.http.multipart import Part, boundary_of, parts

HEAD = b'Content-Disposition: form-data; name="a"'


def body(*heads_and_contents: tuple[bytes, bytes], end: bytes = b"\r\n--x--\r\n") -> bytes:
    """Write a form whose boundary is `x`."""
    return b"\r\n".join(b"--x\r\n" + head + b"\r\n\r\n" + content for head, content in heads_and_contents) + end


def test_parts_come_in_their_order_as_they_are() -> None:
    contents = [b"", b"\r\n", b"\r\n\r\n", b"--x", b"\r\n--", b"\n--x\n", bytes(range(256)), b"--x--"]
    sent = body(*[(HEAD, content) for content in contents])
    assert [part.content for part in parts(sent, b"x")] == contents


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"Content-Disposition: form-data; name=file", "file"),
        (b'content-disposition:form-data;name="file";filename="a.wav"', "file"),
        (b'Content-Type: audio/wav\r\nCONTENT-DISPOSITION: form-data; filename="; name=b"; name="file"', "file"),
        (b"Content-Disposition: form-data; name=\"file\"; filename=a.wav; filename*=UTF-8''a%20b.wav", "file"),
        (b'Content-Disposition: form-data; name="a\\"b\\\\"; filename="c:\\d"', 'a"b\\'),
        ('Content-Disposition: form-data; name="größe"'.encode(), "größe"),
        (b'Content-Disposition: form-data; name="times[]";', "times[]"),
        (b'Content-Disposition: form-data; name=""', ""),
        (b"Content-Disposition: form-data", ""),
        (b'Content-Disposition: form-data; name="file', ""),
        (b"Content-Disposition: form-data; name=file name", ""),
        (b"Content-Type: audio/wav", ""),
        (b"", ""),
    ],
)
def test_a_part_has_the_name_that_it_says(head: bytes, name: str) -> None:
    assert [part.name for part in parts(body((head, b"1")), b"x")] == [name]


def test_what_stands_around_the_parts_is_left_out() -> None:
    sent = b"before\r\n" + body((HEAD, b"1"), end=b"\r\n--x--after\r\n--x")
    assert list(parts(sent, b"x")) == [Part("a", b"1")]
    assert list(parts(b"--x--", b"x")) == []
    assert list(parts(b"--x \t\r\n" + HEAD + b"\r\n\r\n1\r\n--x--", b"x")) == [Part("a", b"1")]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"nothing of the kind",
        b"--",
        b"--x",
        b"--x\r\n",
        b"--x\r\n" + HEAD,
        b"--x\r\n" + HEAD + b"\r\n\r\nwithout end",
        b"--x\r\n" + HEAD + b"\r\n\r\nwithout end\r\n--",
        b"--xy\r\n" + HEAD + b"\r\n\r\n1\r\n--x--",
        body((HEAD, b"1"), end=b"\r\n--x"),
        body((HEAD + b"; b=" + b"c" * 4000, b"1")),
        body((b"\r\n".join(b"X-%d: a" % n for n in range(1000)), b"1")),
    ],
)
def test_t7_a_part_without_end_is_refused(sent: bytes) -> None:
    with pytest.raises(ValueError, match="a part"):
        list(parts(sent, b"x"))


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 71}"],
)
def test_a_boundary_is_there_and_bounded(content_type: str) -> None:
    with pytest.raises(ValueError, match="boundary"):
        boundary_of(content_type)


def test_a_boundary_is_read_as_programs_write_it() -> None:
    assert boundary_of("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk=?:") == (
        b"----WebKitFormBoundary7MA4YWxk=?:"
    )
    assert boundary_of('multipart/form-data; charset=utf-8; boundary="a b"') == b"a b"


def test_t7_whatever_comes_is_read_or_refused() -> None:
    dice = random.Random(7)
    pieces = [b"--x", b"\r\n", b"--", HEAD, b"\r\n\r\n", b'"', b";", b"\\", b"\xff", b" ", b"name=", b"1"]
    for _ in range(5000):
        sent = b"".join(dice.choices(pieces, k=dice.randrange(20)))
        try:
            read = list(parts(sent, b"x"))
        except ValueError:
            continue
        assert sum(len(part.content) for part in read) <= len(sent)
