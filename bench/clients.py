# SPDX-License-Identifier: OLDAP-2.8
"""clients.py - id(1) through stock nslcd and stock sssd, with nothing cached

Beside the same where ldapusers is a group of one, who is asked for.  sssd
starts anew for each question, as its caches are on disk; nslcd caches nothing
but errors of the connection.
"""
import os
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "..", "tests", "clients"))
from data import (GROUP_SIZE, SERVICE, SERVICE_PASSWORD,  # noqa: E402
                  SUFFIX, groups_of, uid)
from harness import (Certificates, Failure, need_modules,  # noqa: E402
                     wait_until)

READY_S = 120
END_S = 30
SMALL = 50       # people: a group of 20, and ldapusers of
SMALL_USERS = 1  # which is the first one
GIVE_UP_S = 120
ASKED = 20       # times that nslcd is asked in a round
KILLED = ("killed by watchdog", "has been killed", "was terminated",
          "terminated by own WATCHDOG", "WATCHDOG")
PID_FILE = {"nslcd": "/run/nslcd/nslcd.pid", "sssd": "/run/sssd.pid"}
LEFT = {"nslcd": ("rm", "-f", "/run/nslcd/socket", PID_FILE["nslcd"]),
        "sssd": ("sh", "-c", "rm -f /var/lib/sss/db/* /var/lib/sss/mc/* "
                 "/var/lib/sss/pipes/nss /var/lib/sss/pipes/ssh " +
                 PID_FILE["sssd"])}
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


def of_client(box):
    """Names of the client's processes: in its PID namespace nobody else has
    them."""
    _, text = box.run("sh", "-c", "cat /proc/[0-9]*/comm 2>/dev/null")
    return [name for name in text.split()
            if name.startswith(("nslcd", "sssd", "ldap_child"))]


def end(box):
    """SIGTERM to the client itself; what runs outside is but nsenter, whose
    end it would outlive."""
    if box.client.alive():
        box.run("sh", "-c", "kill $(cat %s)" % PID_FILE[box.kind])
        wait_until(lambda: not box.client.alive(), END_S,
                   "the end of " + box.kind, 0.05)
    wait_until(lambda: not of_client(box), END_S,
               "the end of all of " + box.kind, 0.05)


def cold(box, other):
    """A client that knows nothing but somebody else: sssd with an empty
    cache, connected."""
    end(box)
    box.run(*LEFT[box.kind])
    box.start()
    wait_until(lambda: box.run("getent", "passwd", other)[0] == 0, READY_S,
               box.kind, 0.1)


def person(server, i):
    """The one who is asked for the i-th time: of those in two groups; where
    ldapusers is a group of one, that one."""
    if server.name == "small":
        return uid(1)
    return uid(i % (groups_of(server.people) * GROUP_SIZE) + 1)


def one_round(bench, server, schema, box, n):
    other = uid(server.people)
    if box.kind == "sssd":
        cold(box, other)
        took = [ask(box, person(server, n), ["ldapusers", "g0000"])]
        end(box)
    else:
        if n == 0:
            cold(box, other)
        took = [ask(box, person(server, n * ASKED + i), ["ldapusers"])
                for i in range(ASKED)]
    took.sort()
    bench.keep(
        "id-%s-%s" % (box.kind, schema),
        "id through stock %s, %s, cold" % (box.kind, schema), server.name, {
            "ms": took[len(took) // 2], "p50_us": took[len(took) // 2] * 1000,
            "p99_us": took[-1] * 1000, "rate": 1000 * len(took) / sum(took)},
        "hide" if server.name != "mdb" else "",
        "<= 10 ms" if box.kind == "nslcd" else "<= 1.2 x small",
        ("us", 10000) if box.kind == "nslcd" else ("small", 1.2))


def small_directory(bench):
    """The same work with a group of one."""
    import servers
    from data import write_ldif
    from loads import raw

    class Small(servers.Roster):
        name = "small"
        what = "as roster, %d people, %d in ldapusers" % (SMALL, SMALL_USERS)

    server = Small(bench.folder, SMALL)
    ldif = os.path.join(server.dir, "data.ldif")
    hashed = raw("password", SERVICE_PASSWORD)
    write_ldif(ldif, SMALL, hashed, hashed, SMALL_USERS)
    server.load(ldif)
    server.start()
    return server


def tell(bench, server, box, error=None):
    """In a sentence; the client's own words stand in the output of the run."""
    who = "%s on %s" % (box.kind, server.name)
    killed = [line for line in box.client.text().splitlines()
              if any(word in line for word in KILLED)]
    if killed:
        print("# %s: %s; %s" % (who, error, killed[0][:200]), flush=True)
        bench.note("%s: its watchdog ended it%s" % (
            who, " before id named all groups" if error else ""))
    elif error:
        bench.note("%s: %s" % (who, error))


def measure(bench, people, rounds):
    try:
        need_modules("libnss_ldap.so.2", "libnss_sss.so.2")
    except SystemExit:
        bench.note("no rows of nslcd and sssd: they are not installed")
        return
    small = small_directory(bench)
    bench.note("small: " + small.what)
    schemas = {"nslcd": ["rfc2307bis"], "sssd": ["rfc2307", "rfc2307bis"]}
    asked = []
    for server in bench.chosen(("mdb", "roster"), "id", "client") + [small]:
        server.primary("hide")
        asked += [(server, schema, box)
                  for schema, box in containers(bench, server, schemas)]
    asked.sort(key=lambda one: (one[2].kind, one[1]))  # a row's side by side
    for n in range(rounds):
        for one in list(asked):
            server, schema, box = one
            try:
                one_round(bench, server, schema, box, n)
            except Failure as error:
                tell(bench, server, box, error)
                box.stop()
                asked.remove(one)
    for server, _, box in asked:
        tell(bench, server, box)
        box.stop()
    small.stop()


__all__ = ["measure"]
