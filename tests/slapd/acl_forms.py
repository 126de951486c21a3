# SPDX-License-Identifier: OLDAP-2.8
"""acl_forms.py - the forms of slapd.access(5), for test201 and test202

A form is the rule, or a tuple of rules, as olcAccess has them; SUFFIX is the
database's, LISTENER the one that slapd listens on.
"""
# The parents, unless a form says itself who may add below them.
CHILDREN_OPEN = "to attrs=children by * write"
REST = "to * by * read"
ALICE, BOB, CAROL, DAVE = ('"uid=%s,ou=people,SUFFIX"' % name for name in (
    "alice", "bob", "carol", "dave"))
SECRET = ("to attrs=userPassword by self =xw by anonymous auth by * none")

WHAT = (  # what is accessed
    "to * by * none",
    "to * by * write",
    "to * by users write by anonymous read",
    ('to dn.base="uid=alice,ou=people,SUFFIX" by users write', REST),
    ('to dn.exact="ou=people,SUFFIX" by * none', REST),
    ('to dn.one="ou=people,SUFFIX" by users write by * search', REST),
    ('to dn.children="ou=people,SUFFIX" by users write by * search', REST),
    ('to dn.subtree="uid=alice,ou=people,SUFFIX" by * none', REST),
    ('to dn.regex="^uid=([^,]+),ou=people,SUFFIX$" by users write', REST),
    ('to filter="(description=secret)" by dn.base=' + BOB +
     " read by * none", REST),
    ('to filter="(!(employeeType=*))" by * write', "to * by users compare"),
    ('to filter="(|(title=three)(manager=uid=alice,ou=people,SUFFIX))" '
     "by users write", REST),
    ('to filter="(member=uid=alice,ou=people,SUFFIX)" by users write', REST),
    ('to filter="(!(memberUid=dave))" by users write', REST),
    ('to filter="(memberUid=c*)" by users none', REST),
    ('to filter="(&(uniqueMember=*)(cn=unique))" by users write', REST),
    ('to filter="(entryDN:dnSubtreeMatch:=uid=alice,ou=people,SUFFIX)" '
     "by users write", REST),
    ('to filter="(title:dn:=four)" by users write', REST),
    ('to filter="(name=three)" by users write', REST),
    ('to filter="(title;lang-en=second)" by users write', REST),
    ('to filter="(structuralObjectClass=inetOrgPerson)" by users write',
     REST),
    ('to filter="(objectClass=person)" by users write', REST),
    ('to filter="(hasSubordinates=TRUE)" by users write', REST),
    ('to dn.subtree="ou=people,SUFFIX" filter="(title=t*)" attrs=title,entry '
     "by users write by * none", REST),
    ("to attrs=title by users write by * none", REST),
    ("to attrs=name by users write by * none", REST),
    ("to attrs=title;lang-en by users write by * none", REST),
    ("to attrs=member,memberUid by dn.base=" + ALICE + " write by users "
     "search by * none", REST),
    ("to attrs=@posixGroup by users write by * none", REST),
    ("to attrs=!groupOfMembers by users write by * none", REST),
    ("to attrs=entry by dn.base=" + ALICE + " write by dn.base=" + BOB +
     " disclose by dn.base=" + CAROL + " search by * none", REST),
    ("to attrs=children by dn.base=" + ALICE + " write by dn.base=" + BOB +
     " =a by dn.base=" + CAROL + " =z by * none", "to * by * write"),
    ("to attrs=entry,children by users write",
     "to attrs=uid,objectClass by users write", REST),
    ('to attrs=title val="secret" by dn.base=' + CAROL + " write by * none",
     REST),
    ('to attrs=title val="one" by dn.base=' + BOB + " none by * write", REST),
    ('to attrs=title val/caseExactMatch="Secret" by * none', REST),
    ('to attrs=title val.regex="^t" by anonymous none by * write', REST),
    ('to attrs=member val="uid=alice,ou=people,SUFFIX" by dn.base=' + BOB +
     " none by * write", "to * by * write"),
    ('to attrs=member val.base="uid=bob,ou=people,SUFFIX" by users none',
     "to * by * write"),
    ('to attrs=member val.one="ou=people,SUFFIX" by users none', REST),
    ('to attrs=member val.subtree="SUFFIX" by dn.base=' + ALICE +
     " write by * compare", REST),
    ('to attrs=member val.children="uid=alice,ou=people,SUFFIX" by users '
     "none", REST),
    ('to attrs=member val.regex="^uid=a" by users none', REST),
    ('to attrs=memberUid val="dave" by users none', "to * by * write"),
    ('to attrs=memberUid val.regex="^c" by users none', REST),
    ('to attrs=uniqueMember val="uid=bob,ou=people,SUFFIX" by users none',
     REST),
    ('to attrs=seeAlso val.children="ou=people,SUFFIX" by users none', REST),
    (SECRET, REST),
)

WHO = (  # who accesses
    "to * by self write by users read",
    "to * by self.level{1} write by users search",
    "to * by self.level{-1} write by users search",
    "to * by dn.exact=" + ALICE + " write by dn=" + BOB + " read",
    'to * by dn.one="ou=people,SUFFIX" write by * read',
    'to * by dn.children="ou=people,SUFFIX" write by * read',
    'to * by dn.subtree="uid=bob,ou=people,SUFFIX" write by * search',
    'to * by dn.level{2}="SUFFIX" write by * search',
    'to * by dn.regex="^uid=[ab].*,ou=people,SUFFIX$" write by * search',
    ('to dn.regex="^(.+,)?uid=([^,]+),ou=people,SUFFIX$" '
     'by dn.exact,expand="uid=$2,ou=people,SUFFIX" write by * search', REST),
    ('to dn.regex="^uid=([^,]+),(ou=people),SUFFIX$" '
     'by dn.regex="^uid=$1,$2,SUFFIX$" write by * search', REST),
    ('to attrs=member val.regex="^uid=([^,]+),.*" '
     'by dn.exact,expand="uid=${v1},ou=people,SUFFIX" write by * search',
     REST),
    "to * by dnattr=manager write by dnattr=seeAlso search by * none",
    "to * by dnattr=manager write by self read by * search",
    ('to dn.subtree="ou=groups,SUFFIX" by dnattr=member write by dn.base=' +
     DAVE + " search by * none", REST),
    ('to dn.subtree="ou=groups,SUFFIX" by dnattr=uniqueMember write '
     "by * search", REST),
    ('to dn.subtree="ou=groups,SUFFIX" by dnattr=owner write by * search',
     REST),
    ("to attrs=member by dnattr=member selfwrite by * read", REST),
    ("to attrs=member by users selfwrite", REST),
    ("to attrs=member by dn.base=" + BOB + " selfread by * read", REST),
    ("to attrs=member by dn.base=" + BOB + " selfsearch by * read", REST),
    ("to attrs=manager by dnattr=manager selfwrite by * read", REST),
    ("to attrs=uniqueMember by users selfwrite", REST),
    ('to dn.subtree="ou=people,SUFFIX" by group='
     '"cn=names,ou=groups,SUFFIX" write by * search', REST),
    ('to dn.subtree="ou=people,SUFFIX" by group/groupOfMembers='
     '"cn=one,ou=groups,SUFFIX" write by * search', REST),
    ('to dn.subtree="ou=people,SUFFIX" by group/groupOfMembers/member='
     '"cn=two,ou=groups,SUFFIX" write by * search', REST),
    ('to dn.subtree="ou=people,SUFFIX" by group/groupOfUniqueNames/'
     'uniqueMember="cn=unique,ou=groups,SUFFIX" write by * search', REST),
    ('to dn.subtree="ou=people,SUFFIX" by group/groupOfURLs/memberURL='
     '"cn=urls,ou=groups,SUFFIX" write by * search', REST),
    ('to dn.subtree="ou=people,SUFFIX" by group/groupOfNames/member='
     '"cn=two,ou=groups,SUFFIX" write by * search', REST),
    ('to dn.subtree="ou=people,SUFFIX" by group/groupOfMembers/member='
     '"cn=absent,ou=groups,SUFFIX" write by * search', REST),
    ('to dn.subtree="ou=people,SUFFIX" by group/inetOrgPerson/manager='
     '"uid=bob,ou=people,SUFFIX" write by * search', REST),
    ('to dn.regex="^cn=([^,]+),ou=groups,SUFFIX$" by group/groupOfMembers/'
     'member.expand="cn=$1,ou=groups,SUFFIX" write by * search', REST),
    ('to dn.subtree="ou=groups,SUFFIX" by group/groupOfMembers/member.expand'
     '="$0" write by * search', REST),
    'to * by set="this/manager & user" write by * search',
    'to * by set="this/member & user" write by * search',
    'to * by set="this/uniqueMember & user" write by * search',
    'to * by set="[cn=one,ou=groups,SUFFIX]/member & user" write by * search',
    'to * by set="[cn=two,ou=groups,SUFFIX]/memberUid & user/uid" write '
    "by * search",
    'to * by set="this/manager/manager & user" write by * search',
    'to * by set="this/seeAlso/manager | this/manager" write by * search',
    'to * by set="user/title & [Secret]" write by * search',
    'to * by set="this/-1 & [ou=people,SUFFIX]" write by * search',
    'to * by set="this/-* & [ou=people,SUFFIX]" write by * search',
    'to * by set="this & user" write by * search',
    'to * by set="[cn=] + user/uid + [,ou=groups,SUFFIX]" write by * search',
    'to * by set="this/secretary/member & user" write by * search',
    'to * by set="[ldap:///ou=groups,SUFFIX?member?sub?(cn=two)] & user" '
    "write by * search",
    'to * by set="this/labeledURI & user" write by * search',
    'to * by set="user/entryDN & this/entryDN" write by * search',
    'to * by set="this/userPassword & user/userPassword" write by * search',
    ('to dn.regex="^uid=([^,]+),ou=people,SUFFIX$" '
     'by set.expand="[uid=$1,ou=people,SUFFIX]/manager & user" write '
     "by * search", REST),
    ("to attrs=title by set=\"this/manager & user\" write by * none", REST),
    'to * by peername.ip=127.0.0.1 write by * search',
    'to * by peername.ip=127.0.0.0%255.0.0.0 write by * search',
    'to * by peername.regex="^IP=127" write by * search',
    'to * by peername.path="/nowhere" write by * search',
    'to * by sockurl="LISTENER" write by * search',
    'to * by sockurl.regex="^ldap://127" write by * search',
    'to * by sockname.regex="^PATH=" write by * search',
    'to * by domain=localhost write by * search',
    'to * by domain.subtree=localhost write by * search',
    "to * by ssf=1 write by * search",
    "to * by ssf=72 write by * search",
    "to * by transport_ssf=71 write by * search",
    "to * by tls_ssf=1 write by * search",
    "to * by sasl_ssf=1 write by * search",
    "to * by users ssf=71 write by anonymous ssf=71 read by * none",
    "to * by realusers write by realanonymous read",
    "to * by realself write by self read by * search",
    "to * by realdn.exact=" + ALICE + " write by dn.exact=" + ALICE +
    " read by * search",
    "to * by realdnattr=manager write by dnattr=manager read by * search",
    "to attrs=member by realself write by * read",
)

RIGHTS = tuple(  # what is given
    "to * by users %s by * search" % level for level in (
        "none", "disclose", "auth", "compare", "search", "read", "add",
        "delete", "write", "manage", "=rscxd", "=wrscd", "=w", "=a", "=z",
        "=rsc", "=0", "=m", "selfread", "selfwrite")) + (
    "to * by dn.base=" + ALICE + " +w continue by users +rsc continue "
    "by * +d",
    "to * by users +rscd continue by dn.base=" + BOB + " -r stop by * +s",
    ("to attrs=title by dn.base=" + ALICE + " write by * break",
     'to dn.subtree="ou=people,SUFFIX" by users read by * none', REST),
    ("to * by users +w break", "to * by * +rscd"),
    ("to * by dn.base=" + BOB + " =rscd break by * none break",
     "to attrs=title by * -r stop", REST),
    ("to attrs=title by dn.base=" + ALICE + " stop by * read", REST),
    ("to attrs=member by users =azrscd", "to * by * read"),
    ("to attrs=member by users =arscd", "to attrs=memberUid by users =zrscd",
     REST),
    ("to attrs=entry,children by users =zrscd", REST),
    ("to attrs=entry,children by users =arscd", "to * by * write"),
    'to dn.base="" by * none',
)

FORMS = list(WHAT + WHO + RIGHTS)
# Of the frontend, for all databases: theirs have none of their own then.
FRONTEND_FORMS = [
    'to dn.subtree="SUFFIX" filter="(description=secret)" by users write '
    "by * none",
    'to dn.subtree="ou=groups,SUFFIX" by dnattr=member write by * read',
    'to dn.subtree="SUFFIX" by set="this/manager & user" write by * read',
    'to dn.subtree="SUFFIX" by group/groupOfMembers/member='
    '"cn=two,ou=groups,SUFFIX" write by * read',
    'to dn.subtree="SUFFIX" attrs=member val="uid=bob,ou=people,SUFFIX" '
    "by users none",
]
