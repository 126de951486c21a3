# tests/slapd
