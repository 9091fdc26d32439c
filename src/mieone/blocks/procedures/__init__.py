"""Administrative procedures (手続): definitions, cases, decisions, letters. Only these names."""

from .model import CaseId, CaseState, Outcome, ProcedureId

__all__ = ["CaseId", "CaseState", "Outcome", "ProcedureId"]
