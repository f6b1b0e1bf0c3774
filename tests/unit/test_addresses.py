"""Where `http` steps may go: allow-lists, addresses that are always refused, and what redirects may lead to."""

from __future__ import annotations

import pytest

from engine.addresses import AllowList, Reach, Refused, look_up, read_allow_list


def reach(*addresses: str, allow: str = "") -> Reach:
    """A network in which every name has these addresses."""
    return Reach(read_allow_list(allow), lambda host, port: addresses)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.0.1", "169.254.170.2", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.250",
        "240.0.0.1", "255.255.255.255", "100.100.100.200", "168.63.129.16", "192.0.0.192", "::", "fe80::1",
        "fe80::1%1", "febf::1", "fec0::1", "ff02::1", "fd00:ec2::254", "fd20:ce::254", "::ffff:169.254.169.254",
        "::ffff:0.0.0.0", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1", "::169.254.169.254",
        "2001:0:a9fe:a9fe::1", "::ffff:0:a9fe:a9fe",
    ],
)  # fmt: skip
@pytest.mark.parametrize("allow", ["", "*.internal", "0.0.0.0/0, ::/0"])
def test_some_addresses_are_refused_whatever_is_allowed(address: str, allow: str) -> None:
    with pytest.raises(Refused, match=r"which no step may ask\.$"):
        reach(address, allow=allow).route("metadata.internal", 80)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "fd12::1", "100.64.0.1", "8.8.8.8"],
)
def test_other_addresses_may_be_asked_without_an_allow_list(address: str) -> None:
    assert reach(address).route("deploy.internal", 80).addresses == (address,)


def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    with pytest.raises(Refused, match=r"^deploy.internal leads to 169.254.169.254, a link-local address"):
        reach("10.0.0.1", "169.254.169.254").route("deploy.internal", 80)


def test_a_name_is_looked_up_once_and_what_was_checked_is_what_is_asked() -> None:
    answers = [["10.0.0.1"], ["169.254.169.254"]]
    found = Reach(AllowList(), lambda host, port: answers.pop(0)).route("rebinding.internal", 80)
    assert found.addresses == ("10.0.0.1",)
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("allow", "host", "address", "is_allowed"),
    [
        ("deploy.internal", "deploy.internal", "10.0.0.1", True),
        ("deploy.internal", "DEPLOY.Internal.", "10.0.0.1", True),
        ("Deploy.Internal.", "deploy.internal", "10.0.0.1", True),
        ("deploy.internal", "xdeploy.internal", "10.0.0.1", False),
        ("deploy.internal", "a.deploy.internal", "10.0.0.1", False),
        ("*.internal", "a.internal", "10.0.0.1", True),
        ("*.internal", "a.b.internal", "10.0.0.1", True),
        ("*.internal", "internal", "10.0.0.1", False),
        ("*.internal", "evilinternal", "10.0.0.1", False),
        ("*.internal", "a.internal.evil", "10.0.0.1", False),
        ("10.0.0.0/8", "anything", "10.255.0.1", True),
        ("10.0.0.7/8", "anything", "10.255.0.1", True),
        ("10.0.0.0/8", "anything", "11.0.0.1", False),
        ("10.0.0.0/8", "anything", "::ffff:10.0.0.1", True),
        ("10.0.0.0/8", "anything", "2002:0a00:0001::1", False),
        ("127.0.0.1", "localhost", "127.0.0.1", True),
        ("127.0.0.1", "localhost", "127.0.0.2", False),
        ("[::1], 10.0.0.1", "localhost", "::1", True),
        ("fd00::/8", "a", "fd12::1", True),
        ("one, two,, three ", "two", "8.8.8.8", True),
        ("one", "two", "8.8.8.8", False),
    ],
)
def test_an_allow_list_names_hosts_and_networks(
    allow: str, host: str, address: str, is_allowed: bool
) -> None:
    if is_allowed:
        reach(address, allow=allow).route(host, 443)
    else:
        with pytest.raises(Refused, match="HANDRAIL_HTTP_ALLOW"):
            reach(address, allow=allow).route(host, 443)


def test_all_addresses_of_a_name_must_be_allowed() -> None:
    with pytest.raises(Refused):
        reach("10.0.0.1", "11.0.0.1", allow="10.0.0.0/8").route("deploy.internal", 80)


@pytest.mark.parametrize(
    "entry",
    ["http://deploy.internal", "deploy.internal:80", "a b", "*", "*.", "10.0.0.0/33", "a*b", "..", "/"],
)
def test_what_is_no_entry_of_an_allow_list_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="is neither a host"):
        read_allow_list(f"good.internal, {entry}")


def test_an_empty_allow_list_is_none() -> None:
    assert read_allow_list(" , ").is_empty


def test_a_public_host_redirects_to_no_private_one() -> None:
    public = reach("8.8.8.8").route("example.com", 443)
    assert public.is_public
    assert reach("1.1.1.1").route("www.example.com", 443, public).is_public
    for address in ("127.0.0.1", "10.0.0.1", "::1", "fd12::1", "100.64.0.1", "64:ff9b::a00:1"):
        with pytest.raises(
            Refused, match=r"^example.com is public and redirects to deploy.internal, which is not"
        ):
            reach(address).route("deploy.internal", 80, public)
        reach(address, allow=f"{address}/128" if ":" in address else address).route(
            "deploy.internal", 80, public
        )


def test_a_private_host_may_redirect_to_any() -> None:
    private = reach("10.0.0.1").route("deploy.internal", 443)
    assert not private.is_public
    reach("10.0.0.2").route("login.internal", 443, private)
    reach("8.8.8.8").route("example.com", 443, private)


def test_a_name_without_addresses_is_unknown() -> None:
    with pytest.raises(OSError, match="no address"):
        reach().route("deploy.internal", 80)


@pytest.mark.parametrize(
    "host", ["2852039166", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "169.16689662", "0"]
)
def test_unusual_ways_to_write_an_address_are_seen_through(host: str) -> None:
    with pytest.raises(Refused):
        Reach(AllowList(), look_up).route(host, 80)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "localhost"])
def test_the_system_is_asked_for_addresses(host: str) -> None:
    assert "127.0.0.1" in Reach().route(host, 80).addresses
