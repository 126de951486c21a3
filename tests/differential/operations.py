# SPDX-License-Identifier: OLDAP-2.8
"""operations.py - random LDAP operations over a small alphabet

Few names and few values, so that operations meet: adds find the place taken,
renames collide, filters match.  {S} stands for the suffix in every value.

An operation is (identity, controls, request); requests are those of ber.py.
"""
S = b"{S}"
MANAGE = b"2.16.840.1.113730.3.4.2"
ASSERT = b"1.3.6.1.1.12"
PRE, POST = b"1.3.6.1.1.13.1", b"1.3.6.1.1.13.2"
NOOP = b"1.3.6.1.4.1.4203.1.10.2"
VALUES = b"1.2.826.0.1.3344810.2.3"
SUBENTRIES = b"1.3.6.1.4.1.4203.1.10.1"
PERMISSIVE = b"1.2.840.113556.1.4.1413"
DOMAIN = b"1.2.840.113556.1.4.1339"
RELAX = b"1.3.6.1.4.1.4203.666.5.12"
PAGED = b"1.2.840.113556.1.4.319"
SORT = b"1.2.840.113556.1.4.473"
UNKNOWN = b"1.1.1.1"

RDNS = [b"ou=a", b"ou=b", b"ou=c", b"OU=A", b"cn=x", b"cn=y", b"cn=X",
        b"uid=u", b"uid=v", b"cn=x+uid=u", b"uid=u+cn=x", b"cn=a\\2Cb",
        b"cn=a\\,b", b"cn=\\C3\\A4", b"cn= two  words ", b"dc=d",
        b"cn=" + b"long" * 50, b"ou=\\23n", b"cn=x\\3Dy", b"cn=q\\22",
        b"uidNumber=7", b"uidNumber=07", b"description=z"]
BAD_RDNS = [b"", b"x", b"nosuch=1", b"cn=", b"cn=x,ou=a", b"uidNumber=x",
            b"cn=x+cn=x", b"=x", b"cn=\\zz"]
DNS = [S, b"ou=a," + S, b"ou=b," + S, b"ou=b,ou=a," + S, b"ou=c,ou=b,ou=a," + S,
       b"cn=x,ou=a," + S, b"uid=u,ou=b," + S, b"cn=y," + S,
       b"OU = A , " + S, b"cn=none," + S]

WORDS = [b"x", b"y", b"X", b"a,b", b"two words", b"  two   words ", b"alpha",
         b"Alphabet", b"\xc3\xa4", b"\xc3\x84", b"a\xcc\x88", b"z", b"u",
         b"v", b"w*w", b"a(b)", b"\\", b"#n", b"7"]
NUMBERS = [b"0", b"7", b"-7", b"1000", b"2147483648", b"10"]
TIMES = [b"20200101000000Z", b"20210615123000.5Z", b"202001010000Z",
         b"20200101010000+0100"]
# by attribute: (values, values that its syntax refuses)
TYPES = {
    b"cn": (WORDS, [b"", b"\xff\xfe"]),
    b"sn": (WORDS, [b""]),
    b"ou": (WORDS, [b""]),
    b"o": (WORDS, []),
    b"uid": (WORDS, [b""]),
    b"description": (WORDS + [b"", b"long" * 3000, b"a\0b", b"a\nb "],
                     [b"\xff"]),
    b"description;lang-en": (WORDS, []),
    b"description;lang-de;x-mine": (WORDS, []),
    b"cn;lang-de": (WORDS, []),
    b"mail": ([b"x@Example.org", b"X@example.ORG", b"y@example.org"],
              [b"\xc3\xa4@x"]),
    b"telephoneNumber": ([b"+1 234 567", b"+1-234-567", b"555"], []),
    b"uidNumber": (NUMBERS, [b"x", b"", b"1.5"]),
    b"gidNumber": (NUMBERS, [b"x"]),
    b"homeDirectory": ([b"/home/x", b"/home/X"], []),
    b"member": ([b"cn=x," + S, b"CN=X , " + S, b"cn=y," + S,
                 b"uid=u,ou=b," + S, b"cn=x,ou=a," + S, b"cn=gone,o=else",
                 b"ou=a," + S, b"", b"cn=" + b"long" * 200 + b"," + S,
                 b"cn=\\0A\\00," + S], [b"nonsense"]),
    b"uniqueMember": ([b"cn=x," + S, b"CN=x," + S, b"cn=y," + S + b"#'01'B",
                       b"cn=y," + S], [b"nonsense"]),
    b"memberUid": ([b"u", b"v", b"U", b"a b", b"x", b"a\0b", b"a\nb", b"a",
                    b"u" * 600], [b"\xc3\xa4", b""]),
    b"owner": ([b"cn=x," + S, b"cn=y," + S, b"ou=a," + S], [b"x"]),
    b"seeAlso": ([b"cn=x," + S, b"CN=x," + S, b"ou=b," + S], [b"x"]),
    b"userPassword": ([b"secret", b"{SSHA}abcd", b"Secret"], []),
    b"userCertificate;binary": ([b"0\x03\x02\x01\x01"], [b"x"]),
    b"jpegPhoto": ([b"\0\1\2\xff" * 10, b"\xff\xd8\xff\xe0rest"], []),
    b"labeledURI": ([b"http://x/", b"http://X/"], []),
    b"postalAddress": ([b"1 Street$Town", b"1  street$TOWN"], []),
    b"ipHostNumber": ([b"10.0.0.1", b"10.0.0.2"], []),
    b"macAddress": ([b"00:11:22:33:44:55"], []),
    b"nisNetgroupTriple": ([b"(h,u,d)", b"(,u,)"], []),
    b"memberNisNetgroup": ([b"x", b"y"], []),
    b"automountInformation": ([b"-rw host:/x", b"-ro host:/x"], []),
    b"sudoUser": ([b"u", b"%x", b"ALL"], []),
    b"sudoNotBefore": (TIMES, [b"yesterday"]),
    b"ref": ([b"ldap://other.example/ou=a," + S, b"ldap://x/",
              b"ldap://y/o=else??sub", b"http://x/"], [b""]),
    b"aliasedObjectName": ([b"ou=a," + S, b"cn=x," + S, b"ou=b," + S,
                            b"cn=gone," + S, b"ou=b,ou=a," + S, S,
                            b"o=else", b"cn=y," + S], [b"x"]),
    b"subtreeSpecification": ([b"{}", b'{ base "ou=a" }'], [b"x"]),
    b"objectClass": ([b"organizationalUnit", b"extensibleObject", b"person",
                      b"inetOrgPerson", b"groupOfNames", b"top", b"alias",
                      b"referral", b"PERSON", b"2.5.6.6", b"device",
                      b"posixAccount", b"posixGroup", b"uidObject",
                      b"simpleSecurityObject", b"dcObject", b"subentry"],
                     [b"nosuchclass", b""]),
    b"nosuchattribute": ([b"x"], []),
    b"name": (WORDS, []),
    b"modifyTimestamp": (TIMES, []),
    b"creatorsName": ([b"cn=root," + S, b"o=else"], []),
    b"entryDN": ([b"cn=x," + S, S, b"OU=a," + S], []),
    b"hasSubordinates": ([b"TRUE", b"FALSE"], [b"x"]),
    b"subschemaSubentry": ([b"cn=Subschema"], []),
    b"structuralObjectClass": ([b"person", b"alias", b"organizationalUnit"],
                               []),
    b"dc": ([b"d", b"D", b"e"], [b"\xc3\xa4"]),
    b"pwdFailureTime": (TIMES, []),  # no module here defines it
}
STORED = [name for name in TYPES if name not in (
    b"name", b"modifyTimestamp", b"creatorsName", b"entryDN",
    b"hasSubordinates", b"subschemaSubentry", b"structuralObjectClass",
    b"nosuchattribute", b"pwdFailureTime")]
OC, SCOPES = b"objectClass", (0, 1, 2, 3)

# What a kind of entry must have, and may.
KINDS = {
    "ou": ([b"organizationalUnit"], [b"ou"], [b"description", b"seeAlso",
           b"telephoneNumber", b"userPassword", b"description;lang-en"]),
    "person": ([b"inetOrgPerson"], [b"cn", b"sn"],
               [b"uid", b"mail", b"description", b"jpegPhoto", b"cn;lang-de",
                b"userCertificate;binary", b"labeledURI", b"userPassword",
                b"description;lang-de;x-mine", b"postalAddress"]),
    "posix": ([b"account", b"posixAccount"],
              [b"cn", b"uid", b"uidNumber", b"gidNumber", b"homeDirectory"],
              [b"description", b"seeAlso"]),
    "names": ([b"groupOfNames"], [b"cn", b"member"],
              [b"description", b"owner"]),
    "unique": ([b"groupOfUniqueNames"], [b"cn", b"uniqueMember"],
               [b"owner"]),
    "group": ([b"groupOfMembers", b"posixGroup"], [b"cn", b"gidNumber"],
              [b"memberUid", b"member", b"description"]),
    "posix group": ([b"posixGroup"], [b"cn", b"gidNumber"],
                    [b"memberUid", b"description", b"userPassword"]),
    "device": ([b"device", b"ipHost", b"ieee802Device"],
               [b"cn", b"ipHostNumber"], [b"macAddress", b"owner"]),
    "netgroup": ([b"nisNetgroup"], [b"cn"],
                 [b"nisNetgroupTriple", b"memberNisNetgroup"]),
    "map": ([b"automountMap"], [b"automountMapName"], [b"description"]),
    "mount": ([b"automount"], [b"automountKey", b"automountInformation"],
              [b"description"]),
    "sudo": ([b"sudoRole"], [b"cn"], [b"sudoUser", b"sudoNotBefore"]),
    "domain": ([b"organization", b"dcObject"], [b"o", b"dc"],
               [b"description"]),
    "referral": ([b"referral", b"extensibleObject"], [b"ref"], [b"cn"]),
    "alias": ([b"alias", b"extensibleObject"], [b"aliasedObjectName"],
              [b"cn"]),
    "subentry": ([b"subentry", b"extensibleObject"],
                 [b"cn", b"subtreeSpecification"], [b"description"]),
    "any": ([b"device", b"extensibleObject"], [b"cn"],
            [b"mail", b"uidNumber", b"ou", b"dc", b"member", b"memberUid"]),
}
RULES = [b"caseExactMatch", b"caseIgnoreMatch", b"2.5.13.2",
         b"distinguishedNameMatch", b"integerMatch", b"nosuchMatch",
         b"caseIgnoreSubstringsMatch", b"octetStringMatch",
         b"integerBitAndMatch", b"dnSubtreeMatch", b"dnOneLevelMatch",
         b"1.2.840.113556.1.4.803", b"objectIdentifierFirstComponentMatch"]
VERBS = {0: "add", 1: "delete", 2: "replace", 3: "increment"}


def asserted(name, scope):
    """A search from above everything, if what is there has an attribute."""
    return "root", ((ASSERT, True, ("filter", ("present", name))),), (
        "search", b"", scope, 0, 0, False, ("present", OC), ())


# Sequences that differed once: (shape, operations).
DIFFERED = [
    # an empty suffix has an entry above it, which is glue
    ("empty", [asserted(name, scope)
               for name in (OC, b"structuralObjectClass", b"entryDN", b"ou")
               for scope in (2, 3)]),
]


class Generator:
    """Random operations.  It learns which entries are there, to name them
    more often."""

    def __init__(self, random, shape="plain"):
        self.r = random
        self.shape = shape
        self.kept = [S]
        if shape == "glue":
            self.kept.append(b"ou=a," + S)
        self.named = list(DNS)
        self.live = [S]

    def learn(self, request, code):
        """What became of a request."""
        if code or request[1] == S:
            return
        if request[0] == "add":
            self.live.append(request[1])
        elif request[0] == "delete" and request[1] in self.live:
            self.live.remove(request[1])
        elif request[0] == "modrdn":
            old = b"," + request[1]
            up = request[4] or request[1].partition(b",")[2]
            new = b"," + request[2] + b"," + up
            self.live = [(b"," + dn).replace(old, new)[1:]
                         if (b"," + dn).endswith(old) else dn
                         for dn in self.live]

    def some(self, values, most):
        return [self.r.choice(values)
                for _ in range(self.r.randint(1, most))]

    def chance(self, percent):
        return self.r.randrange(100) < percent

    def rdn(self):
        return self.r.choice(RDNS)

    def parent(self):
        if self.chance(20):
            return S
        return self.r.choice(self.live if self.chance(85) else self.named)

    def dn(self):
        if self.chance(80):
            return self.r.choice(self.live)
        if self.chance(75):
            return self.r.choice(self.named)
        if self.chance(3):
            return self.r.choice([b"nonsense", b"cn=x,o=else", b"x=" + S])
        return self.rdn() + b"," + self.parent()

    def value(self, name, bad=1):
        good, refused = TYPES[name]
        if refused and self.chance(bad):
            return self.r.choice(refused)
        return self.r.choice(good)

    def values(self, name, most=3):
        most = self.r.choice((1, 1, 1, most))
        return [self.value(name) for _ in range(self.r.randint(1, most))]

    def type(self):
        if self.chance(3):
            return self.r.choice((b"nosuchattribute", b"CN", b"2.5.4.3",
                                  b"cn;binary", b"uid;nosuchoption", b"0",
                                  b"description;lang-", b"1.1.1"))
        return self.r.choice(list(TYPES))

    def any_value(self, name):
        if name in TYPES:
            return self.value(name)
        return self.r.choice(WORDS)

    # -- writes

    def entry(self):
        kind = self.r.choice(list(KINDS))
        if self.chance(25):
            kind = "ou"
        classes, must, may = KINDS[kind]
        parent = self.parent()
        rdn = self.rdn()
        attrs = {OC: list(classes)}
        for name in must:
            attrs[name] = self.needed(name)
        for name in may:
            if self.chance(35):
                attrs[name] = self.values(name)
        if self.chance(3) and must:
            attrs.pop(self.r.choice(must))
        if self.chance(4):
            attrs[OC].append(self.value(OC))
        if self.chance(3):
            name = self.r.choice(list(TYPES))
            attrs[name] = self.values(name)
        for part in rdn.split(b"+"):
            name, _, value = part.partition(b"=")
            if self.chance(60):
                attrs.setdefault(name.lower(), []).append(
                    value.replace(b"\\2C", b",").replace(b"\\,", b","))
            if name.lower() not in (b"cn", b"ou", b"dc", b"uid"):
                attrs[OC].append(b"extensibleObject")
        if not self.fits(rdn, must + may) and self.chance(80):
            attrs[OC].append(b"extensibleObject")
        if self.chance(2):
            attrs.pop(OC)
        dn = rdn + b"," + parent
        self.named.append(dn)
        if len(self.named) > 60:
            self.named.pop(self.r.randrange(len(DNS), 60))
        return ("add", dn, [(name, values)
                            for name, values in attrs.items()])

    @staticmethod
    def fits(rdn, names):
        return all(part.partition(b"=")[0].lower() in names
                   for part in rdn.split(b"+"))

    def needed(self, name):
        if name in TYPES:
            single = name in (b"uidNumber", b"gidNumber", b"homeDirectory",
                              b"dc", b"aliasedObjectName")
            return self.values(name, 1 if single else 3)
        return [b"auto.x"]

    def add(self):
        return self.entry(), self.write_controls()

    def delete(self):
        return ("delete", self.not_suffix()), self.write_controls()

    def not_suffix(self):
        """The reference dies of the deletion of a suffix that is not there,
        so nothing here empties the directory."""
        while True:
            dn = self.dn()
            if dn not in self.kept and dn.lower().replace(
                    b" ", b"") not in self.kept:
                return dn

    def modification(self):
        verb = self.r.choice((0, 0, 0, 1, 1, 2, 2, 3))
        name = self.r.choice(STORED) if self.chance(90) else self.type()
        if verb == 3:
            name = self.r.choice((b"uidNumber", b"gidNumber", name))
            return verb, name, [self.r.choice((b"1", b"-3", b"10", b"x"))]
        values = [self.any_value(name) for _ in range(self.r.choice(
            (1, 1, 1, 2, 3)))]
        if verb and self.chance(30) or self.chance(2):
            values = []
        if self.chance(1) and name in (b"description", b"member",
                                       b"memberUid", b"uniqueMember"):
            values = [b"cn=n%d,%s" % (n, S)
                      for n in range(self.r.choice((50, 2000)))]
        return verb, name, values

    def modify(self):
        mods = [self.modification()
                for _ in range(self.r.choice((1, 1, 1, 2, 3)))]
        if self.chance(20):  # something that is likely to work
            mods = [(self.r.choice((0, 2)), b"description",
                     self.values(b"description"))]
        return ("modify", self.dn(), mods), self.write_controls(True)

    def modrdn(self):
        new = self.rdn() if self.chance(95) else self.r.choice(BAD_RDNS)
        up = None
        if self.chance(50):
            up = self.dn()
            if self.chance(5) and self.shape != "empty":
                up = b""  # there the reference leaves the entry in its place
        dn = self.not_suffix()
        self.named.append(new + b"," + (up or dn.partition(b",")[2]))
        return (("modrdn", dn, new, self.chance(50), up),
                self.write_controls())

    def compare(self):
        name = self.type()
        return (("compare", self.dn(), name, self.any_value(name)),
                self.read_controls())

    # -- searches

    def leaf(self):
        kind = self.r.choice(("eq",) * 5 + ("present", "sub", "sub", "ge",
                                            "le", "approx", "ext"))
        name = self.type()
        value = self.any_value(name)
        if kind == "present":
            return kind, name
        if kind == "sub":
            parts = [value[:2] or b"x", value[1:3] or b"y", value[-2:]]
            n = self.r.randrange(1, 8)
            return (kind, name, parts[0] if n & 1 else None,
                    [parts[1]] if n & 2 else [],
                    parts[2] if n & 4 and parts[2] else None
                    if n & 3 else b"x")
        if kind == "ext":
            rule = self.r.choice(RULES + [None] * 4)
            if rule is not None and self.chance(20):
                name = None
            return kind, rule, name, value, self.chance(40)
        return kind, name, value

    def filter(self, depth=0):
        n = self.r.randrange(100)
        if depth == 0 and n < 20:
            return "present", OC
        if n < 30 and depth < 4:
            return ("and",) + tuple(self.filter(depth + 1)
                                    for _ in range(self.r.randrange(4)))
        if n < 42 and depth < 4:
            return ("or",) + tuple(self.filter(depth + 1)
                                   for _ in range(self.r.randrange(4)))
        if n < 52 and depth < 4:
            return "not", self.filter(depth + 1)
        return self.leaf()

    def attrs(self):
        n = self.r.randrange(10)
        if n < 3:
            return ()
        if n < 5:
            return (b"*", b"+")
        if n == 5:
            return (b"1.1",)
        return tuple(self.r.choice([self.type(), b"*", b"+", b"@person",
                     b"@extensibleObject", b"@nosuch", b"!person",
                     b"cn;lang-de", b"description;lang-", b"1.1", b"name",
                     b"2.5.4.3", b"entryDN", b"hasSubordinates",
                     b"numSubordinates"])
                     for _ in range(self.r.randint(1, 4)))

    def search(self):
        base = self.dn()
        if self.chance(40):
            base = S
        if self.shape == "empty" and self.chance(20):
            base = b""
        request = ("search", base, self.r.choice((0, 1, 2, 2, 2, 3)),
                   self.r.choice((0, 0, 0, 1, 2, 3)),
                   self.r.choice((0,) * 8 + (1, 3)), self.chance(8),
                   self.filter(), self.attrs())
        return request, self.read_controls(True)

    # -- controls

    def read_entry(self):
        """Only names that slapd knows: it keeps the others as pointers into
        a buffer that it has freed (parseReadAttrs of 2.5.13)."""
        return ("attrs", tuple(name for name in self.attrs() if name in (
            b"*", b"+", b"1.1", b"entryDN", b"hasSubordinates") or
            name in TYPES and name != b"nosuchattribute"))

    def write_controls(self, modify=False):
        found = []
        if self.chance(35):
            found.append((MANAGE, self.chance(50), None))
        if self.chance(5):
            found.append((ASSERT, True, ("filter", self.filter(2))))
        if self.chance(6):
            found.append((PRE, self.chance(50), self.read_entry()))
        if self.chance(6):
            found.append((POST, self.chance(50), self.read_entry()))
        if self.chance(3):
            found.append((NOOP, True, None))
        if self.chance(3):
            found.append((RELAX, True, None))
        if modify and self.chance(15):
            found.append((PERMISSIVE, False, None))
        return tuple(found) + self.odd_controls()

    def read_controls(self, search=False):
        found = []
        if self.chance(35):
            found.append((MANAGE, self.chance(50), None))
        if self.chance(4):
            found.append((ASSERT, True, ("filter", self.filter(2))))
        if search:
            if self.chance(6):
                found.append((VALUES, False, ("filters", tuple(
                    self.leaf() for _ in range(self.r.randint(1, 2))))))
            if self.chance(8):
                found.append((SUBENTRIES, self.chance(50),
                              ("bool", self.chance(50))))
            if self.chance(5):
                found.append((DOMAIN, False, None))
            if self.shape == "sorted" and self.chance(30):
                found.append((SORT, self.chance(50), ("sort", (
                    self.r.choice(list(TYPES)), self.chance(50)))))
            if self.chance(8) and self.shape != "glue":
                # overlay glue keeps pages in the connection, beyond the search
                found.append((PAGED, self.chance(50), (
                    "page", self.r.choice((1, 2, 3, 100)), b"")))
        return tuple(found) + self.odd_controls()

    def odd_controls(self):
        if not self.chance(2):
            return ()
        return ((UNKNOWN, self.chance(50), None),)

    def operation(self):
        make = self.r.choice((self.add,) * 5 + (self.delete,) * 2 +
                             (self.modify,) * 6 + (self.modrdn,) * 3 +
                             (self.compare,) * 2 + (self.search,) * 10)
        request, controls = make()
        if request[0] == "search" and request[1] == b"" and not request[2]:
            request = request[:2] + (2,) + request[3:]  # not the rootDSE
        identity = self.r.choice(("root",) * 8 + ("user", "nobody"))
        if any(oid in (PRE, POST) for oid, _, _ in controls):
            # who may not read gets "success" of the reference, and no change
            identity = "root"
        return identity, controls, request

    def operations(self, most):
        """A sequence: the suffix and a few places, and then anything."""
        yield "root", (), ("add", S, [(OC, [b"organization"]),
                                      (b"o", [b"{O}"])])
        for dn in (b"ou=a," + S, b"ou=b," + S, b"ou=b,ou=a," + S):
            yield "root", (), ("add", dn, [(OC, [b"organizationalUnit"])])
        for _ in range(4, most):
            yield self.operation()
