"""Names of cipher suites, against what this machine's openssl says they are."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from console.pki.cipher_names import before_tls12, key_kind, openssl_name

SCHANNELS = re.compile(
    r"TLS_(RSA|DHE_RSA|ECDHE_RSA|ECDHE_ECDSA)_WITH_(AES_(128|256)_(GCM_SHA256|GCM_SHA384|CBC_SHA|CBC_SHA256|CBC_SHA384)"
    r"|3DES_EDE_CBC_SHA|NULL_(SHA|SHA256|MD5))"
)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_agrees() -> None:
    command = ["openssl", "ciphers", "-v", "-stdname", "ALL:eNULL:@SECLEVEL=0"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    rows = [line.split() for line in said.splitlines()]
    theirs = {row[0]: (row[2], row[3], re.search(r"Au=(\S+)", " ".join(row))) for row in rows}
    ours = {suite for suite in theirs if SCHANNELS.fullmatch(suite)}
    assert len(ours) >= 20
    for suite in ours:
        name, version, authentication = theirs[suite]
        assert openssl_name(suite) == name
        assert authentication is not None
        if "NULL" not in name:
            assert key_kind(name) == authentication[1].lower()
        assert before_tls12(name) is (version != "TLSv1.2")


@pytest.mark.parametrize(
    ("suite", "name"),
    [
        ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384_P384", "ECDHE-RSA-AES256-SHA384"),
        ("tls_rsa_with_rc4_128_md5 ", "RC4-MD5"),
        ("TLS_AES_256_GCM_SHA384", ""),
        ("TLS_PSK_WITH_AES_256_GCM_SHA384", ""),
        ("SSL_CK_RC4_128_WITH_MD5", ""),
        ("", ""),
    ],
)
def test_names_of_windows_alone(suite: str, name: str) -> None:
    assert openssl_name(suite) == name


@pytest.mark.parametrize("name", ["PSK-AES256-CBC-SHA", "ADH-AES256-SHA", "DHE-DSS-AES256-SHA", "NULL-SHA"])
def test_suites_that_fit_no_certificate_of_a_beacon(name: str) -> None:
    assert key_kind(name) == ""
