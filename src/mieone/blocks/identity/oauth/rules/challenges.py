"""What a refused caller is told in `WWW-Authenticate` (RFC 6750, RFC 9449, RFC 9470)."""

from mieone.blocks.identity.oauth.problems import CallerRefused, CallerUnauthenticated

from . import jose


def challenge_for(problem: CallerRefused) -> str:
    parts = []
    if not isinstance(problem, CallerUnauthenticated):
        parts.append(f'error="{problem.error}"')
        parts.append(f'error_description="{problem.reason.value}"')
    for name in ("acr_values", "max_age_s", "scope"):
        value = problem.detail.get(name)
        if value is not None:
            parts.append(f'{name.removesuffix("_s")}="{value}"')
    parts.append(f'algs="{" ".join(jose.ALGORITHMS)}"')
    return "DPoP " + ", ".join(parts)
