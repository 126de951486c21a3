dist_doc_DATA += \
	doc/acceptance.md \
	doc/hazards.md \
	doc/access.md \
	doc/account.md \
	doc/administration.md \
	doc/asvs.md \
	doc/containers.md \
	doc/deployment.md \
	doc/differences.md \
	doc/hacking.md \
	doc/openapi.yaml \
	doc/performance.md \
	doc/reliability.md \
	doc/replication.md \
	doc/threat-model.md
EXTRA_DIST += \
	doc/design/0001-one-lmdb.md \
	doc/design/0002-schema-files.md \
	doc/design/0003-quickstart.md \
	doc/design/0004-hash-slots.md \
	doc/design/0005-names-and-the-dead.md \
	doc/design/0006-writer-lock-and-reserve.md \
	doc/design/0007-requests.md \
	doc/design/0008-backup.md \
	doc/design/0009-clock.md \
	doc/design/0010-check-by-sums.md \
	doc/design/0011-written-members.md \
	doc/design/0012-damaged-files.md \
	doc/design/0013-failures.md \
	doc/design/0014-indexes-come-and-go.md \
	doc/design/0015-controls.md \
	doc/design/0016-slapadd-is-the-import.md \
	doc/design/0017-languages-of-pages.md \
	doc/design/0018-formats.md \
	doc/design/0019-idempotency.md \
	doc/design/0020-registration-by-invitation.md \
	doc/design/0021-follower.md \
	doc/design/0022-replicas.md \
	doc/design/0023-where-the-relay-is-named.md \
	doc/design/0024-a-delete-is-final.md \
	doc/design/0025-tasks-go-by-the-monotonic-clock.md \
	doc/design/0026-what-may-wait-on-a-connection.md \
	doc/design/0027-names-beside-records.md

# made by "make pictures"
picturesdir = $(docdir)/pictures
dist_pictures_DATA = \
	doc/pictures/agreement.webp \
	doc/pictures/audit.webp \
	doc/pictures/bench-100000.svg \
	doc/pictures/bench-1000000.svg \
	doc/pictures/host.webp \
	doc/pictures/hosts.webp \
	doc/pictures/import.webp \
	doc/pictures/me-mail.webp \
	doc/pictures/me.webp \
	doc/pictures/my-agreements.webp \
	doc/pictures/overview.webp \
	doc/pictures/presets.webp \
	doc/pictures/register.webp \
	doc/pictures/requests.webp \
	doc/pictures/user.webp \
	doc/pictures/users.webp
