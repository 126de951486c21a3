#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""The outbox: sent outside the request, tried again, never in the clear."""
import email
import email.policy
import os
import ssl
import subprocess
import time

from rosterd import FOLDER, Rosterd, Sink, main, need, person, until


def invite(admin, mail, **more):
    return admin.post("/invitations", dict({"mail": mail}, **more),
                      expect=201).json()


def tried_again_until_it_is_taken():
    sink = Sink()
    sink.refuse = True
    rosterd = Rosterd(smtp=sink.port)
    admin = rosterd.admin()
    made = invite(admin, "bob@example.org")
    until(lambda: "was not sent" in rosterd.log(), "a first attempt")
    token = made["link"].rsplit("/", 1)[1]
    assert token not in rosterd.log() and not sink.mails
    # the invitation is good all the same
    rosterd.client().get("/invitations/token/" + token)
    rosterd.stop()
    sink.refuse = False
    # ten seconds later it is due, whoever runs by then
    later = Rosterd(state=rosterd.state, smtp=sink.port, faketime="+20s")
    mail = sink.wait()
    assert token in mail.get_content()
    assert mail["Message-ID"].startswith("<roster-"), mail["Message-ID"]
    until(lambda: later.stop() == 0, "an orderly end")
    assert len(sink.mails) == 1


def a_relay_that_is_down_holds_nobody():
    rosterd = Rosterd(smtp=1)  # nothing listens there
    admin = rosterd.admin()
    for i in range(3):
        invite(admin, "p%d@example.org" % i)
    until(lambda: "was not sent" in rosterd.log(), "a first attempt")
    assert admin.get("/invitations").json()["items"][0]["state"] == "open"
    assert rosterd.stop() == 0


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
        found[mail["Subject"], envelope.rcpt_tos[0]] = mail.get_content()
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
    assert mail.get_content().strip() == "Hier: " + made["link"]


def certificate(name):
    need("openssl")
    key, cert = (os.path.join(FOLDER, name + end) for end in (".key", ".pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
         "-days", "3650", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost"], check=True,
        stderr=subprocess.DEVNULL)
    return key, cert


def never_in_the_clear():
    # a relay that offers no STARTTLS gets nothing
    plain = Sink()
    rosterd = Rosterd(settings={
        "MAIL__SMTP_URL": "smtp://127.0.0.1:%d" % plain.port,
        "MAIL__FROM": "roster@example.org"})
    invite(rosterd.admin(), "bob@example.org")
    until(lambda: "was not sent" in rosterd.log(), "a refusal")
    assert not plain.mails
    rosterd.stop()
    # nor does one whose certificate nobody vouches for
    key, cert = certificate("relay")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    relay = Sink(tls_context=context)
    settings = {"MAIL__SMTP_URL": "smtp://localhost:%d" % relay.port,
                "MAIL__FROM": "roster@example.org"}
    rosterd = Rosterd(settings=settings)
    invite(rosterd.admin(), "bob@example.org")
    until(lambda: "was not sent" in rosterd.log(), "a refusal")
    assert not relay.mails
    rosterd.stop()
    # with its authority known it works
    rosterd = Rosterd(settings=dict(settings, MAIL__CA_FILE=cert))
    invite(rosterd.admin(), "bob@example.org")
    relay.wait()


if __name__ == "__main__":
    main(tried_again_until_it_is_taken, a_relay_that_is_down_holds_nobody,
         what_a_mail_is_made_of, what_time_does_is_told, overridden_text, never_in_the_clear)
