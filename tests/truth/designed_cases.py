"""All designed pairs, by topic and name."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from tests.truth.designed import Designed, main
from tests.truth.designed_beacon import ACCEPTED, BOUND, LATE, SEVERAL
from tests.truth.designed_chains import CHAINED, NAMED
from tests.truth.designed_clients import CLIENTS, PATHS
from tests.truth.designed_completion import COMPLETED
from tests.truth.designed_more import LARGE, ODD_NAMES, SHELLS
from tests.truth.designed_server import SERVERS
from tests.truth.designed_settings import SETTINGS_CHANGED
from tests.truth.designed_surroundings import ACCOUNTS, RANGES, STRENGTH, SURROUNDINGS
from tests.truth.designed_trust import MIXED, TRUSTED

TOPICS: Mapping[str, Mapping[str, Designed]] = {
    "name": NAMED,
    "chain": CHAINED,
    "late": LATE,
    "binding": BOUND,
    "acceptance": ACCEPTED,
    "several": SEVERAL,
    "trust": TRUSTED,
    "client": CLIENTS,
    "path": PATHS,
    "mixed": MIXED,
    "completion": COMPLETED,
    "settings": SETTINGS_CHANGED,
    "server": SERVERS,
    "odd name": ODD_NAMES,
    "shell": SHELLS,
    "large": LARGE,
    "account": ACCOUNTS,
    "surroundings": SURROUNDINGS,
    "strength": STRENGTH,
    "range": RANGES,
}
CASES: Mapping[str, Designed] = {
    f"{topic}: {name}": case for topic, cases in TOPICS.items() for name, case in cases.items()
}

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], CASES))
