"""Failures of the broker, named after NGSI-LD's own types; each API renders them in its own form.

`reason` is a diagnostic for an integrator, in English as the standards' own examples are.
"""

from typing import ClassVar

from mieone.core.problems import Problem


class BrokerProblem(Problem):
    """`ngsi_ld` is the last part of the type URI; `ngsi_v2` the value of `error`."""

    ngsi_ld: ClassVar[str]
    ngsi_v2: ClassVar[str]

    def __init__(self, reason: str, **detail: object) -> None:
        self.reason = reason
        super().__init__(reason=reason, **detail)


class InvalidRequest(BrokerProblem):
    """Not JSON, an unknown parameter, an unknown option."""

    slug = "broker/invalid-request"
    status = 400
    ngsi_ld = "InvalidRequest"
    ngsi_v2 = "ParseError"


class BadRequestData(BrokerProblem):
    slug = "broker/bad-request-data"
    status = 400
    ngsi_ld = "BadRequestData"
    ngsi_v2 = "BadRequest"


class PersonalAttribute(BadRequestData):
    """The broker holds open data only: a personal attribute is refused when it is written."""

    slug = "broker/personal-attribute"


class UnreadableFile(BadRequestData):
    """`word` of the catalogue `broker.findings`; `line` of the file, 0 where there is none."""

    def __init__(self, reason: str, word: str, line: int = 0) -> None:
        super().__init__(reason)
        self.word = word
        self.line = line


class AlreadyExists(BrokerProblem):
    slug = "broker/already-exists"
    status = 409
    ngsi_ld = "AlreadyExists"
    ngsi_v2 = "Unprocessable"


class Conflict(BrokerProblem):
    slug = "broker/conflict"
    status = 409
    ngsi_ld = "Conflict"
    ngsi_v2 = "Unprocessable"


class ResourceNotFound(BrokerProblem):
    slug = "broker/resource-not-found"
    status = 404
    ngsi_ld = "ResourceNotFound"
    ngsi_v2 = "NotFound"


class NonexistentTenant(BrokerProblem):
    slug = "broker/nonexistent-tenant"
    status = 404
    ngsi_ld = "NonexistentTenant"
    ngsi_v2 = "NotFound"


class OperationNotSupported(BrokerProblem):
    slug = "broker/operation-not-supported"
    status = 422
    ngsi_ld = "OperationNotSupported"
    ngsi_v2 = "Unprocessable"


class TooComplexQuery(BrokerProblem):
    slug = "broker/too-complex-query"
    status = 403
    ngsi_ld = "TooComplexQuery"
    ngsi_v2 = "TooComplexQuery"


class TooManyResults(BrokerProblem):
    slug = "broker/too-many-results"
    status = 403
    ngsi_ld = "TooManyResults"
    ngsi_v2 = "TooManyResults"


class AmbiguousEntity(BrokerProblem):
    """NGSI v2: several entities of different types or service paths have this id."""

    slug = "broker/ambiguous-entity"
    status = 409
    ngsi_ld = "Conflict"
    ngsi_v2 = "TooManyResults"


class PartialUpdate(BrokerProblem):
    """NGSI v2: some of a batch was written, some was not."""

    slug = "broker/partial-update"
    status = 422
    ngsi_ld = "OperationNotSupported"
    ngsi_v2 = "PartialUpdate"


class LengthRequired(BrokerProblem):
    slug = "broker/length-required"
    status = 411
    ngsi_ld = "InvalidRequest"
    ngsi_v2 = "ContentLengthRequired"


class LdContextNotAvailable(BrokerProblem):
    """504 by the specification; an operator may set 503, which an older suite expects."""

    slug = "broker/ld-context-not-available"
    status = 504
    ngsi_ld = "LdContextNotAvailable"
    ngsi_v2 = "BadRequest"


class LdContextUnreadable(LdContextNotAvailable):
    """It was there, and is no context (clause 5.5.6)."""

    slug = "broker/bad-request-data"
    status = 400
    ngsi_ld = "BadRequestData"


class LdContextUnavailable(LdContextNotAvailable):
    """With the status of older texts of the standard, where MIEONE_LD_CONTEXT_STATUS is 503."""

    status = 503


class LoopDetected(BrokerProblem):
    slug = "broker/loop-detected"
    status = 508
    ngsi_ld = "LoopDetected"
    ngsi_v2 = "BadRequest"


class NotAcceptable(BrokerProblem):
    slug = "broker/not-acceptable"
    status = 406
    ngsi_ld = "NotAcceptable"
    ngsi_v2 = "NotAcceptable"


class UnsupportedMediaType(BrokerProblem):
    slug = "broker/unsupported-media-type"
    status = 415
    ngsi_ld = "UnsupportedMediaType"
    ngsi_v2 = "UnsupportedMediaType"


class MethodNotAllowed(BrokerProblem):
    slug = "broker/method-not-allowed"
    status = 405
    ngsi_ld = "MethodNotAllowed"
    # Spelt so in the specification.
    ngsi_v2 = "MethodNotAlowed"


class NotWritable(BrokerProblem):
    """In production a write needs an API key of this tenant."""

    slug = "broker/not-writable"
    status = 401
    ngsi_ld = "Unauthorized"
    ngsi_v2 = "Unauthorized"


class OverQuota(BrokerProblem):
    slug = "broker/over-quota"
    status = 429
    ngsi_ld = "TooManyRequests"
    ngsi_v2 = "TooManyRequests"

    def __init__(self, reason: str, wait_s: int = 1) -> None:
        super().__init__(reason, wait_s=wait_s)
        self.headers = {"Retry-After": str(wait_s)}


class SourceFailed(BrokerProblem):
    """A context source has answered what nobody can use."""

    slug = "broker/source-failed"
    status = 502
    ngsi_ld = "BadGateway"
    ngsi_v2 = "BadGateway"


class SourceUnavailable(BrokerProblem):
    """A context source has not answered in time."""

    slug = "broker/source-unavailable"
    status = 504
    ngsi_ld = "GatewayTimeout"
    ngsi_v2 = "GatewayTimeout"
