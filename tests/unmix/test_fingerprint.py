import hashlib

from unmix import fingerprint as module
from unmix.fingerprint import fingerprint


def test_fingerprint_of_a_small_file_is_its_sha256(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"spectra" * 1000)
    assert fingerprint(path) == "sha256:" + hashlib.sha256(b"spectra" * 1000).hexdigest()


def test_fingerprint_of_a_large_file_sees_its_ends_and_size(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "WHOLE_BYTES", 1000)
    monkeypatch.setattr(module, "PART_BYTES", 64)
    monkeypatch.setattr(module, "N_PARTS", 4)
    data = bytearray(range(256)) * 20
    path = tmp_path / "a"
    path.write_bytes(data)
    first = fingerprint(path)
    assert first.startswith("sha256-parts:")
    assert fingerprint(path) == first
    seen = {first}
    for position in (0, len(data) // 3, len(data) - 1):
        changed = data.copy()
        changed[position] ^= 255
        path.write_bytes(changed)
        seen.add(fingerprint(path))
    path.write_bytes(data + b"x")
    seen.add(fingerprint(path))
    assert len(seen) >= 4
