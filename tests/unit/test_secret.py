"""The secret that decides the noise of every cell: where it is, and who may read it."""

import stat
from pathlib import Path

import pytest

from riskstrat.errors import UsageError
from riskstrat.files.secret import SECRET_FILE_VARIABLE, protection_secret


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(SECRET_FILE_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


def test_a_secret_is_made_once_and_read_again(settings: Path, caplog: pytest.LogCaptureFixture):
    first = protection_secret()
    path = settings / "riskstrat" / "secret"
    assert first == protection_secret()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret"]
    assert caplog.text.count("keep it") == caplog.text.count(str(path)) == 1
    assert first.decode() not in caplog.text


def test_the_variable_names_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own = protection_secret()
    shared = tmp_path / "shared"
    shared.write_bytes(b"the secret of all colleagues\n")
    shared.chmod(0o600)
    monkeypatch.setenv(SECRET_FILE_VARIABLE, str(shared))
    assert protection_secret() == b"the secret of all colleagues" != own


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [(None, 0, "no file"), (b"x" * 40, 0o644, "open to others"), (b"short", 0o600, "a secret of 5 bytes")],
)
def test_what_cannot_be_a_secret_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, mode: int, said: str
):
    path = tmp_path / "mine"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    monkeypatch.setenv(SECRET_FILE_VARIABLE, str(path))
    with pytest.raises(UsageError, match=said):
        protection_secret()


def test_where_none_can_be_made_the_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(blocked))
    with pytest.raises(UsageError, match=SECRET_FILE_VARIABLE):
        protection_secret()
