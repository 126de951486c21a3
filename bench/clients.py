# SPDX-License-Identifier: OLDAP-2.8
"""clients.py - id(1) through stock nslcd and stock sssd, with nothing cached

Beside the same in a directory of 50, where no group is a burden.  sssd starts anew for each question, as its caches are on
disk; nslcd caches nothing but errors of the connection.
"""
import os
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "..", "tests", "clients"))
from data import (HUGE, SERVICE, SERVICE_PASSWORD, SUFFIX,  # noqa: E402
                  uid)
from harness import (Certificates, Failure, need_modules,  # noqa: E402
                     wait_until)

READY_S = 120
SMALL = 50  # people
GIVE_UP_S = 120
ASKED = 20       # times that nslcd is asked in a round
KILLED = ("killed by watchdog", "has been killed", "terminated by own WATCHDOG",
          "was terminated", "WATCHDOG")
# Names are looked up, nobody signs in: no TLS, which nslcd and sssd need for
# passwords alone.
NSLCD = {"ssl": "off", "tls_reqcert": None, "tls_cacertfile": None,
         "pam_authz_search": None}
SSSD = {"ldap_id_use_start_tls": "false", "ldap_access_order": None,
        "ldap_access_filter": None, "access_provider": "permit",
        "cache_credentials": "false"}


def containers(bench, server, schemas):
    from container import Container
    for kind in ("nslcd", "sssd"):
        for schema in schemas[kind]:
            certs = os.path.join(server.dir, "certs")
            if not os.path.isdir(certs):
                os.mkdir(certs)
                Certificates(certs)
            yield schema, Container(
                bench.folder, kind, {
                    "uri": server.url, "base": SUFFIX, "binddn": SERVICE,
                    "bindpw": SERVICE_PASSWORD, "schema": schema,
                    "ca": os.path.join(certs, "ca.pem")},
                name="%s-%s-%s" % (server.name, kind, schema),
                settings=NSLCD if kind == "nslcd" else SSSD)


def ask(box, name, groups):
    """Milliseconds until id says which groups name is in."""
    began = time.monotonic()
    status, text = box.run("id", name, seconds=GIVE_UP_S)
    took = (time.monotonic() - began) * 1000
    if status != 0 or any(group not in text for group in groups):
        raise Failure("id %s: %s %s" % (name, status, text[:300]))
    return took


def cold(box, other):
    """A client that knows nothing but somebody else: sssd with an empty
    cache, connected."""
    box.client.kill()
    if box.kind == "sssd":
        box.run("sh", "-c", "rm -f /var/lib/sss/db/* /var/lib/sss/mc/* "
                "/var/lib/sss/pipes/nss /var/lib/sss/pipes/ssh "
                "/run/sssd.pid")
    else:
        box.run("rm", "-f", "/run/nslcd/socket", "/run/nslcd/nslcd.pid")
    box.start()
    wait_until(lambda: box.run("getent", "passwd", other)[0] == 0, READY_S,
               box.kind, 0.1)


def one_round(bench, server, schema, box, n, people):
    name = "id-%s-%s" % (box.kind, schema)
    title = "id through stock %s, %s, cold" % (box.kind, schema)
    if box.kind == "sssd":
        cold(box, uid(people))
        took = [ask(box, uid(n + 1), ["ldapusers", "g0000"])]
    else:
        if n == 0:
            cold(box, uid(people))
        took = [ask(box, uid((n * ASKED + i) % (people // 50 * 20) + 1), ["ldapusers"])
                for i in range(min(ASKED, people // 50))]
    took.sort()
    bench.keep(name, title, server.name, {
        "ms": took[len(took) // 2], "p50_us": took[len(took) // 2] * 1000,
        "p99_us": took[-1] * 1000, "rate": 1000 * len(took) / sum(took)},
        "hide" if server.name != "mdb" else "",
        "<= 10 ms" if box.kind == "nslcd" else "<= 1.2 x small",
        ("us", 10000) if box.kind == "nslcd" else ("small", 1.2))


def small_directory(bench):
    """The same work where everybody is 50: a group that is no burden."""
    import servers
    from data import write_ldif
    from loads import raw

    class Small(servers.Roster):
        name = "small"

    server = Small(bench.folder, SMALL)
    ldif = os.path.join(server.dir, "data.ldif")
    hashed = raw("password", SERVICE_PASSWORD)
    write_ldif(ldif, SMALL, hashed, hashed)
    server.load(ldif)
    server.start()
    return server


def measure(bench, people, rounds):
    try:
        need_modules("libnss_ldap.so.2", "libnss_sss.so.2")
    except SystemExit:
        bench.note("no rows of nslcd and sssd: they are not installed")
        return
    small = small_directory(bench)
    schemas = {"nslcd": ["rfc2307bis"], "sssd": ["rfc2307", "rfc2307bis"]}
    for server in bench.chosen(("mdb", "roster"), "id", "client") + [small]:
        server.primary("hide")
        for schema, box in containers(bench, server, schemas):
            try:
                for n in range(rounds):
                    one_round(bench, server, schema, box, n,
                              server.people)
            except Failure as error:
                bench.note("%s on %s: %s" % (box.kind, server.name, error))
            killed = [line for line in box.client.text().splitlines()
                      if any(word in line for word in KILLED)]
            if killed:
                bench.note("%s on %s: %s" % (box.kind, server.name,
                                             killed[0][:200]))
            box.stop()
    small.stop()


__all__ = ["HUGE", "measure"]
