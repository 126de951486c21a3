# SPDX-License-Identifier: OLDAP-2.8
"""acts.py - every act there is: its door, how it is done, what it promises

A fact is a key with a value, both text.  An act tries some facts, and when its
answer comes they are acknowledged; after a crash each must be the one last
acknowledged or one tried since.

    person/NAME         "yes"
    status/NAME         rosterStatus
    name/NAME           displayName
    password/NAME       what he signs in with
    group/NAME          "yes"
    member/GROUP/NAME   "yes"
    invitation/MAIL     "open", "used", "revoked"
    session/TOKEN       whose it is
    token/ID            "open", "revoked"
    mail/ADDRESS        "yes": mail to it is queued or was sent
    policy/NAME         "yes"
    host/NAME           "yes"
    init/suffix         the suffix

and "-" for what is not there, as everything is before its first fact.

A new act is a function below, under @act; a new table is a kind of fact: a
method of Eyes here and a row of see() in tests/power/oracle.c.  kill-9,
restart, full, stopped, backup, power-loss and the soak take them from here;
tests/lint/check-acts names those that are missing.
"""
import base64
import collections
import contextlib
import hashlib
import random
import threading
import time
import traceback

import ldap
import requests

from harness import Failure, wait_until
from roster import (PASSWORD, SUFFIX, group_dn, group_entry, has, person_dn,
                    person_entry)

LDAP, HTTP, CTL = "LDAP", "HTTP", "rosterctl"
FULL_TEXT = "no room left in the database or on its disk"
CREW = "crew"  # a group that all may join
OWN_MAX = 40  # objects of a kind that one hand keeps
GROUPS_MAX = 600  # of one hand: there are 7,998 numbers for all
TOKENS_MAX = 4  # of one person
SESSIONS_MAX = 4  # of one person; the eleventh would end the first
LOST = (ldap.SERVER_DOWN, ldap.CONNECT_ERROR, ldap.UNAVAILABLE,
        ldap.TIMEOUT, ldap.BUSY, ldap.OTHER, requests.RequestException)


class Lost(Exception):
    """No answer: it was done, or not."""


class Full(Exception):
    """Refused for want of room, so it was not done: the text or code."""


class Refused(Exception):
    """For a reason that another act gave, so it was not done."""


class NotNow(Exception):
    """This hand has nothing to do it to."""


def is_full(error):
    """LDAP refused it for want of room: 53, or 80 from the password exop,
    since to slapd 53 means there that it shall do it itself."""
    return isinstance(error, (ldap.UNWILLING_TO_PERFORM, ldap.OTHER)) and \
        error.args[0].get("info") == FULL_TEXT


# ------------------------------------------------------------------ the book

class Book:
    """What was tried and what was acknowledged."""
    KEPT = 20000  # facts; the oldest sure ones go

    def __init__(self):
        self._lock = threading.Lock()
        self._facts = collections.OrderedDict()  # key -> [value, [tried...]]
        self._unasked = {}  # key -> value, of those that are too many to ask

    def recall(self, key):
        """What was last sure of a key that is not among the facts."""
        return self._unasked.pop(key, "-")

    def begin(self, facts):
        with self._lock:
            for key, value in facts.items():
                if key not in self._facts:
                    self._facts[key] = [self.recall(key), []]
                self._facts[key][1].append(value)

    def acknowledge(self, facts):
        with self._lock:
            for key, value in facts.items():
                self._facts[key] = [value, []]

    def withdraw(self, facts):
        """It was refused: not done."""
        with self._lock:
            for key, value in facts.items():
                self._facts[key][1].remove(value)

    def sure(self):
        """{key: value} of what is not in doubt at this moment."""
        with self._lock:
            return {key: value for key, (value, tried) in self._facts.items()
                    if not tried}

    def check(self, eyes):
        """What is wrong, as a list.  Nobody may write meanwhile.  What was
        in doubt is settled by what is seen, and what is gone stays so."""
        wrong = []
        for key, (value, tried) in list(self._facts.items()):
            for possible in [value] + tried:
                if eyes.sees(key, possible):
                    break
            else:
                wrong.append("%s is %s, acknowledged: %s, tried: %s" % (
                    key, eyes.look(key), value, tried))
                continue
            if possible == "-":
                del self._facts[key]  # no name is used twice
            else:
                self._facts[key] = [possible, []]
        while len(self._facts) > self.KEPT:
            key, (value, tried) = self._facts.popitem(last=False)
            self._unasked[key] = value
        return wrong


class Eyes:
    """Looks at a Roster that runs: what is really there."""

    def __init__(self, roster, sink=None):
        self.roster = roster
        self.sink = sink
        self.link = roster.root()

    def sees(self, key, value):
        kind, name = key.split("/", 1)
        test = getattr(self, "is_" + kind, None)
        return test(name, value) if test else self.look(key) == value

    def look(self, key):
        kind, name = key.split("/", 1)
        return getattr(self, "see_" + kind)(name)

    def _entry(self, dn, *attributes, under=ldap.SCOPE_BASE,
               where="(objectClass=*)"):
        try:
            found = self.link.search_s(dn, under, where,
                                       list(attributes) or ["1.1"])
        except ldap.NO_SUCH_OBJECT:
            return None
        if len(found) > 1:
            raise Failure("%s %s is there %d times" % (dn, where, len(found)))
        return {key: [value.decode() for value in values] for key, values
                in found[0][1].items()} if found else None

    def see_person(self, name):
        entry = self._entry(person_dn(name))
        by_name = self._entry(
            "ou=people," + SUFFIX, under=ldap.SCOPE_ONELEVEL,
            where="(uid=%s)" % name)
        if (entry is None) != (by_name is None):
            return "known by %s only" % ("name" if by_name else "DN")
        return "-" if entry is None else "yes"

    def _value(self, name, attribute):
        entry = self._entry(person_dn(name), attribute)
        return "-" if entry is None else entry.get(attribute, ["-"])[0]

    def see_status(self, name):
        return self._value(name, "rosterStatus")

    def see_name(self, name):
        return self._value(name, "displayName")

    def see_group(self, name):
        return "-" if self._entry(group_dn(name)) is None else "yes"

    def see_member(self, pair):
        group, name = pair.split("/")
        entry = self._entry(person_dn(name), "memberOf")
        try:
            views = {
                "memberOf": entry is not None and group_dn(group) in
                entry.get("memberOf", []),
                "memberUid": has(self.link, group_dn(group), "memberUid",
                                 name),
                "member": has(self.link, group_dn(group), "member",
                              person_dn(name))}
        except ldap.NO_SUCH_OBJECT:
            return "-"
        if len(set(views.values())) != 1:
            return "one of %s" % views
        return "yes" if views["member"] else "-"

    def is_password(self, name, value):
        """One who may not sign in cannot be asked."""
        return value == "-" or self.see_status(name) != "active" or \
            self.roster.binds(person_dn(name), value)

    def see_password(self, name):
        return "something else"

    def see_invitation(self, mail):
        entry = self._entry(
            "ou=invitations," + SUFFIX, "rosterUsed", "rosterRevoked",
            under=ldap.SCOPE_ONELEVEL, where="(mail=%s)" % mail)
        if entry is None:
            return "-"
        if "rosterRevoked" in entry:
            return "revoked"
        return "used" if entry.get("rosterUsed", ["0"])[0] != "0" else "open"

    def see_session(self, token):
        api = self.roster.api()
        status, body = api.call("GET", "session", headers={
            "Cookie": COOKIE + "=" + token})
        if status == 401:
            return "-"
        return body["user"]["username"] if status == 200 else str(status)

    def see_token(self, id):
        entry = self._entry("cn=%s,ou=tokens,%s" % (id, SUFFIX),
                            "rosterRevoked")
        if entry is None:
            return "-"
        return "revoked" if "rosterRevoked" in entry else "open"

    def is_mail(self, address, value):
        """It is sent in the end; nobody promised when, or only once."""
        if self.sink is None or value == "-":
            return True
        try:
            return bool(wait_until(lambda: self.sink.got(address), 60,
                                   "mail to " + address))
        except Failure:
            return False

    def see_mail(self, address):
        return "not sent"

    def see_policy(self, name):
        there = self._entry("cn=%s,ou=policies,%s" % (name, SUFFIX))
        return "-" if there is None else "yes"

    def see_host(self, name):
        there = self._entry("cn=%s,ou=hosts,%s" % (name, SUFFIX))
        return "-" if there is None else "yes"

    def see_init(self, what):
        return SUFFIX if self._entry(SUFFIX) is not None else "-"


COOKIE = "__Host-roster"


# ------------------------------------------------------------------ the hands

class Person:
    def __init__(self, status="active", password=None):
        self.status, self.password = status, password
        self.key = None  # a fingerprint
        self.asked = False  # for a reset: its answer, which comes at any
        # time, ends other links
        self.groups = set()
        self.sessions = {}  # token -> Api
        self.tokens = {}  # id -> secret


class Hand(threading.Thread):
    """Does acts of one door to objects of its own, one after the other."""

    def __init__(self, roster, book, name, door, admin=None, crew=None,
                 seed=None):
        super().__init__(daemon=True, name=name)
        self.roster, self.book, self.door = roster, book, door
        self.admin, self.crew = admin, crew
        self.dice = random.Random("%s %s" % (name, seed or ""))
        self.done = collections.Counter()  # act -> how often
        self.lost = 0
        self.made = collections.Counter()
        self.broken = None  # an answer that no crash explains
        self.people, self.groups, self.invitations = {}, {}, {}
        self.policies = []  # names, of the CLI's hand
        self.hosts = []     # names, of the web's hand
        self.quota = None  # acts, then it may rest
        self.link = self.api = self.own = None

    # what acts use

    def new(self, letter):
        self.made[letter] += 1
        return "%s%s%d" % (self.name, letter, self.made[letter])

    def one_of(self, mine, fits=lambda it: True):
        """The name of something in mine that fits."""
        names = [name for name, it in mine.items() if fits(it)]
        if not names:
            raise NotNow
        return self.dice.choice(names)

    def room_in(self, mine):
        if len(mine) >= OWN_MAX:
            raise NotNow

    def promise(self, facts, write):
        """Write, and answer what that answered."""
        self.book.begin(facts)
        try:
            answer = write()
        except (*LOST, ldap.UNWILLING_TO_PERFORM) as error:
            if is_full(error):
                self.book.withdraw(facts)
                raise Full(type(error).__name__) from error
            if not isinstance(error, LOST):
                raise
            self.forget(facts)
            raise Lost(error) from error
        except Lost:
            self.forget(facts)
            raise
        except Full:
            self.book.withdraw(facts)
            raise
        except Refused as error:
            self.book.withdraw(facts)
            raise NotNow from error
        self.book.acknowledge(facts)
        return answer

    def forget(self, facts):
        """These are in doubt: leave them to whoever verifies.  Others may
        still name them, so that the facts of their end name them too."""
        for key in facts:
            for part in key.split("/")[1:]:
                for mine in (self.people, self.groups, self.invitations):
                    mine.pop(part, None)

    def sign_in_anew(self):
        """All hands begin with one session of the first administrator.  Who
        is asked for the password again takes one of his own."""
        own = self.roster.api()
        status, answer = own.sign_in(self.admin.username, self.admin.secret)
        if status != 201:
            raise Lost("%d %s" % (status, answer))
        own.secret = None  # the next time, too
        self.api = self.own = own

    def answer_of(self, method, path, body=None):
        """Status and body, to one who gives his password when asked for it."""
        status, answer = self.api.call(method, path, body)
        if (status == 403 and isinstance(answer, dict) and
                answer.get("code") == "reauthentication_required"):
            self.sign_in_anew()
            status, answer = self.api.call(method, path, body)
        return status, answer

    def ask(self, method, path, body=None, api=None):
        """The body of a good HTTP answer."""
        try:
            status, answer = (api.call if api else self.answer_of)(
                method, path, body)
        except LOST as error:
            raise Lost(error) from error
        if status == 502 and answer.get("code") == "email_failed":
            return answer["made"]  # nobody takes mail here: it is kept
        if status in (429, 502, 503, 504):  # busy or going down
            raise Lost("%d" % status)
        if status == 507 and answer.get("code") == "full":
            raise Full("507")
        if status not in (200, 201, 202, 204):
            raise Failure("%s %s: %d %s" % (method, path, status, answer))
        if status != 204 and not isinstance(answer, dict):
            raise Lost("cut off after its head")
        return answer

    def ends(self, person):
        """The facts of the end of his sessions and tokens."""
        facts = {"session/" + token: "-" for token in person.sessions}
        facts.update({"token/" + id: "revoked" for id in person.tokens})
        return facts

    # how it lives

    def connect(self):
        """Wait until the door is open."""
        while not (self.crew and self.crew.over):
            try:
                if self.door == LDAP:
                    self.link = self.roster.root()
                    return
                if self.door == CTL:
                    return
                known = self.own or self.admin
                self.api = self.roster.api()
                self.api.session.cookies.update(known.session.cookies)
                self.api.csrf = known.csrf
                if self.api.get("/readyz")[0] == 200:
                    return
            except (ldap.LDAPError, requests.RequestException):
                pass
            time.sleep(0.02)

    def do(self, act):
        """True when it was done, False when this hand cannot now."""
        try:
            act.do(self)
        except NotNow:
            return False
        self.done[act.name] += 1
        return True

    def step(self):
        """One act, as the dice fall; rather one not done yet."""
        mine = [act for act in ACTS if act.door == self.door]
        # who has little time does all as often as the other
        self.dice.shuffle(mine)
        mine.sort(key=lambda act: self.done[act.name])
        for act in mine:
            if (not self.done[act.name] or self.quota) and self.do(act):
                return
        while not self.do(self.dice.choices(
                mine, [act.weight for act in mine])[0]):
            pass

    def has_done(self):
        """The quota is reached, and somebody has done each act of the door."""
        return self.quota is not None and \
            sum(self.done.values()) >= self.quota and \
            not self.crew.missing(self.door)

    def may_rest(self):
        return self.crew.wanted is None and self.has_done()

    def total(self):
        """Acts done so far.  A hand that broke will do no more."""
        if self.broken:
            raise Failure(self.broken)
        return sum(list(self.done.values()))

    def run(self):
        try:
            while not self.crew.over and not self.may_rest():
                self.crew.pass_gate()
                if self.crew.wanted != self.door and self.has_done():
                    time.sleep(0.002)  # it may be wanted again
                    continue
                try:
                    self.step()
                    self.crew.acknowledged(self.door)
                except (Lost, *LOST):
                    # what an act only looked at need not be promised
                    self.lost += 1
                    self.connect()
        except Exception:
            self.broken = traceback.format_exc()
        finally:
            self.crew.leave()


class Crew:
    """Hands that work at once, and the gate that parks them."""

    def __init__(self, roster, admin, ldap_hands=4, http_hands=3, seed=None,
                 book=None):
        self.roster, self.admin = roster, admin
        self.book = book or Book()
        self.over = False
        self.wanted = None  # a door whose hands go on beyond their quota
        self._lock = threading.Condition()
        self._closed = False
        self._parked = 0
        self._running = 0
        self._last = {}  # door -> time of its last acknowledgement
        self.hands = [
            Hand(roster, self.book, "%s%s" % (letter, chr(ord("a") + n)),
                 door, admin, self, seed)
            for letter, door, count in (("l", LDAP, ldap_hands),
                                        ("h", HTTP, http_hands),
                                        ("c", CTL, 1)) for n in range(count)]

    def start(self):
        self.book.begin({"group/" + CREW: "yes"})
        status, body = self.admin.post("groups", cn=CREW)
        if status != 201:
            raise Failure("a group for all: %d %s" % (status, body))
        self.book.acknowledge({"group/" + CREW: "yes"})
        self._running = len(self.hands)
        for hand in self.hands:
            hand.connect()
        for hand in self.hands:
            hand.start()

    def acknowledged(self, door):
        with self._lock:
            self._last[door] = time.monotonic()
            self._lock.notify_all()

    def wait_for_write(self, door, since, seconds=30):
        """How long after since the door acknowledged a write."""
        with self._lock:
            if not self._lock.wait_for(
                    lambda: self._last.get(door, 0) > since, seconds):
                raise Failure("no %s write for %d s: %s" % (
                    door, seconds, "".join(filter(None, (
                        hand.broken for hand in self.hands))) or "busy"))
            return self._last[door] - since

    def pass_gate(self):
        with self._lock:
            if self._closed:
                self._parked += 1
                self._lock.notify_all()
                self._lock.wait_for(lambda: not self._closed)
                self._parked -= 1

    def leave(self):
        with self._lock:
            self._running -= 1
            self._lock.notify_all()

    def park(self):
        with self._lock:
            self._closed = True
            if not self._lock.wait_for(
                    lambda: self._parked >= self._running, 60):
                raise Failure("a hand waits for an answer for a minute")

    def go_on(self):
        with self._lock:
            self._closed = False
            self._lock.notify_all()

    def rest(self):
        """Wait until all have done their quota."""
        for hand in self.hands:
            hand.join(60)

    def end(self):
        self.over = True
        self.go_on()
        for hand in self.hands:
            hand.join(60)

    def count(self, door):
        """Acts done by a door so far."""
        return sum(hand.total() for hand in self.hands if hand.door == door)

    def missing(self, *doors):
        """The names of acts nobody has done yet."""
        return [act.name for act in ACTS
                if act.door in (doors or (LDAP, HTTP, CTL)) and
                not any(hand.done[act.name] for hand in self.hands)]

    def claim(self, story, all_acts=True):
        """Lawful answers only, and every act done at least once."""
        for hand in self.hands:
            story.claim(hand.broken is None, "%s got lawful answers" %
                        hand.name, hand.broken)
        done = sum((hand.done for hand in self.hands), collections.Counter())
        print("# " + ", ".join("%s %d" % one for one in sorted(done.items())))
        if all_acts:
            story.same(self.missing(), [], "every act was done")
        return sum(done.values())


# ------------------------------------------------------------------- the acts

Act = collections.namedtuple("Act", "door name covers frees weight do")
ACTS = []


def act(door, name, *covers, frees=False, weight=2):
    """covers: functions of lifecycle/acts.h, or an LDAP operation; frees: it
    makes room, or who makes room needs it, so it may use the reserve."""
    def keep(function):
        ACTS.append(Act(door, name, covers, frees, weight, function))
        return function
    return keep


# What acts.h has and no act below does: it changes nothing, or does it once.
NOT_HERE = {
    "act_bootstrap_token": "once, before the hands begin",
    "act_bootstrap": "once, before the hands begin",
    "act_invitation_find": "reads",
    "act_reset_answer": "by the thread that sends mail: tests/http/test_front.py",
    "act_reset_find": "reads",
    "act_verify": "its link is in a mail alone: tests/http/test_front.py",
    "act_mail_find": "reads",
    "act_mail_answer": "its links are in mails alone: "
                       "tests/http/test_mail_change.py",
    "act_ticket_find": "reads",
    "act_find_agreement": "reads",
    "act_agreements": "reads",
    "act_signature": "reads",
    "act_still_admitted": "reads",
    "act_activate_self": "part of act_sign but where an agreement is required "
                         "no more: tests/http/test_agreements.py",
    "act_propose_username": "reads",
    "act_offer_username": "reads",
    "act_reset_possible": "reads",
    "act_session_check": "part of every act over HTTP",
    "act_still_allowed": "reads",
    "act_proved_lately": "reads",
    "act_unlock": "after five failures only: tests/both/lockout",
    "act_note_login": "part of a sign-in, where a policy asks for it",
    "act_reset_password": "who has to change it does nothing else: "
                          "tests/both/password-age",
    "act_use_grace": "part of a sign-in, where a policy asks for it",
    "act_sweep_passwords": "part of rosterctl sweep: tests/both/password-age",
    "act_sweep_due": "part of rosterctl sweep: tests/unit/test_due",
    "act_sweep_idle": "part of rosterctl sweep: tests/unit/test_bin",
    "act_token_bind": "as act_token_use: tests/both/tokens",
    "act_find_preset": "reads",
    "act_find_person": "reads",
    "act_find_group": "reads",
    "act_find_host": "reads",
}


def active(person):
    return person.status == "active"


def gone(hand, name):
    """The facts of his end."""
    person = hand.people[name]
    facts = {kind + name: "-" for kind in ("person/", "status/", "name/",
                                           "password/")}
    facts.update({"member/%s/%s" % (group, name): "-"
                  for group in person.groups})
    facts.update(hand.ends(person))
    return facts


def drop_person(hand, name):
    for group in hand.people.pop(name).groups & hand.groups.keys():
        hand.groups[group].discard(name)


@act(LDAP, "add a person", "add", weight=4)
def ldap_add_person(hand):
    hand.room_in(hand.people)
    name = hand.new("p")
    hand.promise(
        {"person/" + name: "yes", "status/" + name: "active",
         "name/" + name: "version 0"},
        lambda: hand.link.add_s(person_dn(name), person_entry(
            name, displayName="version 0",
            description="x" * hand.dice.randrange(1, 1500))))
    hand.people[name] = Person()


@act(LDAP, "edit a person", "modify", weight=6)
def ldap_edit_person(hand):
    name = hand.one_of(hand.people)
    text = "version %d" % hand.dice.randrange(1 << 30)
    hand.promise({"name/" + name: text}, lambda: hand.link.modify_s(
        person_dn(name), [(ldap.MOD_REPLACE, "displayName",
                           [text.encode()])]))


@act(LDAP, "delete a person", "delete", frees=True)
def ldap_delete_person(hand):
    name = hand.one_of(hand.people)
    hand.promise(gone(hand, name),
                 lambda: hand.link.delete_s(person_dn(name)))
    drop_person(hand, name)


def ldap_status(hand, before, after, *more):
    name = hand.one_of(hand.people, lambda one: one.status == before)
    person = hand.people[name]
    facts = {"status/" + name: after}
    facts.update(hand.ends(person))
    hand.promise(facts, lambda: hand.link.modify_s(
        person_dn(name), [(ldap.MOD_REPLACE, "rosterStatus",
                           [after.encode()]), *more]))
    person.status = after
    person.sessions, person.tokens = {}, {}


@act(LDAP, "suspend by status", "modify", frees=True)
def ldap_suspend(hand):
    ldap_status(hand, "active", "suspended",
                (ldap.MOD_REPLACE, "rosterReason", [b"Nobody knows"]))


@act(LDAP, "activate by status", "modify")
def ldap_activate(hand):
    ldap_status(hand, "suspended", "active")


@act(LDAP, "set a password", "act_change_password", weight=1)
def ldap_password(hand):
    name = hand.one_of(hand.people, active)
    password = "Ldap-set-%d-battery" % hand.dice.randrange(1 << 30)
    hand.promise({"password/" + name: password}, lambda: hand.link.passwd_s(
        person_dn(name), None, password))
    hand.people[name].password = password


@act(LDAP, "add a group", "add")
def ldap_add_group(hand):
    hand.room_in(hand.groups)
    if hand.made["g"] >= GROUPS_MAX:
        raise NotNow
    name = hand.new("g")
    hand.promise({"group/" + name: "yes"}, lambda: hand.link.add_s(
        group_dn(name), group_entry(name)))
    hand.groups[name] = set()


@act(LDAP, "rename a group", "modrdn", weight=1)
def ldap_rename_group(hand):
    if hand.made["g"] >= GROUPS_MAX:
        raise NotNow
    # of one in doubt nobody could say where he is a member then
    name = hand.one_of(hand.groups, lambda all: all <= hand.people.keys())
    to = hand.new("g")
    members = hand.groups[name]
    facts = {"group/" + name: "-", "group/" + to: "yes"}
    for one in members:
        facts["member/%s/%s" % (name, one)] = "-"
        facts["member/%s/%s" % (to, one)] = "yes"
    hand.promise(facts, lambda: hand.link.rename_s(
        group_dn(name), "cn=" + to, delold=1))
    hand.groups[to] = hand.groups.pop(name)
    for one in members:
        hand.people[one].groups ^= {name, to}


@act(LDAP, "delete a group", "delete", frees=True, weight=1)
def ldap_delete_group(hand):
    delete_group(hand, lambda name: hand.link.delete_s(group_dn(name)))


def delete_group(hand, delete):
    name = hand.one_of(hand.groups)
    facts = {"group/" + name: "-"}
    facts.update({"member/%s/%s" % (name, one): "-"
                  for one in hand.groups[name]})
    hand.promise(facts, lambda: delete(name))
    for one in hand.groups.pop(name) & hand.people.keys():
        hand.people[one].groups.discard(name)


def join(hand, write):
    # who waits for approval or is in the bin is in no group
    name = hand.one_of(hand.people, lambda one: one.status in (
        "active", "suspended"))
    group = hand.dice.choice([CREW, *hand.groups])
    if group in hand.people[name].groups:
        raise NotNow
    hand.promise({"member/%s/%s" % (group, name): "yes"},
                 lambda: write(group, name))
    hand.people[name].groups.add(group)
    hand.groups.get(group, set()).add(name)


def leave(hand, write):
    known = {CREW, *hand.groups}
    name = hand.one_of(hand.people, lambda person: person.groups & known)
    group = hand.dice.choice(sorted(hand.people[name].groups & known))
    hand.promise({"member/%s/%s" % (group, name): "-"},
                 lambda: write(group, name))
    hand.people[name].groups.discard(group)
    hand.groups.get(group, set()).discard(name)


def ldap_membership(hand, verb):
    def write(group, name):
        by = hand.dice.choice(("memberUid", "member"))
        value = name if by == "memberUid" else person_dn(name)
        hand.link.modify_s(group_dn(group), [(verb, by, [value.encode()])])
    return write


@act(LDAP, "join a group", "modify", weight=4)
def ldap_join(hand):
    join(hand, ldap_membership(hand, ldap.MOD_ADD))


@act(LDAP, "leave a group", "modify", frees=True, weight=3)
def ldap_leave(hand):
    leave(hand, ldap_membership(hand, ldap.MOD_DELETE))


@act(HTTP, "create a person", "act_create_person", weight=3)
def http_create_person(hand):
    hand.room_in(hand.people)
    name = hand.new("p")
    hand.promise(
        {"person/" + name: "yes", "status/" + name: "active"},
        lambda: hand.ask("POST", "users", {
            "username": name, "givenName": "Given", "sn": name,
            "mail": name + "@example.org"}))
    hand.people[name] = Person()


@act(HTTP, "edit a person by name", "act_edit", weight=5)
def http_edit(hand):
    name = hand.one_of(hand.people)
    text = "Version %d" % hand.dice.randrange(1 << 30)
    hand.promise({"name/" + name: text}, lambda: hand.ask(
        "PATCH", "users/" + name, {"displayName": text}))


@act(HTTP, "invite", "act_invite", weight=2)
def http_invite(hand):
    hand.room_in(hand.invitations)
    mail = hand.new("i") + "@example.org"
    answer = hand.promise(
        {"invitation/" + mail: "open", "mail/" + mail: "yes"},
        lambda: hand.ask("POST", "invitations", {
            "mail": mail, "needsApproval": hand.made["i"] % 3 != 0}))
    hand.invitations[mail] = answer


@act(HTTP, "invite again", "act_invitation_resend", weight=1)
def http_invite_again(hand):
    mail = hand.one_of(hand.invitations)
    old = hand.invitations[mail]
    hand.invitations[mail] = hand.promise(
        {"invitation/" + mail: "open"}, lambda: hand.ask(
            "POST", "invitations/%s/resend" % old["id"], {}))


@act(HTTP, "revoke an invitation", "act_invitation_revoke", weight=1)
def http_revoke(hand):
    mail = hand.one_of(hand.invitations)
    hand.promise({"invitation/" + mail: "revoked"}, lambda: hand.ask(
        "DELETE", "invitations/" + hand.invitations[mail]["id"]))
    del hand.invitations[mail]


@act(HTTP, "register", "act_register", weight=2)
def http_register(hand):
    mail = hand.one_of(hand.invitations)
    invitation = hand.invitations[mail]
    name = hand.new("p")
    status = "pending" if invitation["needsApproval"] else "active"
    facts = {"invitation/" + mail: "used", "person/" + name: "yes",
             "status/" + name: status, "password/" + name: PASSWORD}
    hand.promise(facts, lambda: hand.ask("POST", "registrations", {
        "token": invitation["link"].rsplit("/", 1)[1], "username": name,
        "givenName": "Given", "sn": name, "mail": mail,
        "password": PASSWORD}, hand.roster.api()))
    del hand.invitations[mail]
    hand.people[name] = Person(status, PASSWORD)


def http_move(hand, verb, before, after, facts=None):
    name = hand.one_of(hand.people, lambda one: one.status == before)
    person = hand.people[name]
    facts = {"status/" + name: after} if facts is None else facts(name)
    if after != "active":
        facts.update(hand.ends(person))
    hand.promise(facts, lambda: hand.ask(
        "POST", "users/%s/%s" % (name, verb), {}))
    person.status = after
    if after != "active":
        person.sessions, person.tokens = {}, {}
    if after == "-":
        drop_person(hand, name)


@act(HTTP, "approve", "act_approve", "act_approve_into")
def http_approve(hand):
    http_move(hand, "approve", "pending", "active")


@act(HTTP, "reject", "act_reject", frees=True, weight=1)
def http_reject(hand):
    http_move(hand, "reject", "pending", "-", lambda name: gone(hand, name))


@act(HTTP, "suspend", "act_suspend", frees=True)
def http_suspend(hand):
    http_move(hand, "suspend", "active", "suspended")


@act(HTTP, "activate", "act_activate", weight=3)
def http_activate(hand):
    http_move(hand, "activate", "suspended", "active")


@act(HTTP, "delete a person", "act_delete_person", frees=True)
def http_delete_person(hand):
    name = hand.one_of(hand.people,
                       lambda one: one.status in ("active", "suspended"))
    person = hand.people[name]
    facts = {"status/" + name: "deleted"}
    facts.update({"member/%s/%s" % (group, name): "-"
                  for group in person.groups})
    facts.update(hand.ends(person))
    hand.promise(facts, lambda: hand.ask("DELETE", "users/" + name, {}))
    person.former = (person.status, set(person.groups))
    person.status = "deleted"
    person.sessions, person.tokens = {}, {}
    for group in person.groups & hand.groups.keys():
        hand.groups[group].discard(name)
    person.groups = set()


@act(HTTP, "deactivate", "act_deactivate", frees=True, weight=1)
def http_deactivate(hand):
    name = hand.one_of(hand.people,
                       lambda one: one.status in ("active", "suspended"))
    person = hand.people[name]
    facts = {"status/" + name: "suspended"}
    facts.update({"member/%s/%s" % (group, name): "-"
                  for group in person.groups})
    facts.update(hand.ends(person))
    person.key = None
    hand.promise(facts, lambda: hand.ask(
        "POST", "users/%s/deactivate" % name, {}))
    person.status = "suspended"
    person.sessions, person.tokens = {}, {}
    for group in person.groups & hand.groups.keys():
        hand.groups[group].discard(name)
    person.groups = set()


@act(HTTP, "restore a person", "act_restore")
def http_restore(hand):
    # he joins a group in doubt again if it is there: nobody could say
    known = {CREW, *hand.groups}
    name = hand.one_of(hand.people, lambda one: one.status == "deleted" and
                       one.former[1] <= known)
    person = hand.people[name]
    status, groups = person.former
    facts = {"status/" + name: status}
    facts.update({"member/%s/%s" % (group, name): "yes" for group in groups})
    hand.promise(facts, lambda: hand.ask(
        "POST", "users/%s/restore" % name, {}))
    person.status = status
    person.groups |= groups
    for group in groups & hand.groups.keys():
        hand.groups[group].add(name)


@act(HTTP, "purge a person", "act_purge", frees=True, weight=1)
def http_purge(hand):
    http_move(hand, "purge", "deleted", "-", lambda name: gone(hand, name))


@act(HTTP, "create a group", "act_create_group")
def http_create_group(hand):
    hand.room_in(hand.groups)
    if hand.made["g"] >= GROUPS_MAX:
        raise NotNow
    name = hand.new("g")
    hand.promise({"group/" + name: "yes"},
                 lambda: hand.ask("POST", "groups", {"cn": name}))
    hand.groups[name] = set()


@act(HTTP, "delete a group by name", "act_delete_group", frees=True, weight=1)
def http_delete_group(hand):
    delete_group(hand, lambda name: hand.ask("DELETE", "groups/" + name))


def new_key(hand):
    """A line with 32 bytes that nobody else has: (line, fingerprint)."""
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (
        b"ssh-ed25519", hand.dice.randbytes(32)))
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    return ("ssh-ed25519 " + base64.b64encode(blob).decode(),
            "SHA256:" + digest.rstrip("="))


@act(HTTP, "add a key", "act_add_key", weight=1)
def http_add_key(hand):
    name = hand.one_of(hand.people, lambda one: one.key is None)
    line, fingerprint = new_key(hand)
    hand.promise({}, lambda: hand.ask(
        "POST", "users/%s/ssh-keys" % name, {"key": line}))
    hand.people[name].key = fingerprint


@act(HTTP, "drop a key", "act_drop_key", weight=1, frees=True)
def http_drop_key(hand):
    name = hand.one_of(hand.people, lambda one: one.key is not None)
    fingerprint, hand.people[name].key = hand.people[name].key, None
    hand.promise({}, lambda: hand.ask(
        "DELETE", "users/%s/ssh-keys" % name, {"fingerprint": fingerprint}))


@act(HTTP, "edit a group", "act_edit_group", weight=1)
def http_edit_group(hand):
    group = hand.one_of(hand.groups)
    text = "version %d" % hand.dice.randrange(1 << 30)
    hand.promise({}, lambda: hand.ask(
        "PATCH", "groups/" + group, {"description": text}))


@act(HTTP, "create a host", "act_create_host", weight=1)
def http_create_host(hand):
    if hand.made["h"] >= GROUPS_MAX:
        raise NotNow
    name = hand.new("h")
    hand.promise({"host/" + name: "yes"}, lambda: hand.ask(
        "POST", "hosts", {"name": name, "groups": [CREW]}))
    hand.hosts.append(name)


@act(HTTP, "edit a host", "act_edit_host", weight=1)
def http_edit_host(hand):
    if not hand.hosts:
        raise NotNow
    hand.promise({}, lambda: hand.ask(
        "PATCH", "hosts/" + hand.dice.choice(hand.hosts),
        {"description": "version %d" % hand.dice.randrange(1 << 30)}))


@act(HTTP, "delete a host", "act_delete_host", frees=True, weight=1)
def http_delete_host(hand):
    if not hand.hosts:
        raise NotNow
    name = hand.hosts.pop()
    hand.promise({"host/" + name: "-"},
                 lambda: hand.ask("DELETE", "hosts/" + name))


@act(HTTP, "join", "act_join", weight=3)
def http_join(hand):
    join(hand, lambda group, name: hand.ask(
        "PUT", "groups/%s/members/%s" % (group, name)))


@act(HTTP, "join for a while", "act_join_until")
def http_join_until(hand):
    join(hand, lambda group, name: hand.ask(
        "PUT", "groups/%s/members/%s" % (group, name),
        {"until": "2099-01-01T00:00:00Z"}))


@act(HTTP, "leave", "act_leave", frees=True)
def http_leave(hand):
    leave(hand, lambda group, name: hand.ask(
        "DELETE", "groups/%s/members/%s" % (group, name)))


@act(HTTP, "sign in", "act_sign_in", frees=True, weight=3)
def http_sign_in(hand):
    name = hand.one_of(hand.people, lambda one: active(one) and
                       one.password and len(one.sessions) < SESSIONS_MAX)
    api = hand.roster.api()
    try:
        answer = hand.promise({}, lambda: hand.ask("POST", "session", {
            "username": name, "password": hand.people[name].password}, api))
    except Lost:  # nobody knows how many he has now
        del hand.people[name]
        raise
    api.csrf = answer["csrf"]
    token = api.session.cookies[COOKIE]
    hand.promise({"session/" + token: name}, lambda: None)
    hand.people[name].sessions[token] = api


def signed_in(hand):
    name = hand.one_of(hand.people, lambda person: person.sessions)
    person = hand.people[name]
    token = hand.dice.choice(sorted(person.sessions))
    return name, person, token


@contextlib.contextmanager
def ending(hand, name, *tokens):
    """What ends his sessions.  They count while they may be there, since the
    eleventh would end the first."""
    try:
        yield
    except Lost:  # nobody knows how many he has now
        hand.people.pop(name, None)
        raise
    for token in tokens:
        hand.people[name].sessions.pop(token)


@act(HTTP, "sign out", "act_sign_out", frees=True, weight=1)
def http_sign_out(hand):
    name, person, token = signed_in(hand)
    with ending(hand, name, token):
        hand.promise({"session/" + token: "-"}, lambda: hand.ask(
            "DELETE", "session", None, person.sessions[token]))


@act(HTTP, "end a session", "act_end_session", frees=True, weight=1)
def http_end_session(hand):
    name, person, token = signed_in(hand)
    listed = hand.ask("GET", "me/sessions", None, person.sessions[token])
    mine = [one["id"] for one in listed["items"] if one["current"]]
    with ending(hand, name, token):
        hand.promise({"session/" + token: "-"}, lambda: hand.ask(
            "DELETE", "users/%s/sessions/%s" % (name, mine[0]), None))


@act(HTTP, "sign a person out", "act_end_sessions", frees=True, weight=1)
def http_sign_person_out(hand):
    name, person, token = signed_in(hand)
    facts = {"session/" + one: "-" for one in person.sessions}
    with ending(hand, name, *person.sessions):
        hand.promise(facts, lambda: hand.ask(
            "POST", "users/%s/sign-out" % name, {}))


@act(HTTP, "give the password again", "act_reauthenticate", frees=True,
     weight=1)
def http_reauthenticate(hand):
    if not any(person.sessions for person in hand.people.values()):
        http_sign_in(hand)
    name, person, token = signed_in(hand)
    api = person.sessions[token]
    with ending(hand, name, token):
        answer = hand.promise({"session/" + token: "-"}, lambda: hand.ask(
            "POST", "session/reauthenticate", {"password": person.password},
            api))
    api.csrf = answer["csrf"]
    fresh = api.session.cookies[COOKIE]
    hand.promise({"session/" + fresh: name}, lambda: None)
    person.sessions[fresh] = api


@act(HTTP, "change one's password", "act_change_password", weight=2)
def http_password(hand):
    if not any(person.sessions for person in hand.people.values()):
        http_sign_in(hand)
    name, person, token = signed_in(hand)
    password = "Http-set-%d-battery" % hand.dice.randrange(1 << 30)
    facts = {"session/" + other: "-" for other in person.sessions}
    facts["password/" + name] = password
    del facts["session/" + token]
    hand.promise(facts, lambda: hand.ask("POST", "me/password", {
        "old": person.password, "new": password}, person.sessions[token]))
    person.password = password
    person.sessions = {token: person.sessions[token]}


@act(HTTP, "ask for a reset", "act_reset_request", weight=1)
def http_ask_reset(hand):
    name = hand.one_of(hand.people)
    hand.people[name].asked = True
    status, answer = hand.promise({}, lambda: hand.answer_of(
        "POST", "password-resets", {"username": name}))
    if status == 429:
        raise NotNow  # so many from one address
    if status in (502, 503, 504):
        raise Lost("%d" % status)
    if status == 507:
        raise Full("507")
    if status != 202:
        raise Failure("a reset: %d %s" % (status, answer))


@act(HTTP, "set a password by a link", "act_reset_link", "act_reset_confirm",
     weight=1)
def http_reset(hand):
    name = hand.one_of(hand.people, active)
    person = hand.people[name]
    link = hand.promise({}, lambda: hand.ask(
        "POST", "users/%s/reset-password" % name, {}))["link"]
    password = "By-a-link-%d-battery" % hand.dice.randrange(1 << 30)
    facts = {"session/" + token: "-" for token in person.sessions}
    facts["password/" + name] = password
    body = {"token": link.rsplit("/", 1)[1], "password": password}

    def confirm():
        try:
            hand.ask("POST", "password-resets/confirm", body,
                     hand.roster.api())
        except Failure as error:
            # ended by the link that the thread that sends mail made meanwhile
            if "invalid_link" in str(error) and person.asked:
                raise Refused from error
            raise
    hand.promise(facts, confirm)
    person.password, person.sessions = password, {}


@act(HTTP, "ask for another mail address, or not", "act_mail_ask",
     "act_mail_drop_change", weight=1)
def http_mail_change(hand):
    if not any(person.sessions for person in hand.people.values()):
        http_sign_in(hand)
    name, person, token = signed_in(hand)
    for method, body, good in (
            ("POST", {"mail": hand.new("m") + "@example.net"}, 202),
            ("DELETE", None, 204)):
        status, answer = hand.promise({}, lambda: person.sessions[token].call(
            method, "me/mail", body))
        if status == 429 or (status == 403 and answer["code"] ==
                             "reauthentication_required"):
            raise NotNow  # so many of one person; signed in long ago
        if status in (502, 503, 504):
            raise Lost("%d" % status)
        if status == 507:
            raise Full("507")
        if status != good:
            raise Failure("mail of %s: %d %s" % (name, status, answer))


@act(HTTP, "register with a registration token", "act_ticket_create",
     "act_register", weight=1)
def http_ticket(hand):
    hand.room_in(hand.people)
    name = hand.new("p")
    ticket = hand.promise({}, lambda: hand.ask(
        "POST", "registration-tokens", {"username": name}))
    hand.promise(
        {"person/" + name: "yes", "status/" + name: "active",
         "password/" + name: PASSWORD},
        lambda: hand.ask("POST", "registrations", {
            "token": ticket["link"].rsplit("/", 1)[1], "username": name,
            "givenName": "Given", "sn": name, "mail": name + "@example.org",
            "password": PASSWORD}, hand.roster.api()))
    hand.people[name] = Person("active", PASSWORD)


@act(HTTP, "write and sign an agreement", "act_create_agreement",
     "act_edit_agreement", "act_sign", "act_delete_agreement", weight=1)
def http_agreement(hand):
    """One of his own, again and again: a site has a few, not thousands."""
    if not any(person.sessions for person in hand.people.values()):
        http_sign_in(hand)
    name, person, token = signed_in(hand)
    letters = "".join(c for c in hand.name.lower() if c.isalnum())

    def ask(method, path, body, *others):
        try:
            hand.promise({}, lambda: hand.ask(method, path, body))
        except Failure as error:  # others: as an earlier one left it
            if not any(" %d " % status in str(error) for status in others):
                raise
    signed, gone = "agreements/s-" + letters, "agreements/g-" + letters
    for path in (signed, gone):
        ask("POST", "agreements", {"name": path.split("/")[1],
                                   "text": "One", "required": False}, 409)
    ask("PATCH", signed, {"text": "No. %d" % hand.dice.randrange(1 << 30)})
    version = hand.ask("GET", signed)["version"]
    hand.promise({}, lambda: hand.ask(
        "POST", "me/%s/sign" % signed, {"version": version},
        person.sessions[token]))
    ask("DELETE", gone, None, 404)


@act(HTTP, "invite many", "act_invite_many", weight=1)
def http_invite_many(hand):
    """Each line is a transaction of its own: here is one."""
    hand.room_in(hand.invitations)
    mail = hand.new("i") + "@example.org"

    def invite():
        answer = hand.ask("POST", "invitations/import", {"list": mail})
        code = answer["items"][0].get("code")
        if code == "full":
            raise Full("507")
        if code == "busy":
            raise Lost(code)
        if code:
            raise Failure("of a list: %s" % answer)
    hand.promise({"invitation/" + mail: "open"}, invite)


@act(HTTP, "make, change and delete a preset", "act_create_preset",
     "act_edit_preset", "act_delete_preset", weight=1)
def http_preset(hand):
    """One of his own, again and again: there is room for few."""
    name = "p-" + "".join(c for c in hand.name.lower() if c.isalnum())

    def ask(method, path, body, other):
        try:
            hand.promise({}, lambda: hand.ask(method, path, body))
        except Failure as error:  # other: as an earlier one left it
            if " %d " % other not in str(error):
                raise
    ask("POST", "invitation-presets", {"name": name, "groups": [CREW]}, 409)
    ask("PATCH", "invitation-presets/" + name, {
        "uses": 1 + hand.dice.randrange(1000)}, 404)
    ask("DELETE", "invitation-presets/" + name, None, 404)


@act(HTTP, "test the mail", "act_mail_test", "act_mail_retry",
     "act_mail_drop", weight=1)
def http_test_mail(hand):
    queued = hand.ask("POST", "settings/test-mail",
                      {"mail": "%s@example.org" % hand.new("t")})
    for method, path in (("POST", "mail/%d/retry"), ("DELETE", "mail/%d")):
        status, answer = hand.promise({}, lambda: hand.answer_of(
            method, path % queued["id"], None))
        if status in (429, 502, 503, 504):
            raise Lost("%d" % status)
        if status not in (204, 404, 507):  # 404: it was sent meanwhile
            raise Failure("%s: %d %s" % (path, status, answer))


@act(HTTP, "make a token", "act_token_create", weight=2)
def http_make_token(hand):
    name = hand.one_of(hand.people, lambda one: active(one) and
                       len(one.tokens) < TOKENS_MAX)
    answer = hand.promise({}, lambda: hand.ask(
        "POST", "users/%s/tokens" % name, {"name": "of a test"}))
    hand.promise({"token/" + answer["id"]: "open"}, lambda: None)
    hand.people[name].tokens[answer["id"]] = answer["token"]


def with_token(hand):
    name = hand.one_of(hand.people, lambda person: person.tokens)
    person = hand.people[name]
    return name, person, hand.dice.choice(sorted(person.tokens))


@act(HTTP, "use a token", "act_token_use", frees=True, weight=2)
def http_use_token(hand):
    name, person, id = with_token(hand)
    status, body = hand.roster.api().call("GET", "me", headers={
        "Authorization": "Bearer " + person.tokens[id]})
    if status in (429, 502, 503, 504):
        raise Lost("%d" % status)
    if status != 200 or body["username"] != name:
        raise Failure("a token of %s: %d %s" % (name, status, body))


@act(HTTP, "revoke a token", "act_token_revoke", frees=True, weight=1)
def http_revoke_token(hand):
    name, person, id = with_token(hand)
    del person.tokens[id]
    hand.promise({"token/" + id: "revoked"}, lambda: hand.ask(
        "DELETE", "users/%s/tokens/%s" % (name, id)))


@act(CTL, "init once more", "act_init")
def ctl_init(hand):
    def write():
        status, output = hand.roster.rosterctl(
            "init", "--directory", hand.roster.environment,
            "--suffix", SUFFIX)
        if status == 75:  # another writer was at work for too long
            raise Lost(output)
        if status:
            raise Failure("rosterctl init: %d %s" % (status, output))
    hand.promise({"init/suffix": SUFFIX}, write)
    time.sleep(0.2)  # a pause between two, not a wait for anything


def ctl(hand, *words):
    """rosterctl, beside everybody else."""
    status, output = hand.roster.rosterctl(
        *words, "--directory", hand.roster.environment)
    if status == 75:
        raise Lost(output)
    if status == 74 and "full" in output:
        raise Full("74")
    if status:
        raise Failure("rosterctl %s: %d %s" % (words, status, output))


@act(CTL, "create a person there", "act_create_person", weight=1)
def ctl_create_person(hand):
    hand.room_in(hand.people)
    name = hand.new("p")
    hand.promise({"person/" + name: "yes", "status/" + name: "active"},
                 lambda: ctl(hand, "user", "add", name, "--given-name",
                             "Given", "--surname", name, "--mail",
                             name + "@example.org"))
    hand.people[name] = Person()


@act(CTL, "end somebody's sessions", "act_end_sessions", weight=1,
     frees=True)
def ctl_end_sessions(hand):
    """Of one who has none; which sessions ended when others make some is
    tests/both/nouns."""
    ctl(hand, "session", "end", hand.one_of(hand.people))


@act(CTL, "sweep", "act_sweep", weight=1)
def ctl_sweep(hand):
    """Nothing is old enough to end: the accounts of the others stay."""
    ctl(hand, "sweep")


@act(CTL, "set a setting", "act_set", weight=1)
def ctl_set(hand):
    ctl(hand, "config", "set",
        "audit-retention=%dd" % hand.dice.randrange(100, 36500))


@act(CTL, "add a policy", "act_create_policy", weight=1)
def ctl_add_policy(hand):
    if hand.made["y"] >= GROUPS_MAX:
        raise NotNow
    name = hand.new("y")
    hand.promise({"policy/" + name: "yes"}, lambda: ctl(
        hand, "policy", "add", name, "--group", CREW))
    hand.policies.append(name)


@act(CTL, "edit a policy", "act_edit_policy", weight=1)
def ctl_edit_policy(hand):
    if not hand.policies:
        raise NotNow
    ctl(hand, "policy", "edit", hand.dice.choice(hand.policies),
        "--priority", "%d" % hand.dice.randrange(1000))


@act(CTL, "delete a policy", "act_delete_policy", frees=True, weight=1)
def ctl_delete_policy(hand):
    if not hand.policies:
        raise NotNow
    name = hand.policies.pop()
    hand.promise({"policy/" + name: "-"},
                 lambda: ctl(hand, "policy", "delete", name))
