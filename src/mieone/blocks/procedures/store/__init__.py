"""What procedures read and write: the region's files and the block's own schema."""

from . import cases, drafts, files, offers, outcomes

__all__ = ["cases", "drafts", "files", "offers", "outcomes"]
