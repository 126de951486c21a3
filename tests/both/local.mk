# tests/both
