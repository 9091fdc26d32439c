"""Failures of staff sign-in and of setting organisations up."""

from mieone.core.problems import Problem


class PostNotFound(Problem):
    slug = "staff/post-not-found"
    status = 404


class OrganisationNotFound(Problem):
    slug = "staff/organisation-not-found"
    status = 404


class OrganisationExists(Problem):
    slug = "staff/organisation-exists"
    status = 409


class RoleDoesNotFit(Problem):
    """A town's officer belongs to a town, the association's staff to the association."""

    slug = "staff/role-does-not-fit"
    status = 409


class EnrolmentRefused(Problem):
    """The code is unknown, used or too old: the three look the same from outside."""

    slug = "staff/enrolment-refused"
    status = 403


class SignInRefused(Problem):
    slug = "staff/sign-in-refused"
    status = 403


class CopiedPasskey(Problem):
    """A counter went backwards: somebody may hold a copy, so the passkey is suspended."""

    slug = "staff/copied-passkey"
    status = 403


class OnlyForTrying(Problem):
    """Sample officers and trial codes do not exist in production."""

    slug = "staff/only-for-trying"
    status = 404
