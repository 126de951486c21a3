# SPDX-License-Identifier: OLDAP-2.8
"""refusal_rows.py - rows of tests/both/refusals that need something prepared

And which doors can give which verdict: every one of them is tried, or the
program that tries it is named.
"""
import os
import re
import time

import ldap
from roster import (PASSWORD, ROOT_PASSWORD, SUFFIX, group_dn, group_entry, person_dn,
                    person_entry)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "%s bob"
KEYS = [KEY % ("A" * 42 + one) for one in "AE"]
TOKENS_MAX = 50
LDAP, REST, CTL = "LDAP", "REST", "rosterctl"

# Doors that can give a verdict, where that is not all three of them.  LDAP
# knows no links, sessions and registrations; a form field that REST or
# rosterctl does not have is not wrong there (with no number to give, they would
# end after half a million people); rosterctl acts as the machine's root, who
# has every right and no account.
DOORS = {
    (LDAP,): (
        "hash_refused", "identity_immutable", "invalid_classes",
        "invalid_uidnumber", "journal_immutable", "numbers_exhausted",
        "signature_immutable", "token_immutable",
        "tombstone_immutable", "uidnumber_taken"),
    (REST,): (
        "agreement_required", "changed", "email_domain", "email_mismatch", "invalid_credentials",
        "invalid_invite", "invalid_link", "invalid_token",
        "password_expired", "queue_full",
        "registration_closed", "too_many_attempts", "too_often",
        "username_mismatch", "wrong_password"),
    (LDAP, REST): (
        "forbidden", "invalid_agreement", "insufficient_scope", "own_rights", "approval_needed",
        "password_change_required", "password_too_young",
        "reauthentication_required"),
    (REST, CTL): (
        "already_bootstrapped", "duplicate_email", "host_taken",
        "smtp_not_configured", "unknown_preset"),
}
# Tried by another program, since it takes time, a clock or a fresh directory:
# a word of it that must be in there.
ELSEWHERE = {
    ("agreement_required", REST): (
        "http/test_agreements.py", "agreement_required"),
    ("already_bootstrapped", REST): (
        "unit/test_acts.c", "RULE_ALREADY_BOOTSTRAPPED"),
    ("approval_needed", REST): ("http/test_front.py", "approvals"),
    ("numbers_exhausted", LDAP): ("both/numbers", "numbers_exhausted"),
    ("password_expired", REST): ("both/password-age", "password_expired"),
    ("read_only_replica", LDAP): ("replication/promote",
                                  "read_only_replica"),
    ("read_only_replica", REST): ("replication/replica-pages",
                                  "read_only_replica"),
    ("read_only_replica", CTL): ("replication/replica",
                                 "read_only_replica"),
    ("reauthentication_required", REST): (
        "http/test_sessions.py", "reauthentication_required"),
    ("signature_immutable", LDAP): (
        "both/agreements", "signature_immutable"),
    ("smtp_not_configured", REST): (
        "http/test_input.py", "smtp_not_configured"),
    ("smtp_not_configured", CTL): (
        "both/invitations", "smtp_not_configured"),
    ("too_many_attempts", REST): ("both/lockout", "too_many_attempts"),
    ("unknown_preset", REST): ("both/invitations", "unknown_preset"),
    ("unknown_preset", CTL): ("both/invitations", "unknown_preset"),
}


def doors_of(verdict):
    for doors, verdicts in DOORS.items():
        if verdict in verdicts:
            return doors
    return (LDAP, REST, CTL)


def is_given(top, verdict):
    """Does any source besides the doors' tables answer it?"""
    word = re.compile(r"\bRULE_%s\b" % verdict.upper())
    for folder in ("rules", "lifecycle", "backend", "overlay", "httpd",
                   "tools"):
        for name in os.listdir(os.path.join(top, folder)):
            if name.endswith(".c") and name != "errmap.c":
                with open(os.path.join(top, folder, name)) as source:
                    if word.search(source.read()):
                        return True
    return False


def every_verdict(story, top, verdicts, tried):
    """Each of them was tried at each door that can give it."""
    missing, needless = [], []
    for verdict in verdicts:
        if not is_given(top, verdict):
            continue
        for door in (LDAP, REST, CTL):
            pair, done = (verdict, door), (verdict, door) in tried
            where = ELSEWHERE.get(pair, ())
            if done and (where != () or door not in doors_of(verdict)):
                needless.append(pair)
            if done or door not in doors_of(verdict):
                continue
            if not where:
                missing.append(pair)
                continue
            with open(os.path.join(top, "tests", where[0])) as program:
                if where[1] not in program.read():
                    missing.append(pair + where)
    story.same(missing, [], "every verdict is tried at every door it has")
    story.same(needless, [], "and no door has one that was said to have none")
    story.same([one for doors in DOORS.values() for one in doors
                if one not in verdicts], [], "the verdicts are those there")


def config(doors, *lines):
    for line in lines:
        doors.ok("config", "set", line)


# Groups

def make_groups(doors):
    for one in range(9):
        doors.link.add_s(group_dn("g%d" % one), group_entry("g%d" % one))
    for one in range(7):
        doors.link.modify_s(group_dn("g%d" % one), [
            (ldap.MOD_ADD, "member", [group_dn("g%d" % (one + 1)).encode()])])


def add_member(group, dn):
    return lambda link: link.modify_s(group_dn(group), [
        (ldap.MOD_ADD, "member", [dn.encode()])])


def groups(doors):
    for outer, inner, verdict, sentence in (
            ("g1", "g0", "group_cycle", "a group in one that is in it"),
            ("g5", "g0", "group_cycle", "one far below in the first"),
            ("g2", "g2", "group_cycle", "a group in itself"),
            ("g7", "g8", "nesting_limit", "a ninth group below"),
            ("g8", "g0", "nesting_limit", "a ninth group above")):
        doors.ldap(verdict, sentence, add_member(outer, group_dn(inner)))
        doors.rest(verdict, sentence, "PUT",
                   "groups/%s/groups/%s" % (outer, inner), None)
        doors.ctl(verdict, sentence, "group", "nest", outer, inner)
    doors.ldap("group_taken", "a second crew", lambda link: link.add_s(
        group_dn("crew"), group_entry("crew")), 68)
    doors.rest("group_taken", "a second crew", "POST", "groups",
               {"cn": "crew"})
    doors.ctl("group_taken", "a second crew", "group", "add", "crew")
    doors.rest("unknown_user", "a manager who is nobody", "PATCH",
               "groups/crew", {"managers": ["nobody-there"]})
    doors.ctl("unknown_user", "a manager who is nobody", "group", "edit",
              "crew", "--manager", "nobody-there")
    ends(doors)


def ends(doors):
    """Of memberships."""
    for end, written in (("20200101000000Z", "2020-01-01T00:00:00Z"),
                         ("20261301000000Z", "2026-13-01T00:00:00Z"),
                         ("soon", "soon"), ("", "0")):
        sentence = "a membership until %r" % written
        doors.ldap("invalid_expiry", sentence, lambda link: link.modify_s(
            group_dn("crew"), [
                (ldap.MOD_ADD, "member", [person_dn("bob").encode()]),
                (ldap.MOD_ADD, "rosterMemberUntil", [
                    ("%s %s" % (end, person_dn("bob"))).encode()])]))
        doors.rest("invalid_expiry", sentence, "PUT",
                   "groups/crew/members/bob", {"until": written})
        doors.ctl("invalid_expiry", sentence, "group", "join", "crew", "bob",
                  "--until=" + written)


# Administrators

FOR_EVER = b"000001010000Z"


def last_one(doors):
    for attribute, value, field in (
            ("rosterExpires", "20990101000000Z", "expires"),
            ("rosterStarts", "20990101000000Z", "starts"),
            ("pwdAccountLockedTime", FOR_EVER.decode(), None),
            ("userPassword", None, None)):
        sentence = "%s of the last administrator" % attribute
        doors.ldap("last_admin", sentence, lambda link: link.modify_s(
            person_dn("boss"), [(ldap.MOD_REPLACE, attribute,
                                 value and [value.encode()])]))
        if field:
            doors.rest("last_admin", sentence, "PATCH", "users/boss",
                       {field: "2099-01-01T00:00:00Z"})
            doors.ctl("last_admin", sentence, "user", "edit", "boss",
                      "--%s=2099-01-01T00:00:00Z" % field)
    doors.rest("last_admin", "suspension of the last administrator", "POST",
               "users/boss/suspend", {})
    doors.rest("last_admin", "the last administrator's leave", "DELETE",
               "groups/sysadmins/members/boss", None)
    doors.ctl("last_admin", "the last administrator's leave", "group",
              "leave", "sysadmins", "boss")
    doors.ctl("already_bootstrapped", "a second first administrator",
              "bootstrap-admin")


def make_vice(doors):
    doors.link.add_s(person_dn("vice"), person_entry(
        "vice", userPassword=PASSWORD))
    add_member("sysadmins", person_dn("vice"))(doors.link)
    doors.vice = doors.roster.api()
    doors.vice.sign_in("vice", PASSWORD)
    doors.roster.bound(person_dn("vice"), PASSWORD).unbind_s()
    doors.link.add_s(person_dn("waits"), person_entry(
        "waits", rosterStatus="pending"))
    config(doors, "approvals=2", "password-old-required=on")


def one_of_two(doors):
    bound = doors.roster.bound(person_dn("vice"), PASSWORD)
    root, doors.link = doors.link, bound
    doors.ldap("own_rights", "one's own leave", lambda link: link.modify_s(
        group_dn("sysadmins"), [
            (ldap.MOD_DELETE, "member", [person_dn("vice").encode()])]))
    doors.ldap("own_rights", "one's own suspension", lambda link: (
        link.modify_s(person_dn("vice"), [
            (ldap.MOD_REPLACE, "rosterStatus", [b"suspended"])])))
    doors.ldap("approval_needed", "one approval of two", lambda link: (
        link.modify_s(person_dn("waits"), [
            (ldap.MOD_REPLACE, "rosterStatus", [b"active"])])))
    doors.ldap("reauthentication_required", "a change without the old one",
               lambda link: link.modify_s(person_dn("vice"), [
                   (ldap.MOD_REPLACE, "userPassword",
                    [b"another-" + PASSWORD.encode()])]))
    doors.link = root
    bound.unbind_s()
    doors.rest("own_rights", "one's own leave", "DELETE",
               "groups/sysadmins/members/vice", None, api=doors.vice)
    doors.rest("own_rights", "one's own suspension", "POST",
               "users/vice/suspend", {}, api=doors.vice)


# Who is no administrator, and is let at them by an access rule or a token

def make_delegate(doors):
    """desk may write everything, as far as slapd is concerned."""
    doors.link.add_s(person_dn("desk"), person_entry(
        "desk", userPassword=PASSWORD))
    config = doors.roster.connection(doors.roster.ldapi_url)
    config.simple_bind_s("cn=config", ROOT_PASSWORD)
    (dn, _), = config.search_s("cn=config", ldap.SCOPE_SUBTREE,
                               "(objectClass=olcRosterConfig)", ["olcAccess"])
    config.modify_s(dn, [(ldap.MOD_ADD, "olcAccess", [
        ('{0}to * by dn.exact="%s" manage by * break' %
         person_dn("desk")).encode()])])
    config.unbind_s()
    desk = doors.roster.bound(person_dn("desk"), PASSWORD)
    for name in ("alice", "boss"):
        desk.modify_s(person_dn(name), [
            (ldap.MOD_ADD, "description", [b"known to the desk"])])
    desk.unbind_s()
    doors.narrow = doors.admin.post(
        "users/vice/tokens", name="narrow", ttl="30d",
        scope=["%s /%s" % (method, path)
               for method, path in (("*", "users"), ("*", "me"),
                                    ("PUT", "groups"))])[1]["token"]


OTHER = "another-" + PASSWORD
TAKEN = (  # attribute, value, how REST says it
    ("userPassword", OTHER, None),
    ("mail", "chief@example.org", {"mail": "chief@example.org"}),
    ("sshPublicKey", KEYS[1], None),
    ("pwdAccountLockedTime", FOR_EVER.decode(), None),
    ("pwdAccountLockedTime", "20300101000000Z", None),
    ("pwdReset", "TRUE", None),
    ("rosterStatus", "suspended", {"status": "suspended"}),
    ("rosterStatus", "deleted", {"status": "deleted"}),
    ("rosterExpires", "20990101000000Z",
     {"expires": "2099-01-01T00:00:00Z"}),
    ("rosterStarts", "20990101000000Z", {"starts": "2099-01-01T00:00:00Z"}),
    ("rosterReason", "none", {"reason": "none"}),
    ("loginShell", "/bin/false", {"loginShell": "/bin/false"}),
    ("homeDirectory", "/tmp", None),
    ("host", "web01", {"hosts": ["web01"]}),
)


def delegates_by_ldap(doors):
    root, doors.link = doors.link, doors.roster.bound(person_dn("desk"),
                                                      PASSWORD)
    boss = person_dn("boss")
    for attribute, value, _ in TAKEN:
        doors.ldap("forbidden", "an administrator's " + attribute,
                   lambda link: link.modify_s(boss, [
                       (ldap.MOD_REPLACE, attribute, [value.encode()])]))
    for sentence, act in (
            ("the end of an administrator", lambda link: link.delete_s(boss)),
            ("an administrator's password by the extended operation",
             lambda link: link.passwd_s(boss, None, OTHER)),
            ("another administrator", add_member("sysadmins",
                                                 person_dn("alice"))),
            ("one administrator less", lambda link: link.modify_s(
                group_dn("sysadmins"), [
                    (ldap.MOD_DELETE, "member", [boss.encode()])])),
            ("an administrator's token", lambda link: link.add_s(
                "cn=0a,ou=tokens," + SUFFIX, [
                    ("objectClass", [b"top", b"rosterToken"]),
                    ("cn", [b"0a"]), ("rosterPurpose", [b"api"]),
                    ("rosterScope", [b"inherit"]),
                    ("rosterTokenDigest", [b"0" * 64]),
                    ("rosterOwner", [boss.encode()])]))):
        doors.ldap("forbidden", sentence, act)
    doors.ldap("identity_immutable", "an administrator's name",
               lambda link: link.rename_s(boss, "uid=chief"))
    doors.link.unbind_s()
    doors.link = root


def delegates(doors):
    delegates_by_ldap(doors)
    nobody = doors.roster.api()

    def rest(verdict, sentence, method, path, body):
        doors.rest(verdict, sentence + " by a narrow token", method, path,
                   body, api=nobody, headers=bearer(doors.narrow))
    for attribute, _, body in TAKEN:
        if body:
            rest("forbidden", "an administrator's " + attribute, "PATCH",
                 "users/boss", body)
    rest("insufficient_scope", "its owner's mail", "PATCH", "users/vice",
         {"mail": "chief@example.org"})
    for verb in ("suspend", "deactivate"):
        rest("forbidden", verb, "POST", "users/boss/" + verb, {})
    rest("forbidden", "an administrator's end", "DELETE", "users/boss", None)
    for whose, verdict in (("boss", "forbidden"),
                           ("vice", "insufficient_scope")):
        for path, body in (("reset-password", {"send": False}),
                           ("ssh-keys", {"key": KEYS[1]})):
            rest(verdict, "%s of %s" % (path, whose), "POST",
                 "users/%s/%s" % (whose, path), body)
        rest("insufficient_scope", "a token of " + whose, "POST",
             "users/%s/tokens" % whose, {"name": "x"})
    rest("forbidden", "a temporary password of boss", "POST",
         "users/boss/reset-password", {"password": OTHER})
    rest("insufficient_scope", "its owner's key", "POST", "me/ssh-keys",
         {"key": KEYS[1]})
    rest("insufficient_scope", "its owner's password", "POST", "me/password",
         {"old": PASSWORD, "new": OTHER})
    rest("insufficient_scope", "its owner's token", "POST", "me/tokens",
         {"name": "x"})
    rest("forbidden", "another administrator", "PUT",
         "groups/sysadmins/members/alice", {})


# What nobody writes, and keys

def immutable(doors):
    (tombstone, _), = doors.link.search_s(
        "ou=tombstones," + SUFFIX, ldap.SCOPE_ONELEVEL,
        "(objectClass=rosterTombstone)", ["cn"])
    doors.ldap("tombstone_immutable", "another tombstone", lambda link: (
        link.modify_s(tombstone, [
            (ldap.MOD_REPLACE, "description", [b"x"])])))
    doors.ldap("tombstone_immutable", "no tombstone",
               lambda link: link.delete_s(tombstone))
    for act in (lambda link: link.delete_s("cn=audit," + SUFFIX),
                lambda link: link.modify_s("cn=audit," + SUFFIX, [
                    (ldap.MOD_REPLACE, "description", [b"x"])]),
                lambda link: link.rename_s("cn=audit," + SUFFIX, "cn=a")):
        doors.ldap("journal_immutable", "another journal", act)
    for form in ("a\x01bcdefghijklmnop7", "a\x7fbcdefghijklmnop7"):
        doors.ldap("invalid_password", "the password %a" % form,
                   lambda link: link.modify_s(person_dn("alice"), [
                       (ldap.MOD_REPLACE, "userPassword",
                        [form.encode()])]))
    doors.ldap("invalid_agreement", "an agreement at another place",
               lambda link: link.add_s("cn=terms," + SUFFIX, [
                   ("objectClass", [b"top", b"rosterAgreement"]),
                   ("cn", [b"terms"]), ("rosterVersion", [b"1"]),
                   ("rosterText", [b"Be kind."])]))
    doors.rest("invalid_agreement", "a text with a control character",
               "POST", "agreements", {"name": "terms", "text": "a\x1bb"})
    doors.rest("invalid_setting", "a mode that is none", "PATCH", "settings",
               {"registration": "closed"})
    doors.rest("changed", "an edit of what was otherwise", "PATCH",
               "users/alice", {"displayName": "A"},
               headers={"If-Match": '"20200101000000.000000Z#0#0#0"'})


def make_keys(doors):
    doors.ok("key", "add", "bob", KEYS[0])


def keys(doors):
    for verdict, key, sentence in (
            ("invalid_key", "ssh-ed25519 AAAA x", "a key cut off"),
            ("invalid_key", "ssh-dss AAAAB3NzaC1kc3M= x", "a key of DSA"),
            ("invalid_key", "secret", "no key"),
            ("invalid_key", KEYS[1] + "\nssh-rsa x", "two in one"),
            ("key_taken", KEYS[0], "a key of another")):
        doors.ldap(verdict, sentence, lambda link: link.modify_s(
            person_dn("alice"), [
                (ldap.MOD_ADD, "sshPublicKey", [key.encode()])]))
        doors.rest(verdict, sentence, "POST", "users/alice/ssh-keys",
                   {"key": key}, "invalid_field")
        doors.ctl(verdict, sentence, "key", "add", "alice", key)


# Tokens

SECRETS, OPEN, OVER = [tuple("cn=%s,ou=%s,%s" % (cn, place, SUFFIX)
                              for place in ("tokens", "invitations"))
                        for cn in ("0d", "0e", "0f")]


def stamp(days):
    return time.strftime("%Y%m%d%H%M%SZ",
                         time.gmtime(time.time() + days * 86400)).encode()


def secret_entry(dn, kind, **more):
    """One that is good but for more, where None leaves an attribute out."""
    entry = {"objectClass": [b"top", kind], "cn": [dn[3:5].encode()],
             "rosterTokenDigest": [b"d" * 64], "rosterExpires": [stamp(1)]}
    entry.update(more)
    return [one for one in entry.items() if one[1] is not None]


def add_token(name, dn=SECRETS[0], **more):
    token = dict({"rosterPurpose": [b"api"], "rosterScope": [b"read"],
                  "displayName": [b"by hand"],
                  "rosterOwner": [person_dn(name).encode()]}, **more)
    return lambda link: link.add_s(
        dn, secret_entry(dn, b"rosterToken", **token))


def add_invitation(dn=SECRETS[1], **more):
    return lambda link: link.add_s(
        dn, secret_entry(dn, b"rosterInvitation", **more))


def change(dn, attribute, *values):
    return lambda link: link.modify_s(
        dn, [(ldap.MOD_REPLACE, attribute, list(values) or None)])


def kept_for_ever(doors):
    """Written by hand as it should be: what ended stays so."""
    for one, ended in zip(OPEN, OVER):
        doors.ldap("token_immutable", "another secret of " + one,
                   change(one, "rosterTokenDigest", b"e" * 64))
        doors.ldap("invalid_expiry", "ninety years for " + one,
                   change(one, "rosterExpires", stamp(90 * 365)))
        for values in ([], [stamp(9)]):
            doors.ldap("token_immutable", "%s not revoked" % ended,
                       change(ended, "rosterRevoked", *values))
    for values in ([], [b"0"]):
        doors.ldap("token_immutable", "one use less",
                   change(OPEN[1], "rosterUsed", *values))
    for end in (None, [stamp(-1)], [stamp(8)]):
        doors.ldap("invalid_expiry", "an invitation till %s" % end,
                   add_invitation(rosterExpires=end))
    for uses in (b"0", b"1001"):
        doors.ldap("invalid_setting", "an invitation for %s" % uses,
                   add_invitation(rosterUses=[uses]))
    doors.ldap("unknown_group", "an invitation to what is not there",
               add_invitation(rosterJoins=[group_dn("zoo").encode()]))


def make_tokens(doors):
    for dns, more in ((OPEN, {}), (OVER, {"rosterRevoked": [stamp(0)]})):
        add_token("alice", dns[0], **more)(doors.link)
        add_invitation(dns[1], rosterUses=[b"2"], rosterUsed=[b"1"],
                       **more)(doors.link)
        change(dns[0], "rosterExpires", stamp(2))(doors.link)
        change(dns[1], "rosterExpires", stamp(2))(doors.link)
    doors.link.add_s(person_dn("many"), person_entry("many"))
    doors.link.modify_s("cn=settings," + SUFFIX, [
        (ldap.MOD_ADD, "rosterValue", [b"token-lifetime=90d"])])
    doors.link.add_s(person_dn("away"), person_entry(
        "away", userPassword=PASSWORD))
    for one in range(TOKENS_MAX):
        status, answer = doors.admin.post(
            "users/many/tokens", name="t%d" % one, ttl="30d")
        if status != 201:
            raise AssertionError((one, status, answer))
    doors.admin.post("users/away/suspend")
    doors.secret = doors.admin.post(
        "users/vice/tokens", name="reads", ttl="30d",
        scope=["read", "ldap"])[1]["token"]


def tokens(doors):
    for scope in ("everything", "GET users", "READ", "read;write", "GET /\n"):
        doors.rest("invalid_scope", "the scope %a" % scope, "POST",
                   "users/alice/tokens", {"name": "x", "scope": [scope]})
        doors.ctl("invalid_scope", "the scope %a" % scope, "token", "create",
                  "alice", "x", "--scope=" + scope)
        doors.ldap("invalid_scope", "the scope %a" % scope,
                   add_token("alice", rosterScope=[scope.encode()]))
    for place in ("here", "192.0.2.0/33", "192.0.2.300", "2001:db8::/129",
                  "example.org", "0"):
        doors.rest("invalid_address", "the address " + place, "POST",
                   "users/alice/tokens", {"name": "x", "addresses": [place]})
        doors.ctl("invalid_address", "the address " + place, "token",
                  "create", "alice", "x", "--address=" + place)
        doors.ldap("invalid_address", "the address " + place, add_token(
            "alice", rosterAllowedAddress=[place.encode()]))
    for verdict, name in (("too_many_tokens", "many"),
                          ("account_inactive", "away")):
        doors.rest(verdict, "a token of " + name, "POST",
                   "users/%s/tokens" % name, {"name": "x"})
        doors.ctl(verdict, "a token of " + name, "token", "create", name, "x")
        doors.ldap(verdict, "a token of " + name, add_token(name))
    waits = person_dn("waits").encode()
    for attribute, value in (("member", waits), ("memberUid", b"waits")):
        doors.ldap("account_inactive", "a group of who waits, by " + attribute,
                   lambda link: link.modify_s(group_dn("crew"), [
                       (ldap.MOD_ADD, attribute, [value])]))
    doors.rest("account_inactive", "a group of who waits", "PUT",
               "groups/crew/members/waits", None)
    doors.ctl("account_inactive", "a group of who waits", "group", "join",
              "crew", "waits")
    doors.ldap("unknown_user", "a token of nobody", add_token("nobody"))
    doors.ldap("invalid_name", "a token without a name",
               add_token("alice", displayName=None))
    for end in (None, [b"20200101000000Z"], [b"29990101000000Z"]):
        doors.ldap("invalid_expiry", "a token till %s" % end,
                   add_token("alice", rosterExpires=end))
    kept_for_ever(doors)
    doors.rest("account_inactive", "a link for who may not sign in", "POST",
               "users/away/reset-password", {"send": False})


def bearer(secret):
    return {"Authorization": "Bearer " + secret}


def signs(doors):
    """These the journal tells of: somebody tried."""
    nobody = doors.roster.api()
    for secret in ("rst_" + "A" * 43, "x", doors.secret[:-1] + "-"):
        doors.rest("invalid_token", "the token %.9s" % secret, "GET", "me",
                   None, api=nobody, headers=bearer(secret))
    doors.rest("insufficient_scope", "a write by a token that reads", "POST",
               "groups", {"cn": "zoo"}, api=nobody,
               headers=bearer(doors.secret))
    bound = doors.roster.bound(person_dn("vice"), doors.secret)
    root, doors.link = doors.link, bound
    doors.ldap("insufficient_scope", "a write by a token that reads",
               lambda link: link.modify_s(group_dn("crew"), [
                   (ldap.MOD_REPLACE, "description", [b"x"])]))
    doors.link = root
    bound.unbind_s()
    for name, secret in (("alice", "wrong-" + PASSWORD), ("zoe", PASSWORD)):
        doors.rest("invalid_credentials", "a sign-in of " + name, "POST",
                   "session", {"username": name, "password": secret},
                   api=nobody)
    doors.rest("account_inactive", "a sign-in of who is suspended", "POST",
               "session", {"username": "away", "password": PASSWORD},
               api=nobody)
    doors.rest("wrong_password", "a change without the old password", "POST",
               "me/password", {"old": "wrong-" + PASSWORD,
                               "new": "another-" + PASSWORD},
               api=doors.alice)


# Links and registrations

def open_doors(doors):
    config(doors, "registration=open", "pending-max=1", "verify-mail=off",
           "blocked-domains=example.net", "registration-limit=3")
    doors.invitation = doors.admin.post(
        "invitations", mail="new@example.org", send=False)[1]["link"]
    doors.ticket = doors.admin.post(
        "registration-tokens", username="nora")[1]["link"]


def links(doors):
    nobody = doors.roster.api()
    for token in ("x", "A" * 43, "\u202e", "../x"):
        for path, more in (("password-resets/confirm",
                            {"password": "another-" + PASSWORD}),
                           ("verifications", {})):
            doors.rest("invalid_link", "the token %a at %s" % (token, path),
                       "POST", path, dict(more, token=token), api=nobody)
    for verdict, link, more in (
            ("email_mismatch", doors.invitation, {"mail": "o@example.org"}),
            ("username_mismatch", doors.ticket, {"username": "other"})):
        doors.rest(verdict, "a link of somebody else", "POST",
                   "registrations", dict(
                       {"username": "zoe", "givenName": "Z", "sn": "Z",
                        "mail": "zoe@example.org", "password": PASSWORD,
                        "token": link.rsplit("/", 1)[1]}, **more),
                   api=nobody)
    doors.ctl("duplicate_email", "an invitation of somebody who is there",
              "invite", "add", "bob@example.org")
    for verdict, mail, sentence in (
            ("email_domain", "zoe@example.net", "an address of a blocked "
             "domain"),
            ("queue_full", "zoe@example.org", "one who waits too many")):
        doors.rest(verdict, sentence, "POST", "registrations",
                   registration("zoe", mail), api=nobody)


def registration(name, mail):
    return {"username": name, "givenName": "Z", "sn": "Z", "mail": mail,
            "password": PASSWORD}


def use_up(doors):
    """All registrations that this address may try."""
    config(doors, "pending-max=9")
    doors.taken = registration("alice", "new@example.org")
    for turn in range(4):
        status, answer = doors.roster.api().post("registrations",
                                                 **doors.taken)
        if answer["code"] == "too_often":
            return
    raise AssertionError((status, answer))


def too_often(doors):
    doors.rest("too_often", "a registration too many", "POST",
               "registrations", doors.taken, api=doors.roster.api())


# Passwords that are not yet, or only, to be changed

def make_passwords(doors):
    doors.ok("user", "add", "temp", "--given-name", "T", "--surname", "T",
             "--mail", "temp@example.org", "--password", "--must-change",
             stdin=PASSWORD + "\n")
    doors.temp = doors.roster.api()
    doors.temp.sign_in("temp", PASSWORD)
    doors.link.passwd_s(person_dn("bob"), None, PASSWORD)
    doors.bob = doors.roster.api()
    doors.bob.sign_in("bob", PASSWORD)
    new = "yet-another-" + PASSWORD
    doors.bob.post("me/password", old=PASSWORD, new=new)
    doors.bob_has = new
    doors.bob.sign_in("bob", new)
    for name, secret in (("temp", PASSWORD), ("bob", new)):
        doors.roster.bound(person_dn(name), secret).unbind_s()
    config(doors, "password-min-age=1d")


def ages(doors):
    root = doors.link
    doors.link = doors.roster.bound(person_dn("temp"), PASSWORD)
    doors.ldap("password_change_required", "a search before the change",
               lambda link: link.search_s(person_dn("alice"),
                                          ldap.SCOPE_BASE))
    doors.rest("password_change_required", "a request before the change",
               "GET", "me/tokens", None, api=doors.temp)
    doors.link.unbind_s()
    doors.link = doors.roster.bound(person_dn("bob"), doors.bob_has)
    third = "third-" + PASSWORD
    doors.ldap("password_too_young", "a second change on one day",
               lambda link: link.passwd_s(person_dn("bob"), doors.bob_has,
                                          third))
    doors.link.unbind_s()
    doors.link = root
    doors.rest("password_too_young", "a second change on one day", "POST",
               "me/password", {"old": doors.bob_has, "new": third},
               api=doors.bob)


# (area, what it needs, its rows, does the journal stay as it was?)
AREAS = (
    ("groups in groups", make_groups, groups, True),
    ("the last administrator", None, last_one, True),
    ("one's own rights", make_vice, one_of_two, True),
    ("administrators and others", make_delegate, delegates, True),
    ("what nobody writes", None, immutable, True),
    ("keys", make_keys, keys, True),
    ("tokens", make_tokens, tokens, True),
    ("signing in", None, signs, False),
    ("links", open_doors, links, True),
    ("registrations", use_up, too_often, True),
    ("passwords of a day", make_passwords, ages, True),
)
