"""Pure rules: published vectors, and what holds for every value."""

import json
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from mieone.blocks.identity.oauth.model import DatasetDetail
from mieone.blocks.identity.oauth.problems import (
    BadRegistration,
    InvalidClient,
    InvalidDpopProof,
    InvalidGrant,
    InvalidRequest,
    Reason,
    UseDpopNonce,
)
from mieone.blocks.identity.oauth.rules import (
    assertion,
    clients,
    dpop,
    jose,
    levels,
    pkce,
    requests,
)
from mieone.core.sessions import Acr

from . import given

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
URL = "https://localhost:8443/oauth/token"
KEY = given.ec_key()


def test_pkce_knows_the_vector_of_rfc_7636() -> None:
    assert jose.s256(given.VERIFIER) == given.CHALLENGE
    pkce.check_verifier(given.VERIFIER, given.CHALLENGE)


@pytest.mark.parametrize("verifier", ["", "short", "x" * 129, "ä" * 50, given.VERIFIER[:-1] + "X"])
def test_another_verifier_is_refused(verifier: str) -> None:
    with pytest.raises(InvalidGrant):
        pkce.check_verifier(verifier, given.CHALLENGE)


def test_the_thumbprint_is_that_of_rfc_9449() -> None:
    key = jose.import_public_key(
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        }
    )
    assert jose.thumbprint(key) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def test_ath_is_that_of_rfc_9449() -> None:
    token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
    assert jose.s256(token) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def test_at_hash_is_that_of_openid_connect() -> None:
    token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    assert jose.half_hash(token) == "77QmUPtjPfzWtF2AnpK9RQ"


# --- htu -----------------------------------------------------------------------------------------

segment = st.text(string.ascii_letters + string.digits + "-._~", min_size=1, max_size=8).filter(
    lambda text: text not in (".", "..")
)
path = st.lists(segment, max_size=4).map(lambda parts: "/" + "/".join(parts))
host = st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z]{2,5})?", fullmatch=True)


@for_all(host=host, path=path, query=segment, fragment=segment)
def test_htu_is_compared_without_query_fragment_case_and_default_port(
    host: str, path: str, query: str, fragment: str
) -> None:
    url = f"https://{host}{path}"
    loud = f"HTTPS://{host.upper()}:443{path}?{query}#{fragment}"
    assert dpop.is_same_url(loud, [url])


@for_all(path=path, escaped=st.integers(0, 40))
def test_an_escaped_plain_character_is_the_same_character(path: str, escaped: int) -> None:
    place = escaped % len(path)
    written = path[:place] + (f"%{ord(path[place]):02x}" if path[place] != "/" else "/")
    assert dpop.is_same_url(
        f"https://a.example{written}{path[place + 1 :]}", [f"https://a.example{path}"]
    )


@for_all(one=path, other=path)
def test_another_path_is_another_url(one: str, other: str) -> None:
    same = dpop.is_same_url(f"https://a.example{one}", [f"https://a.example{other}"])
    assert same == ((one or "/") == (other or "/"))


@for_all(url=st.text(max_size=60))
def test_no_text_breaks_the_normalisation(url: str) -> None:
    normal = dpop.normalise_url(url)
    assert normal is None or dpop.normalise_url(normal) == normal


@pytest.mark.parametrize(
    "htu",
    [
        "http://localhost:8443/oauth/token",
        "https://localhost/oauth/token",
        "https://localhost:8443/oauth/token/",
        "https://localhost:8443/oauth",
        "https://evil@localhost:8443/oauth/token",
        "https://localhost.evil.example:8443/oauth/token",
        "//localhost:8443/oauth/token",
        "/oauth/token",
        "https://localhost:99999/oauth/token",
    ],
)
def test_a_neighbouring_url_is_not_the_same(htu: str) -> None:
    assert not dpop.is_same_url(htu, [URL])


# --- DPoP ----------------------------------------------------------------------------------------


def check(*proofs: str, **changes: object) -> str:
    expected = dpop.Expected(**{"method": "POST", "urls": (URL,), "now": NOW, **changes})  # type: ignore[arg-type]
    return dpop.check_proof(proofs, expected).jkt


def proof(**changes: object) -> str:
    return given.proof(KEY, URL, NOW, **changes)  # type: ignore[arg-type]


def test_a_right_proof_names_its_key() -> None:
    assert check(proof(extra="ignored")) == jose.thumbprint(KEY)


@pytest.mark.parametrize("seconds", [-10, 0, 10])
def test_clocks_may_differ_a_little(seconds: int) -> None:
    check(proof(iat=int(NOW.timestamp()) + seconds))


REFUSED_PROOFS = {
    "typ missing": ({"header": {"typ": None}}, Reason.DPOP_TYP),
    "typ wrong": ({"header": {"typ": "JWT"}}, Reason.DPOP_TYP),
    "jwk missing": ({"header": {"jwk": None}}, Reason.DPOP_JWK),
    "jwk private": ({"header": {"jwk": KEY.as_dict(private=True)}}, Reason.PRIVATE_KEY),
    "jwk another key": ({"header": {"jwk": given.ec_key().as_dict()}}, Reason.SIGNATURE),
    "jwk symmetric": ({"header": {"jwk": {"kty": "oct", "k": "c2VjcmV0"}}}, Reason.PRIVATE_KEY),
    "jwk not a point": (
        {"header": {"jwk": {**KEY.as_dict(private=False), "y": "AAAA"}}},
        Reason.WEAK_KEY,
    ),
    "jti missing": ({"jti": None}, Reason.DPOP_CLAIM),
    "jti a number": ({"jti": 7}, Reason.DPOP_CLAIM),
    "jti endless": ({"jti": "x" * 300}, Reason.DPOP_CLAIM),
    "htm missing": ({"htm": None}, Reason.DPOP_CLAIM),
    "htm wrong": ({"htm": "GET"}, Reason.DPOP_METHOD),
    "htu missing": ({"htu": None}, Reason.DPOP_CLAIM),
    "htu wrong": ({"htu": "https://localhost:8443/oauth/par"}, Reason.DPOP_URL),
    "iat missing": ({"iat": None}, Reason.DPOP_CLAIM),
    "iat text": ({"iat": "now"}, Reason.DPOP_CLAIM),
    "iat an hour ago": ({"iat": int(NOW.timestamp()) - 3600}, Reason.DPOP_TIME),
    "iat in an hour": ({"iat": int(NOW.timestamp()) + 3600}, Reason.DPOP_TIME),
    "iat not finite": ({"iat": float("nan")}, Reason.DPOP_TIME),
}


@pytest.mark.parametrize(("changes", "reason"), REFUSED_PROOFS.values(), ids=REFUSED_PROOFS)
def test_a_wrong_proof_is_refused(changes: dict[str, object], reason: Reason) -> None:
    with pytest.raises(InvalidDpopProof) as refused:
        check(proof(**changes))
    assert refused.value.reason is reason


@pytest.mark.parametrize("alg", ["none", "RS256", "HS256", "ES384", "ES256K"])
def test_other_algorithms_are_refused(alg: str) -> None:
    good = proof().split(".")
    header = {"typ": "dpop+jwt", "alg": alg, "jwk": KEY.as_dict(private=False)}
    with pytest.raises(InvalidDpopProof) as refused:
        check(".".join([given.b64(header), good[1], good[2]]))
    assert refused.value.reason is Reason.ALGORITHM


def test_no_proof_and_two_proofs_are_refused() -> None:
    for proofs, reason in [((), Reason.DPOP_MISSING), ((proof(), proof()), Reason.DPOP_TWICE)]:
        with pytest.raises(InvalidDpopProof) as refused:
            check(*proofs)
        assert refused.value.reason is reason


@for_all(text=st.text(max_size=200))
def test_no_text_breaks_the_check(text: str) -> None:
    with pytest.raises(InvalidDpopProof):
        check(text)


@for_all(place=st.integers(0, 2000), letter=st.sampled_from("ABCxyz019-_."))
def test_a_changed_proof_is_refused_or_says_the_same(place: int, letter: str) -> None:
    good = proof()
    place %= len(good)
    changed = good[:place] + letter + good[place + 1 :]
    try:
        jkt = check(changed)
    except InvalidDpopProof:
        return
    # Only the unused bits of the last base64url digit may differ.
    assert jkt == jose.thumbprint(KEY)
    assert changed[:-1] == good[:-1]


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (OKPKey.generate_key("Ed25519"), "EdDSA"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
        (RSAKey.generate_key(2048), "PS256"),
    ],
    ids=["EdDSA", "Ed25519", "PS256"],
)
def test_the_other_allowed_algorithms_work(key: OKPKey | RSAKey, alg: str) -> None:
    header = {"alg": alg, "jwk": key.as_dict(private=False)}
    assert check(given.proof(key, URL, NOW, header=header)) == jose.thumbprint(key)


def test_weak_and_unsuitable_keys_are_refused() -> None:
    with pytest.warns(SecurityWarning):
        short = RSAKey.generate_key(1024)
    weak = [short, OKPKey.generate_key("Ed448")]
    for key in [*weak, ECKey.generate_key("P-384")]:
        with pytest.raises(jose.Unverified):
            jose.import_public_key(key.as_dict(private=False))


def test_a_nonce_that_is_asked_for_must_be_ours() -> None:
    for nonce in (None, "other"):
        with pytest.raises(UseDpopNonce):
            check(proof(nonce=nonce), nonces=("ours",), is_nonce_required=True)
    with pytest.raises(UseDpopNonce):
        check(proof(nonce="stale"), nonces=("ours",))
    check(proof(nonce="ours"), nonces=("ours",), is_nonce_required=True)


@pytest.mark.parametrize("ath", [None, "wrong", jose.s256("another-token")])
def test_at_resources_the_proof_must_name_the_token(ath: str | None) -> None:
    with pytest.raises(InvalidDpopProof):
        check(proof(ath=ath), access_token="the-token")


# --- client assertions ---------------------------------------------------------------------------


def check_assertion(**changes: object) -> None:
    text = given.assertion(KEY, "nursery", NOW, **changes)  # type: ignore[arg-type]
    keys = [KEY.as_dict(private=False)]
    assertion.check_assertion(text, "nursery", keys, given.ISSUER, NOW)


def at(seconds: int) -> int:
    return int((NOW + timedelta(seconds=seconds)).timestamp())


@pytest.mark.parametrize("changes", [{"iat": at(8), "nbf": at(8)}, {"iat": None}, {"nbf": at(-5)}])
def test_an_assertion_a_little_early_is_accepted(changes: dict[str, object]) -> None:
    check_assertion(**changes)


REFUSED_ASSERTIONS = {
    "aud a list": ({"aud": [given.ISSUER]}, Reason.ASSERTION_AUDIENCE),
    "aud the token endpoint": ({"aud": URL}, Reason.ASSERTION_AUDIENCE),
    "aud the PAR endpoint": ({"aud": given.ISSUER + "/oauth/par"}, Reason.ASSERTION_AUDIENCE),
    "aud with a slash": ({"aud": given.ISSUER + "/"}, Reason.ASSERTION_AUDIENCE),
    "aud missing": ({"aud": None}, Reason.ASSERTION_AUDIENCE),
    "sub missing": ({"sub": None}, Reason.ASSERTION_SUBJECT),
    "sub another": ({"sub": "other"}, Reason.ASSERTION_SUBJECT),
    "iss another": ({"iss": "other"}, Reason.ASSERTION_SUBJECT),
    "jti missing": ({"jti": None}, Reason.MALFORMED),
    "exp missing": ({"exp": None}, Reason.MALFORMED),
    "exp five minutes ago": ({"exp": at(-300)}, Reason.ASSERTION_EXPIRED),
    "exp endless": ({"exp": 10**30}, Reason.MALFORMED),
    "exp next week": ({"exp": at(604_800)}, Reason.ASSERTION_TOO_LONG),
    "iat in 61 seconds": ({"iat": at(61)}, Reason.ASSERTION_EARLY),
    "nbf in 61 seconds": ({"nbf": at(61)}, Reason.ASSERTION_EARLY),
    "kid of another key": ({"header": {"kid": "k2"}}, None),
}


@pytest.mark.parametrize(("changes", "reason"), REFUSED_ASSERTIONS.values(), ids=REFUSED_ASSERTIONS)
def test_a_wrong_assertion_is_refused(changes: dict[str, object], reason: Reason | None) -> None:
    text = given.assertion(KEY, "nursery", NOW, **changes)  # type: ignore[arg-type]
    keys = [{**KEY.as_dict(private=False), "kid": "k1"}]
    with pytest.raises(InvalidClient) as refused:
        assertion.check_assertion(text, "nursery", keys, given.ISSUER, NOW)
    assert reason is None or refused.value.reason is reason


def test_an_assertion_signed_with_rs256_is_refused() -> None:
    key = RSAKey.generate_key(2048)
    good = given.assertion(key, "nursery", NOW, {"alg": "PS256"}).split(".")
    forged = ".".join([given.b64({"alg": "RS256"}), good[1], good[2]])
    with pytest.raises(InvalidClient) as refused:
        assertion.check_assertion(forged, "nursery", [key.as_dict()], given.ISSUER, NOW)
    assert refused.value.reason is Reason.ALGORITHM


# --- requests, levels, clients -------------------------------------------------------------------


@for_all(body=st.binary(max_size=200))
def test_any_body_is_a_form_or_refused(body: bytes) -> None:
    try:
        params = requests.read_form(body)
    except InvalidRequest:
        return
    assert all(params.values())


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        requests.read_form(b"scope=openid&scope=profile")


details = st.builds(
    DatasetDetail,
    dataset=st.sampled_from(["household", "income"]),
    version=st.integers(1, 9),
    purpose=st.sampled_from(["booking", "relief"]),
    items=st.lists(st.sampled_from(["name", "address"]), unique=True).map(tuple),
    until=st.none() | st.dates(),
)


@for_all(asked=st.lists(details, max_size=4))
def test_details_come_back_as_they_went(asked: list[DatasetDetail]) -> None:
    text = json.dumps(requests.shape_details(asked))
    assert requests.read_details(text) == tuple(asked)


def test_a_stronger_sign_in_serves_a_weaker_wish() -> None:
    assert levels.meets(Acr.CARD, [Acr.PASSKEY])
    assert not levels.meets(Acr.PASSKEY, [Acr.CARD])
    assert levels.meets(Acr.VISITOR, [])
    assert not levels.meets(Acr.STAFF, [Acr.VISITOR])


@pytest.mark.parametrize(
    "uri",
    [
        "http://nursery.example/callback",
        "https://nursery.example/callback#part",
        "https://user@nursery.example/",
        "javascript:alert(1)",
        "nursery.example/callback",
        "https://nursery.example/a b",
        "https://",
    ],
)
def test_a_doubtful_address_cannot_be_registered(uri: str) -> None:
    with pytest.raises(BadRegistration):
        clients.check_uri(uri, may_be_loopback=True)


def test_loopback_addresses_are_for_trying_only() -> None:
    clients.check_uri("http://localhost:9000/cb", may_be_loopback=True)
    with pytest.raises(BadRegistration):
        clients.check_uri("http://localhost:9000/cb", may_be_loopback=False)


def test_two_programs_on_this_machine_are_two_sectors() -> None:
    one = clients.decide_sector("one", ["http://localhost:9000/cb"], None)
    other = clients.decide_sector("other", ["http://localhost:9000/cb"], None)
    assert one != other
    assert clients.decide_sector("one", ["https://a.example/cb"], None) == "a.example"
    with pytest.raises(BadRegistration):
        clients.decide_sector("one", ["https://a.example/cb", "https://b.example/cb"], None)
