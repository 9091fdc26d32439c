"""What procedures read and write: the region's files and the block's own schema."""
