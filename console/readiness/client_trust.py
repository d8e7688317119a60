"""By what a beacon trusts and checks client certificates: http.sys's record, Schannel's mode [windows.md §2]."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from console.iis.snapshot import HttpSysRecord
from console.pki.chain import ChainOptions, verify_chain
from console.readiness.beacon_view import Endpoint


def asks_addresses(record: HttpSysRecord) -> bool:
    """The record has the revocation of client certificates checked, and not by what is cached alone."""
    return record.verifyclientcertrevocation and not record.verifyrevocationwithcachedclientcertonly


def checks_revocation(endpoint: Endpoint) -> bool:
    """By asking addresses: WinRM showed the endpoint's http.sys record, and it says so."""
    return endpoint.reached and endpoint.record is not None and asks_addresses(endpoint.record)


def trusted_path(endpoint: Endpoint, sent: Sequence[bytes], now: datetime) -> tuple[bytes, ...]:
    """The chain from the device's certificate to an anchor of the beacon, which comes last; empty: there is none."""
    store, options = client_trust(endpoint)
    others = (*sent[1:], *endpoint.intermediates)
    result = verify_chain(endpoint.anchors(store), sent[0], others, now, options)
    return tuple(result.chain) if result.ok else ()


def client_trust(endpoint: Endpoint) -> tuple[str, ChainOptions]:
    """The store whose certificates http.sys trusts for clients (ClientAuthTrustMode), and how chains end there."""
    mode = endpoint.snapshot.schannel.client_auth_trust_mode or 0
    named = endpoint.record.ctlstorename if endpoint.record is not None else ""
    store = (named or "ClientAuthIssuer") if mode in (1, 2) else "Root"
    return store, ChainOptions(purpose="", partial=mode == 2, level=0)
