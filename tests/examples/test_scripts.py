"""Parts of the examples' scripts that a run on this machine does not reach."""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography import x509

from sandbox.tls_host import make_certificate
from tests.examples.house import load_script

VM_STAT = """\
Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                               10000.
Pages active:                            200000.
Pages inactive:                          150000.
Pages speculative:                         2000.
Pages throttled:                              0.
Pages wired down:                        100000.
Pages purgeable:                           3000.
"Translation faults":                1234567890.
"""

MEMINFO = """\
MemTotal:       16000000 kB
MemFree:         1000000 kB
MemAvailable:    4000000 kB
HugePages_Total:       0
"""


def test_memory_of_a_mac_is_read_from_vm_stat() -> None:
    measure = load_script("host-report/measure.py")
    assert measure.available_of_vm_stat(VM_STAT) == 16384 * (10000 + 150000 + 2000 + 3000)


def test_memory_of_linux_is_read_from_meminfo() -> None:
    measure = load_script("host-report/measure.py")
    assert measure.totals_of_meminfo(MEMINFO) == (16000000 * 1024, 4000000 * 1024)


def test_a_value_on_the_threshold_is_no_warning() -> None:
    measure = load_script("host-report/measure.py")
    assert measure.warnings_above(80, {"disk": {"percent": 80.0}, "memory": {"percent": 80.1}}) == [
        "The memory is 80.1 % full, above 80 %."
    ]


def test_days_of_an_expired_certificate_are_negative() -> None:
    check = load_script("certificate/check.py")
    made_at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    certificate = x509.load_pem_x509_certificate(make_certificate("127.0.0.1", made_at)[0])
    assert check.days_left(certificate, made_at) == 45
    assert check.days_left(certificate, made_at + datetime.timedelta(days=50)) == -5


def test_the_same_sources_give_the_same_package_byte_for_byte(tmp_path: Path) -> None:
    build = load_script("deploy/build.py")
    source = tmp_path / "app.py"
    source.write_text("print('hello')")
    first = build.pack(tmp_path / "first.zip", [source])
    source.touch()
    assert build.pack(tmp_path / "second.zip", [source]) == first
    source.write_text("print('bye')")
    assert build.pack(tmp_path / "third.zip", [source]) != first
