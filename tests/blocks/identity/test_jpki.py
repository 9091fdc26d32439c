"""What a card must not get away with. Each test bends one thing of a proof that was right."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ObjectIdentifier

from mieone.blocks.identity.model import Usage
from mieone.blocks.identity.problems import (
    CertificateExpired,
    CertificateMalformed,
    CertificateRevoked,
    PolicyNotAllowed,
    RevocationUnavailable,
    SignatureWrong,
    UnknownIssuer,
)
from mieone.blocks.identity.rules import jpki, profile, revocation
from mieone.blocks.identity.rules.profile import RealmRefused
from mieone.core.problems import Problem
from mieone.simulators import authority
from mieone.simulators.authority import Root
from mieone.simulators.card import DIGEST_INFO
from mieone.simulators.cards import CardOffice
from tests.blocks.identity import given

NOW = given.NOW
CHALLENGE = b"a challenge of ours"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> CardOffice:
    return given.office(tmp_path_factory.mktemp("cards"))


@pytest.fixture(scope="module")
def realm(cards: CardOffice) -> profile.Realm:
    return given.realm(cards)


@pytest.fixture(scope="module")
def root(cards: CardOffice) -> Root:
    return cards.root(authority.Usage.AUTH)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return authority.make_key()


Extensions = list[tuple[x509.ExtensionType, bool]]


def bent(
    root: Root,
    key: rsa.RSAPrivateKey,
    change: Callable[[Extensions], Extensions] = list,
    *,
    build: Callable[[x509.CertificateBuilder], x509.CertificateBuilder] = lambda builder: builder,
    signer: rsa.RSAPrivateKey | None = None,
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """A leaf as the authority makes it, but for one change."""
    person = given.holder()
    builder = build(authority.leaf_builder(root, key.public_key(), person, 4711, NOW))
    for extension, critical in change([*authority.leaf_extensions(root, key.public_key(), person)]):
        builder = builder.add_extension(extension, critical=critical)
    signed = builder.sign(signer or root.key(), digest or hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def replaced(
    kind: type, *new: tuple[x509.ExtensionType, bool]
) -> Callable[[Extensions], Extensions]:
    return lambda given_: [one for one in given_ if not isinstance(one[0], kind)] + [*new]


def signed(key: rsa.RSAPrivateKey, message: bytes = CHALLENGE) -> bytes:
    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def check(
    realm: profile.Realm,
    leaf: bytes,
    signature: bytes,
    usage: Usage = Usage.AUTH,
    now: datetime = NOW,
) -> jpki.Leaf:
    return jpki.check_proof(realm, usage, CHALLENGE, signature, leaf, now)


def refused(expected: type[Problem], realm: profile.Realm, leaf: bytes, signature: bytes) -> None:
    with pytest.raises(expected):
        check(realm, leaf, signature)


def test_a_real_card_proves_itself(cards: CardOffice, realm: profile.Realm) -> None:
    leaf = cards.current("T-0001", authority.Usage.AUTH).der

    proved = check(realm, leaf, given.signature(cards, CHALLENGE))

    names = proved.certificate.subject.rfc4514_string()
    assert "見本" not in names
    assert not any(isinstance(e.value, x509.SubjectAlternativeName) for e in proved.extensions)


def test_the_bent_leaf_is_right_while_nothing_is_bent(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    check(realm, bent(root, key), signed(key))


def test_an_expired_leaf(realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey) -> None:
    leaf = bent(root, key)
    with pytest.raises(CertificateExpired):
        check(realm, leaf, signed(key), now=NOW + 6 * 365 * DAY)


def test_a_leaf_not_yet_valid(realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey) -> None:
    with pytest.raises(CertificateExpired):
        check(realm, bent(root, key), signed(key), now=NOW - DAY)


def test_an_expired_root(key: rsa.RSAPrivateKey) -> None:
    old = authority.make_root(authority.Usage.AUTH, NOW - 3700 * DAY)
    anchors = {Usage.AUTH: [old.certificate_der]}
    realm = profile.open_realm(profile.read_profile(given.PROFILE), "test", anchors)

    refused(CertificateExpired, realm, bent(old, key), signed(key))


@pytest.mark.parametrize("usage", list(Usage))
def test_sign_and_auth_never_stand_in_for_each_other(
    cards: CardOffice, realm: profile.Realm, usage: Usage
) -> None:
    other = authority.Usage.AUTH if usage is Usage.SIGN else authority.Usage.SIGN
    issued = cards.current("T-0001", other)
    key = serialization.load_pem_private_key(issued.key_pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    with pytest.raises(UnknownIssuer):
        check(realm, issued.der, signed(key), usage)


def test_an_unknown_root_of_the_same_name(realm: profile.Realm, key: rsa.RSAPrivateKey) -> None:
    false_root = authority.make_root(authority.Usage.AUTH, NOW - DAY)
    refused(UnknownIssuer, realm, bent(false_root, key), signed(key))


def test_an_unknown_root_that_also_copies_the_key_identifier(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    leaf = bent(root, key, signer=authority.make_key())
    refused(UnknownIssuer, realm, leaf, signed(key))


def test_a_leaf_that_calls_itself_an_authority(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    leaf = bent(root, key, lambda given_: [*given_, (constraints, True)])
    refused(PolicyNotAllowed, realm, leaf, signed(key))


def test_a_leaf_issued_by_another_leaf(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    middle = bent(root, key)
    below = Root(usage=root.usage, key_pem=authority.pem_of(key), certificate_der=middle)
    own = authority.make_key()
    refused(UnknownIssuer, realm, bent(below, own), signed(own))


@pytest.mark.parametrize("missing", [x509.KeyUsage, x509.CertificatePolicies])
def test_an_extension_is_missing(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey, missing: type
) -> None:
    refused(PolicyNotAllowed, realm, bent(root, key, replaced(missing)), signed(key))


def test_the_authority_key_identifier_is_missing(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    leaf = bent(root, key, replaced(x509.AuthorityKeyIdentifier))
    refused(UnknownIssuer, realm, leaf, signed(key))


def key_usage(**flags: bool) -> x509.KeyUsage:
    none = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**{**none, **flags})


@pytest.mark.parametrize(
    "usage",
    [
        (key_usage(digital_signature=True, content_commitment=True), True),
        (key_usage(digital_signature=True, key_cert_sign=True), True),
        (key_usage(content_commitment=True), True),
        (key_usage(digital_signature=True), False),
    ],
)
def test_the_key_usage_is_not_exactly_that_of_the_card(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey, usage: tuple[x509.KeyUsage, bool]
) -> None:
    refused(PolicyNotAllowed, realm, bent(root, key, replaced(x509.KeyUsage, usage)), signed(key))


def policies(*oids: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies(
        [x509.PolicyInformation(ObjectIdentifier(oid), None) for oid in oids]
    )


TEST_AUTH = "1.2.392.200149.8.5.1.0.30"
PRODUCTION_AUTH = "1.2.392.200149.8.5.1.3.30"


@pytest.mark.parametrize(
    "policy",
    [
        (policies(PRODUCTION_AUTH), True),
        (policies("1.2.392.200149.8.5.1.0.20"), True),
        (policies("2.5.29.32.0"), True),
        (policies(TEST_AUTH, PRODUCTION_AUTH), True),
        (policies(TEST_AUTH), False),
    ],
)
def test_the_policy_is_not_exactly_that_of_the_realm(
    realm: profile.Realm,
    root: Root,
    key: rsa.RSAPrivateKey,
    policy: tuple[x509.CertificatePolicies, bool],
) -> None:
    leaf = bent(root, key, replaced(x509.CertificatePolicies, policy))
    refused(PolicyNotAllowed, realm, leaf, signed(key))


def test_the_test_policy_does_not_count_in_production(realm: profile.Realm) -> None:
    production = msgspec.structs.replace(realm, name="production")

    assert TEST_AUTH in realm.policies_at(Usage.AUTH, NOW)
    assert production.policies_at(Usage.AUTH, NOW) == {PRODUCTION_AUTH}


def test_the_key_identifier_names_another_root(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    other = x509.AuthorityKeyIdentifier(b"\x01" * 20, None, None)
    leaf = bent(root, key, replaced(x509.AuthorityKeyIdentifier, (other, False)))
    refused(UnknownIssuer, realm, leaf, signed(key))


def test_a_critical_extension_nobody_here_understands(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    strange = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
    leaf = bent(root, key, lambda given_: [*given_, (strange, True)])
    refused(PolicyNotAllowed, realm, leaf, signed(key))


def test_one_altered_letter_of_the_alternative_names(
    cards: CardOffice, realm: profile.Realm
) -> None:
    issued = cards.current("T-0001", authority.Usage.SIGN)
    key = serialization.load_pem_private_key(issued.key_pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    altered = issued.der.replace("見本 花子".encode(), "見本 花江".encode())

    assert check(realm, issued.der, signed(key), Usage.SIGN)
    with pytest.raises(UnknownIssuer):
        check(realm, altered, signed(key), Usage.SIGN)


def test_a_certificate_signed_over_sha384(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    leaf = bent(root, key, digest=hashes.SHA384())
    refused(PolicyNotAllowed, realm, leaf, signed(key))


def test_a_challenge_signed_over_sha1(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    weak = key.sign(CHALLENGE, padding.PKCS1v15(), hashes.SHA1())
    refused(SignatureWrong, realm, bent(root, key), weak)


def test_a_challenge_signed_with_another_padding(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    refused(SignatureWrong, realm, bent(root, key), key.sign(CHALLENGE, pss, hashes.SHA256()))


def test_a_key_of_1024_bits(realm: profile.Realm, root: Root) -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    refused(PolicyNotAllowed, realm, bent(root, small), signed(small))


def test_a_key_of_4096_bits(realm: profile.Realm, root: Root) -> None:
    large = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    refused(PolicyNotAllowed, realm, bent(root, large), signed(large))


def test_a_key_with_exponent_three_and_a_forged_padding(realm: profile.Realm, root: Root) -> None:
    weak = rsa.generate_private_key(public_exponent=3, key_size=2048)
    block = b"\0\x01\xff\0" + DIGEST_INFO + hashlib.sha256(CHALLENGE).digest()
    number = int.from_bytes(block.ljust(256, b"\0"), "big")
    forged = round_cube_root(number).to_bytes(256, "big")

    refused(PolicyNotAllowed, realm, bent(root, weak), forged)


def round_cube_root(number: int) -> int:
    low, high = 0, 1 << (number.bit_length() // 3 + 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 < number else (low, middle)
    return low


def raw_signature(key: rsa.RSAPrivateKey, block: bytes) -> bytes:
    numbers = key.private_numbers()
    number = pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n)
    return number.to_bytes(256, "big")


DIGEST = hashlib.sha256(CHALLENGE).digest()
ENDLESS = bytes.fromhex("3080300D060960864801650304020105000420")
WITHOUT_NULL = bytes.fromhex("302F300B0609608648016503040201") + b"\x04\x20"


@pytest.mark.parametrize(
    "tail",
    [
        b"\0" + DIGEST_INFO + DIGEST + b"garbage behind it",
        b"\0" + ENDLESS + DIGEST + b"\0\0",
        b"\0" + DIGEST,
        b"\xff\0" + WITHOUT_NULL[:15] + b"\x04\x21\0" + DIGEST,
    ],
)
def test_a_block_that_only_a_lenient_reader_takes(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey, tail: bytes
) -> None:
    block = b"\0\x01" + b"\xff" * (254 - len(tail)) + tail
    refused(SignatureWrong, realm, bent(root, key), raw_signature(key, block))


def test_a_short_padding_with_the_digest_in_the_middle(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    block = (b"\0\x01" + b"\xff" * 8 + b"\0" + DIGEST_INFO + DIGEST).ljust(256, b"\0")
    refused(SignatureWrong, realm, bent(root, key), raw_signature(key, block))


def test_the_hand_made_block_is_taken_when_it_is_exact(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    tail = b"\0" + DIGEST_INFO + DIGEST
    block = b"\0\x01" + b"\xff" * (254 - len(tail)) + tail
    check(realm, bent(root, key), raw_signature(key, block))


@pytest.mark.parametrize("signature", [b"", b"\0" * 256, b"\xff" * 256, b"\0" * 257, b"\0" * 255])
def test_a_signature_that_is_none(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey, signature: bytes
) -> None:
    refused(SignatureWrong, realm, bent(root, key), signature)


def test_a_leading_zero_makes_no_second_signature(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    refused(SignatureWrong, realm, bent(root, key), b"\0" + signed(key))


def test_another_text_was_signed_than_shown(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey
) -> None:
    refused(SignatureWrong, realm, bent(root, key), signed(key, b"what somebody else showed"))


def test_a_key_on_a_curve(realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey) -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    leaf = bent(root, key, build=lambda b: rebuilt(b, curve.public_key()))
    refused(PolicyNotAllowed, realm, leaf, curve.sign(CHALLENGE, ec.ECDSA(hashes.SHA256())))


def rebuilt(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    made = builder.sign(authority.make_key(), hashes.SHA256())
    return (
        x509.CertificateBuilder()
        .subject_name(made.subject)
        .issuer_name(made.issuer)
        .serial_number(made.serial_number)
        .not_valid_before(made.not_valid_before_utc)
        .not_valid_after(made.not_valid_after_utc)
        .public_key(key)
    )


def ber_tricks(der: bytes) -> list[bytes]:
    body = der[4:]
    return [
        b"",
        b"\x30\x80" + body + b"\0\0",
        b"\x30\x83\0" + der[2:4] + body,
        der + b"\0",
        der[:-1],
        b"-----BEGIN CERTIFICATE-----",
        der.replace(b"\x01\x01\xff", b"\x01\x01\x01", 1),
    ]


@pytest.mark.parametrize("number", range(7))
def test_bytes_that_are_not_strict_der(
    realm: profile.Realm, root: Root, key: rsa.RSAPrivateKey, number: int
) -> None:
    leaf = ber_tricks(bent(root, key))[number]
    with pytest.raises((CertificateMalformed, UnknownIssuer)):
        check(realm, leaf, signed(key))


# --- revocation ---------------------------------------------------------------

AGE = timedelta(hours=24)
NONCE = b"n" * 32


def leaf_and_root(root: Root, key: rsa.RSAPrivateKey) -> tuple[jpki.Leaf, x509.Certificate]:
    return jpki.read_leaf(bent(root, key)), root.certificate()


def revoked(serial: int = 4711) -> authority.Revoked:
    return authority.Revoked(serial=serial, revoked_at=NOW - DAY)


def test_a_good_certificate_is_told_as_good(root: Root, key: rsa.RSAPrivateKey) -> None:
    leaf, issuer = leaf_and_root(root, key)
    answer = authority.answer_ocsp(root, bent(root, key), None, NONCE, NOW)

    told = revocation.read_ocsp(answer, leaf, issuer, NONCE, NOW, AGE)

    revocation.check_not_revoked(told)
    assert told.checked_at == NOW


def test_a_certificate_revoked_by_ocsp(root: Root, key: rsa.RSAPrivateKey) -> None:
    leaf, issuer = leaf_and_root(root, key)
    answer = authority.answer_ocsp(root, bent(root, key), revoked(), NONCE, NOW)

    told = revocation.read_ocsp(answer, leaf, issuer, NONCE, NOW, AGE)

    with pytest.raises(CertificateRevoked):
        revocation.check_not_revoked(told)


def unavailable(root: Root, key: rsa.RSAPrivateKey, answer: bytes, now: datetime = NOW) -> None:
    leaf, issuer = leaf_and_root(root, key)
    with pytest.raises(RevocationUnavailable):
        revocation.read_ocsp(answer, leaf, issuer, NONCE, now, AGE)


def test_an_answer_about_another_serial(root: Root, key: rsa.RSAPrivateKey) -> None:
    other = bent(root, key, build=lambda b: b)
    person = given.holder()
    other = authority.issue_leaf(root, key.public_key(), person, 4712, NOW)
    unavailable(root, key, authority.answer_ocsp(root, other, None, NONCE, NOW))


def test_an_answer_signed_by_a_stranger(root: Root, key: rsa.RSAPrivateKey) -> None:
    stranger = authority.make_root(root.usage, NOW - DAY)
    answer = authority.answer_ocsp(root, bent(root, key), None, NONCE, NOW, stranger)
    unavailable(root, key, answer)


def test_an_answer_signed_by_the_card_s_own_key(root: Root, key: rsa.RSAPrivateKey) -> None:
    leaf = bent(root, key)
    own = Root(usage=root.usage, key_pem=authority.pem_of(key), certificate_der=leaf)
    unavailable(root, key, authority.answer_ocsp(root, leaf, None, NONCE, NOW, own))


def test_an_answer_to_an_earlier_question(root: Root, key: rsa.RSAPrivateKey) -> None:
    unavailable(root, key, authority.answer_ocsp(root, bent(root, key), None, b"o" * 32, NOW))


def test_a_stale_answer_and_one_from_the_future(root: Root, key: rsa.RSAPrivateKey) -> None:
    answer = authority.answer_ocsp(root, bent(root, key), None, NONCE, NOW)
    unavailable(root, key, answer, NOW + 2 * DAY)
    unavailable(root, key, answer, NOW - timedelta(hours=1))


@pytest.mark.parametrize("answer", [b"", b"\x30\x03\x0a\x01\x06", b"\x30\x80\0\0", b"ok"])
def test_an_answer_that_is_none(root: Root, key: rsa.RSAPrivateKey, answer: bytes) -> None:
    unavailable(root, key, answer)


def town_list(root: Root, *serials: int, city: str = "多気郡明和町", at: datetime = NOW) -> bytes:
    entries = [revoked(serial) for serial in serials]
    return authority.make_crl(root, "三重県", city, entries, 1, at)


def test_a_town_s_list_tells_good_from_revoked(root: Root, key: rsa.RSAPrivateKey) -> None:
    leaf, issuer = leaf_and_root(root, key)

    good = revocation.read_crl(town_list(root, 4712), leaf, issuer, NOW, AGE)
    bad = revocation.read_crl(town_list(root, 4711, 4712), leaf, issuer, NOW, AGE)

    revocation.check_not_revoked(good)
    with pytest.raises(CertificateRevoked):
        revocation.check_not_revoked(bad)


def test_a_stale_list_another_town_s_and_a_stranger_s(root: Root, key: rsa.RSAPrivateKey) -> None:
    leaf, issuer = leaf_and_root(root, key)
    stranger = msgspec.structs.replace(root, key_pem=authority.pem_of(authority.make_key()))
    lists = (
        town_list(root, at=NOW - 3 * DAY),
        town_list(root, city="度会郡玉城町"),
        town_list(stranger),
        b"no list",
    )
    for one in lists:
        with pytest.raises(RevocationUnavailable):
            revocation.read_crl(one, leaf, issuer, NOW, AGE)


# --- realms -------------------------------------------------------------------


def test_test_anchors_never_open_the_production_realm(cards: CardOffice) -> None:
    anchors = {Usage(name): ders for name, ders in cards.anchors().items()}
    with pytest.raises(RealmRefused):
        profile.open_realm(profile.read_profile(given.PROFILE), "production", anchors)


def test_an_anchor_listed_for_production_never_opens_the_test_realm(cards: CardOffice) -> None:
    der = cards.root(authority.Usage.AUTH).certificate_der
    listed = profile.ListedAnchor(
        sha256=hashlib.sha256(der).hexdigest(),
        source="own",
        verified=False,
        valid_from=NOW.date(),
        valid_until=NOW.date() + DAY,
    )
    known = profile.read_profile(given.PROFILE)
    production = known.realms["production"]
    auth = msgspec.structs.replace(production.auth, anchors=(*production.auth.anchors, listed))
    changed = msgspec.structs.replace(
        known,
        realms={**known.realms, "production": msgspec.structs.replace(production, auth=auth)},
    )
    with pytest.raises(RealmRefused):
        profile.open_realm(changed, "test", {Usage.AUTH: [der]})


def test_an_anchor_without_the_test_mark_never_opens_the_test_realm() -> None:
    original = authority.ORGANISATION
    assert original == "TEST-JPKI"
    key = authority.make_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "JPKI")])
    looks_real = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + DAY)
        .sign(key, hashes.SHA256())
    )
    der = looks_real.public_bytes(serialization.Encoding.DER)
    with pytest.raises(RealmRefused):
        profile.open_realm(profile.read_profile(given.PROFILE), "test", {Usage.AUTH: [der]})


def test_a_policy_in_both_realms_is_refused() -> None:
    known = profile.read_profile(given.PROFILE)
    production = known.realms["production"]
    test = msgspec.structs.replace(known.realms["test"], auth=production.auth)
    mixed = msgspec.structs.replace(known, realms={"production": production, "test": test})
    with pytest.raises(RealmRefused):
        profile.check_profile(mixed)


def test_one_anchor_in_both_stores_is_refused(cards: CardOffice) -> None:
    der = cards.root(authority.Usage.AUTH).certificate_der
    anchors = {Usage.AUTH: [der], Usage.SIGN: [der]}
    with pytest.raises(RealmRefused):
        profile.open_realm(profile.read_profile(given.PROFILE), "test", anchors)


def test_what_nobody_confirmed_says_so() -> None:
    known = profile.read_profile(given.PROFILE)
    assert not profile.Realm(name="production", profile=known, anchors={}).is_verified


def test_the_challenge_lives_ten_minutes_at_most() -> None:
    known = profile.read_profile(given.PROFILE)
    longer = msgspec.structs.replace(known.challenge_ttl_s, value=601)
    with pytest.raises(RealmRefused):
        profile.check_profile(msgspec.structs.replace(known, challenge_ttl_s=longer))


# --- life of a card -----------------------------------------------------------


def status(cards: CardOffice, holder_id: str, usage: authority.Usage) -> bool:
    return cards.current(holder_id, usage).revoked is None


def test_a_move_ends_the_sign_certificate_and_leaves_the_auth_one(tmp_path: Path) -> None:
    cards = given.office(tmp_path)
    before = cards.current("T-0001", authority.Usage.AUTH).serial
    cards.current("T-0001", authority.Usage.SIGN)

    cards.move(given.holder(address="三重県多気郡多気町相可一番地", city="多気郡多気町"))

    assert cards.current("T-0001", authority.Usage.AUTH).serial == before
    assert status(cards, "T-0001", authority.Usage.AUTH)
    assert not status(cards, "T-0001", authority.Usage.SIGN)


def test_a_renewal_makes_new_serials_for_the_same_human_being(tmp_path: Path) -> None:
    cards = given.office(tmp_path)
    before = cards.current("T-0001", authority.Usage.AUTH)
    known = cards.stable_id("T-0001")

    cards.renew("T-0001")

    after = cards.current("T-0001", authority.Usage.AUTH)
    old = cards.find_issued(authority.Usage.AUTH, before.serial)
    assert after.serial != before.serial
    assert old is not None
    assert old.revoked is not None
    assert cards.stable_id("T-0001") == known


def test_death_ends_everything_and_the_town_s_list_says_so(tmp_path: Path) -> None:
    cards = given.office(tmp_path)
    issued = cards.current("T-0001", authority.Usage.AUTH)

    cards.die("T-0001")

    crl = cards.crl(authority.Usage.AUTH, "三重県", "多気郡明和町")
    leaf = jpki.read_leaf(issued.der)
    issuer = cards.root(authority.Usage.AUTH).certificate()
    told = revocation.read_crl(crl, leaf, issuer, NOW, AGE)
    with pytest.raises(CertificateRevoked):
        revocation.check_not_revoked(told)


def test_the_sign_certificate_carries_the_four_attributes(cards: CardOffice) -> None:
    leaf = jpki.read_leaf(cards.current("T-0001", authority.Usage.SIGN).der)
    arc = "1.2.392.200149.8.5.5"

    read = [jpki.subject_attribute(leaf, arc, number) for number in range(1, 8)]

    assert read[0] == "見本 花子"
    assert read[2:4] == ["2", "419910517"]
    assert read[1] == "00000"
    assert read[6] is None


def test_a_certificate_runs_to_the_fifth_birthday(cards: CardOffice) -> None:
    leaf = jpki.read_leaf(cards.current("T-0001", authority.Usage.AUTH).der)

    assert leaf.certificate.not_valid_after_utc == datetime(2031, 5, 17, tzinfo=UTC)
