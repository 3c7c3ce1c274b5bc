//! The ports of ecr-audit kept in memory.
