#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""The outbox: sent outside the request, tried again, never in the clear."""
import email
import email.policy
import os
import signal
import socket
import ssl
import subprocess
import time

from rosterd import (BUILD, FOLDER, PASSWORD, Browser, Rosterd, Sink, main,
                     need, person, refused, text_of, until)


def invite(admin, mail, **more):
    return admin.post("/invitations", dict({"mail": mail}, **more),
                      expect=201).json()


def failed(answer, why):
    """The problem of a mail that was not taken, and what was made."""
    refused(answer, 502, "email_failed")
    assert why in answer.json()["detail"], answer.text
    return answer.json()["made"]


def tried_again_until_it_is_taken():
    sink = Sink()
    sink.refuse = True
    rosterd = Rosterd(smtp=sink.port)
    admin = rosterd.admin()
    made = failed(admin.post("/invitations", {"mail": "bob@example.org"},
                             expect=502), "451 not now")
    token = made["link"].rsplit("/", 1)[1]
    assert token not in rosterd.log() and not sink.mails
    # the invitation is good all the same
    rosterd.client().get("/invitations/token/" + token)
    rosterd.stop()
    sink.refuse = False
    # ten seconds later it is due, whoever runs by then
    later = Rosterd(state=rosterd.state, smtp=sink.port, faketime="+20s")
    mail = sink.wait()
    assert token in text_of(mail)
    assert mail["Message-ID"].startswith("<roster-"), mail["Message-ID"]
    until(lambda: later.stop() == 0, "an orderly end")
    assert len(sink.mails) == 1


def who_asked_for_a_mail_hears_that_it_was_not_taken():
    """M8: 502, and everything that was made is kept."""
    rosterd = Rosterd(smtp=1)  # nothing listens there
    admin = rosterd.admin()
    why = "connect to 127.0.0.1"
    made = failed(admin.post("/invitations", {"mail": "bob@example.org"},
                             expect=502), why)
    assert made["state"] == "open" and made["link"], made
    assert admin.get("/invitations/" + made["id"]).json()["state"] == "open"
    # for resend, which fails alike; the link it made is the one that works
    again = failed(admin.post("/invitations/%s/resend" % made["id"], {},
                              expect=502), why)
    assert again["id"] == made["id"] and again["link"] != made["link"]
    guest = rosterd.client()
    guest.get("/invitations/token/" + made["link"].rsplit("/", 1)[1],
              expect=404)
    guest.get("/invitations/token/" + again["link"].rsplit("/", 1)[1])
    # people, made and there already
    made = failed(admin.post("/users", {
        "username": "carl", "sn": "Carl", "mail": "carl@example.org",
        "send": True}, expect=502), why)
    assert made["username"] == "carl" and "/reset/" in made["link"], made
    made = failed(admin.post("/users/carl/reset-password", {"send": True},
                             expect=502), why)
    assert "/reset/" in made["link"], made
    failed(admin.post("/settings/test-mail", {}, expect=502), why)
    # where no mail was asked for, the relay is nobody's business
    admin.post("/users/carl/reset-password", {"send": False})
    admin.post("/invitations", {"mail": "dora@example.org", "send": False},
               expect=201)
    # the queue says the same of each
    waiting = admin.get("/mail").json()["items"]
    assert len(waiting) == 5, waiting
    assert all(why in one["error"] for one in waiting), waiting
    # asked again with its key, a request says what there is
    once = {"Idempotency-Key": "one"}
    made = failed(admin.post("/invitations", {"mail": "eve@example.org"},
                             expect=502, headers=once), why)
    again = admin.post("/invitations", {"mail": "eve@example.org"},
                       expect=201, headers=once).json()
    assert again["id"] == made["id"] and again["link"] == made["link"]
    assert again["delivery"] == "queued", again
    assert rosterd.stop() == 0


def a_page_shows_the_link_all_the_same():
    rosterd = Rosterd(smtp=1)
    rosterd.admin()
    web = Browser(rosterd)
    web.open("/login")
    web.submit("/login", {"username": "ada", "password": PASSWORD})
    web.open("/invitations")
    page = web.submit("/invitations", {"mail": "bob@example.org",
                                       "send": "true"})
    assert "The mail was not taken" in page or "the mail was not taken" in page
    assert rosterd.url + "/register/" in page
    assert "on its way" not in page


def a_relay_that_says_nothing_holds_nobody():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        rosterd = Rosterd(smtp=mute.getsockname()[1])
        admin = rosterd.admin()
        begun = time.monotonic()
        made = invite(admin, "bob@example.org")
        # two seconds and a slow machine; the relay has sixty
        assert time.monotonic() - begun < 20
        assert made["delivery"] == "queued" and made["link"], made
        rosterd.stop(signal.SIGKILL)


def what_a_mail_is_made_of():
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port, settings={
        "MAIL__FROM": "R\u00f6ster, die W\u00e4chter <roster@example.org>"})
    admin = rosterd.admin()
    admin.patch("/users/ada", {"displayName": "Zo\u00eb \u05d0"})
    admin.patch("/users/ada", {"givenName": "Zo\u00eb", "sn": "\u05d0\u05d1"})
    invite(admin, "bob@xn--bcher-kva.example")
    mail = sink.wait()
    envelope = sink.mails[0]
    assert envelope.mail_from == "roster@example.org", envelope.mail_from
    assert envelope.rcpt_tos == ["bob@xn--bcher-kva.example"]
    head = envelope.content.split(b"\r\n\r\n")[0]
    assert all(byte < 0x80 for byte in head), head
    assert all(len(line) <= 998 for line in envelope.content.split(b"\r\n"))
    assert mail["From"].addresses[0].display_name == (
        "R\u00f6ster, die W\u00e4chter"), mail["From"]
    for name in ("Date", "Message-ID", "Subject", "MIME-Version"):
        assert len(mail.get_all(name)) == 1, name
    assert mail["Message-ID"].endswith("@127.0.0.1>"), mail["Message-ID"]
    invite(admin, "carl@example.org", send=False)
    invite(admin, "dora@example.org")
    sink.wait(2)
    assert sink.mails[1].rcpt_tos == ["dora@example.org"]


def when(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ",
                         time.gmtime(time.time() + seconds))


def what_time_does_is_told():
    """Each of these mails, in the words that it is sent with."""
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    admin = rosterd.admin()
    for name in ("soon", "over", "lazy"):
        admin.post("/users", person(name), expect=201)
    admin.patch("/users/soon", {"expires": when(3600)})
    admin.patch("/users/over", {"expires": when(1)})
    admin.patch("/settings", {"inactive-after": "30d"})
    admin.post("/users", person("eve", status="pending"), expect=201)
    until(lambda: len(sink.mails) >= 2, "two mails")
    got = texts(sink)
    assert "ends on" in got["Your account ends soon", "soon@example.org"]
    text = got["Your account has ended", "over@example.org"]
    assert "your account over has come to its end" in text, text
    rosterd.stop()
    # a month later nobody decided about eve, and nobody used the others
    later = Rosterd(state=rosterd.state, smtp=sink.port,
                    faketime="+%ds" % (25 * 86400))
    wanted = {("A registration waits for you: eve", "ada@example.org"),
              ("Your account will be suspended", "lazy@example.org")}
    until(lambda: wanted <= texts(sink).keys(), "two more")
    text = texts(sink)["A registration waits for you: eve", "ada@example.org"]
    assert "/requests" in text and "has registered as eve" in text, text
    later.stop()
    later = Rosterd(state=rosterd.state, smtp=sink.port,
                    faketime="+%ds" % (31 * 86400))
    wanted |= {
        ("Your registration was not approved in time", "eve@example.org"),
        ("Your account was suspended", "lazy@example.org")}
    until(lambda: wanted <= texts(sink).keys(), "the last two")
    assert not any("{{" in text for text in texts(sink).values())
    assert all(text.count("127.0.0.1") == 1 for text in texts(sink).values())
    later.stop()


def texts(sink):
    """{(subject, recipient): text} of what came."""
    found = {}
    for envelope in list(sink.mails):
        mail = email.message_from_bytes(envelope.content,
                                        policy=email.policy.default)
        found[mail["Subject"], envelope.rcpt_tos[0]] = text_of(mail)
    return found


def overridden_text():
    folder = os.path.join(FOLDER, "overrides")
    os.makedirs(os.path.join(folder, "templates"))
    with open(os.path.join(folder, "templates",
                           "mail-invitation.mustache"), "w") as text:
        text.write("Subject: Willkommen bei Größe\n\nHier: {{link}}\n")
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port, settings={"DATA__OVERRIDES": folder})
    made = invite(rosterd.admin(), "bob@example.org")
    mail = sink.wait()
    assert mail["Subject"] == "Willkommen bei Größe", mail["Subject"]
    assert text_of(mail).strip() == "Hier: " + made["link"]


class Authority:
    """A CA of our own, and certificates by it."""

    def __init__(self, name):
        need("openssl")
        self.name, self.path = name, os.path.join(FOLDER, name + ".pem")
        self.key = os.path.join(FOLDER, name + ".key")
        self.run("req", "-x509", *self.new(self.key), "-out", self.path,
                 "-days", "3650", "-subj", "/CN=" + name)

    @staticmethod
    def run(*command):
        subprocess.run(["openssl", *command], check=True,
                       stderr=subprocess.DEVNULL)

    @staticmethod
    def new(key):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", key)

    def sign(self, host, days=3650):
        """What a relay of this name shows; days < 0: expired by then."""
        stem = os.path.join(FOLDER, "%s-%s-%d" % (self.name, host, days))
        self.run("req", *self.new(stem + ".key"), "-out", stem + ".csr",
                 "-subj", "/CN=" + host)
        with open(stem + ".ext", "w") as extension:
            extension.write("subjectAltName=DNS:%s\n" % host)
        self.run("x509", "-req", "-in", stem + ".csr", "-CA", self.path,
                 "-CAkey", self.key, "-CAcreateserial", "-days", str(days),
                 "-extfile", stem + ".ext", "-out", stem + ".pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(stem + ".pem", stem + ".key")
        return context


def never_in_the_clear():
    """What is wrong with the relay stands in the answer and in the queue."""
    good, other = Authority("good"), Authority("other")
    rows = (
        ("stripped", {}, "STARTTLS"),
        ("stripped by one that knows AUTH", {"auth_require_tls": False},
         "STARTTLS"),
        ("an unknown authority", {"tls_context": other.sign("localhost")},
         "authority is not known"),
        ("another name", {"tls_context": good.sign("relay.example.org")},
         "localhost"),
        ("expired", {"tls_context": good.sign("localhost", days=-1)},
         "it has expired"),
    )
    said = {}
    for name, options, word in rows:
        relay = Sink(**options)
        rosterd = Rosterd(settings={
            "MAIL__SMTP_URL": "smtp://localhost:%d" % relay.port,
            "MAIL__FROM": "roster@example.org", "MAIL__CA_FILE": good.path})
        admin = rosterd.admin()
        failed(admin.post("/invitations", {"mail": "bob@example.org"},
                          expect=502), word)
        said[name] = admin.get("/mail").json()["items"][0]["error"]
        assert word in said[name], (name, said)
        told = subprocess.run(
            [os.path.join(BUILD, "rosterctl"), "mail", "--directory",
             rosterd.state, "list"], check=True, stdout=subprocess.PIPE,
            text=True).stdout
        assert said[name] in told, (name, told)
        assert not relay.mails, name
        rosterd.stop()
        relay.stop()
    # each its own words, but for two ways to strip
    assert len(set(said.values())) == len(rows) - 1, said
    # with its authority known and its own name it works
    relay = Sink(tls_context=good.sign("localhost"))
    rosterd = Rosterd(settings={
        "MAIL__SMTP_URL": "smtp://localhost:%d" % relay.port,
        "MAIL__FROM": "roster@example.org", "MAIL__CA_FILE": good.path})
    assert invite(rosterd.admin(), "bob@example.org")["delivery"] == "sent"
    relay.wait()


if __name__ == "__main__":
    main(tried_again_until_it_is_taken,
         who_asked_for_a_mail_hears_that_it_was_not_taken,
         a_page_shows_the_link_all_the_same,
         a_relay_that_says_nothing_holds_nobody, what_a_mail_is_made_of,
         what_time_does_is_told, overridden_text, never_in_the_clear)
