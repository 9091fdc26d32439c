"""The region's services, purposes and bases fit together."""

from mieone.blocks.consent import load_purposes
from mieone.blocks.exchange.actions.region_files import read_legal_bases, read_services
from mieone.core.ports import Basis
from mieone.core.region import Region


def test_every_right_names_a_known_purpose_and_a_basis_for_it(region: Region) -> None:
    purposes, bases = load_purposes(region), read_legal_bases(region)
    for service in read_services(region).services.values():
        for right in service.rights:
            assert right.purpose in purposes
            if right.basis is Basis.LAW:
                assert right.basis_ref in bases
                assert right.purpose in bases[right.basis_ref].purposes


def test_only_services_of_ours_hold_rights_over_everything(region: Region) -> None:
    for service in read_services(region).services.values():
        assert service.is_own or all(right.dataset != "*" for right in service.rights)


def test_every_basis_says_where_it_was_read_and_nothing_unread_claims_otherwise(
    region: Region,
) -> None:
    for basis in read_legal_bases(region).values():
        assert basis.source
        assert basis.citation
        assert basis.basis in (Basis.LAW, Basis.EMERGENCY)
        assert all(purpose in load_purposes(region) for purpose in basis.purposes)


def test_nobody_outside_may_ask_under_a_purpose_of_ours(region: Region) -> None:
    purposes = load_purposes(region)

    assert not purposes["own-view"].for_services
    assert not purposes["case-examination"].for_services
    assert purposes["nursery-booking"].for_services
