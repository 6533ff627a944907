"""The validation engine against a farm of fake mail servers: one test for each way in which
servers behave. The engine is driven by tests/support/validate; delays before another try are
scaled down. Nothing here talks to a real server."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from fake.farm import Farm  # noqa: E402  (the path is set above)

BUILD = pathlib.Path(os.environ.get("OUTRIDER_TEST_BUILD", ROOT / "build/asan"))
HELO, SENDER = "probe.example.net", "check@example.net"
SANITIZER = re.compile(r"Sanitizer|runtime error")


class Run:
    """What came out of one run of the engine."""

    def __init__(self, text):
        told = [json.loads(line) for line in text.splitlines()]
        self.answers = [row for row in told if "address" in row]
        self.stats = next(row["stats"] for row in told if "stats" in row)
        self.unmatched = [row["unmatched"] for row in told if "unmatched" in row]
        self.by_address = {row["address"]: row for row in self.answers}

    def count(self, result):
        return sum(row["result"] == result for row in self.answers)

    def verdict(self, address):
        row = self.by_address[address]
        return row["result"], row["detail"], row["catch_all"]


def validate(farm, addresses, **options):
    """Runs the addresses ("ann@a.org", or (queue, address)) through an engine."""
    lines = [row if isinstance(row, tuple) else (0, row) for row in addresses]
    given = {"dns": farm.dns, "port": farm.port, "helo": HELO, "mail_from": SENDER, "private": 1,
             "scale_permille": 1, **options}
    done = subprocess.run([BUILD / "support/validate", *(f"{k}={v}" for k, v in given.items())],
                          input="".join(f"{queue}\t{text}\n" for queue, text in lines),
                          capture_output=True, text=True, timeout=240, check=False)
    if done.returncode or SANITIZER.search(done.stderr):
        raise AssertionError(f"exit code {done.returncode}\n{done.stderr}")
    return Run(done.stdout)


class EngineTest(unittest.TestCase):
    def farm(self, domains, zone=None, **options):
        farm = Farm(domains, zone, **options)
        self.addCleanup(farm.close)
        return farm

    def assert_polite(self, farm):
        self.assertEqual(farm.all_faults(), [])

    def judge(self, domains, addresses, zone=None, **options):
        farm = self.farm(domains, zone)
        run = validate(farm, addresses, **options)
        self.assertEqual(len(run.answers), len(addresses))
        self.assert_polite(farm)
        return farm, run


class VerdictTest(EngineTest):
    def test_accepted_and_refused(self):
        farm, run = self.judge({"good.org": {"accept": ["ann"]}}, ["ann@good.org", "bob@good.org"])
        self.assertEqual(run.verdict("ann@good.org"), ("deliverable", "accepted", False))
        self.assertEqual(run.verdict("bob@good.org"), ("undeliverable", "unknown_mailbox", False))
        self.assertEqual(run.by_address["bob@good.org"]["code"], 550)
        self.assertEqual(run.by_address["bob@good.org"]["enhanced"], "5.1.1")
        names = [name for name, _ in farm.recipients_of("good.org")]
        self.assertEqual(names[0], "ann")
        random = [name for name in names if name not in ("ann", "bob")]
        self.assertEqual(len(random), 2)
        self.assertIn(".", random[0])
        self.assertNotIn(".", random[1])

    def test_catch_all_is_tested_once(self):
        addresses = [f"person{i}@all.org" for i in range(8)]
        farm, run = self.judge({"all.org": {"accept": "all"}}, addresses)
        for address in addresses:
            self.assertEqual(run.verdict(address), ("risky", "catch_all", True))
        random = [name for name, _ in farm.recipients_of("all.org") if not name.startswith("person")]
        self.assertEqual(len(random), 1, random)

    def test_no_random_name_before_the_target_is_accepted(self):
        farm, run = self.judge({"good.org": {}}, ["bob@good.org"])
        self.assertEqual([name for name, _ in farm.recipients_of("good.org")], ["bob"])

    def test_replies(self):
        rows = [
            ("a", "550 5.2.1 mailbox disabled", ("undeliverable", "disabled_mailbox")),
            ("b", "452 4.2.2 mailbox full", ("risky", "mailbox_full")),
            ("c", "552 5.2.2 Mailbox is full / quota exceeded", ("risky", "mailbox_full")),
            ("d", "252 2.0.0 cannot verify", ("unknown", "cannot_verify")),
            ("e", "556 5.1.10 Recipient address has null MX", ("undeliverable", "null_mx")),
            ("f", "550 zufällig abgelehnt wegen dings", ("unknown", "unmatched_reply")),
        ]
        replies = {name: reply for name, reply, _ in rows}
        farm, run = self.judge({"good.org": {"replies": replies}},
                               [f"{name}@good.org" for name, _, _ in rows])
        for name, _, expected in rows:
            with self.subTest(name):
                self.assertEqual(run.verdict(f"{name}@good.org")[:2], expected)
        self.assertEqual([local for local, _ in farm.recipients_of("good.org")].count("f"), 2, "tried once more")
        self.assertEqual(len(run.unmatched), 1, "kept once")
        self.assertIn("550", run.unmatched[0])

    def test_multi_line_reply(self):
        _, run = self.judge({"good.org": {"replies": {"a": "550-5.1.1 no\n550 5.1.1 such user here"}}},
                            ["a@good.org"])
        self.assertEqual(run.verdict("a@good.org")[0], "undeliverable")

    def test_form_and_lists_need_no_server(self):
        farm, run = self.judge({}, ["no at sign", "a@b@c", "x@host.invalid", "a@[127.0.0.1]", ""])
        self.assertEqual({row["result"] for row in run.answers}, {"undeliverable"})
        self.assertEqual(farm.zone.asked, [])

    def test_smtputf8(self):
        farm, run = self.judge({"yes.org": {"accept": ["jürgen"], "smtputf8": True}, "not.org": {}},
                               ["jürgen@yes.org", "jürgen@not.org"])
        self.assertEqual(run.verdict("jürgen@yes.org")[0], "deliverable")
        self.assertEqual(run.verdict("jürgen@not.org")[:2], ("unknown", "no_smtputf8"))
        mails = [line for session in farm.sessions_of("yes.org") for line in session.said("MAIL")]
        self.assertTrue(all(line.endswith(" SMTPUTF8") for line in mails[:1]), mails)


class DnsTest(EngineTest):
    def test_states(self):
        zone = {
            "null.org": {"mx": [[0, ""]]},
            "empty.org": {"txt": []},
            "broken.org": {"rcode": "servfail"},
            "refused.org": {"rcode": "refused"},
            "private.org": {"mx": [[10, "mx.private.org"]]}, "mx.private.org": {"a": ["10.0.0.1"]},
            "gone-mx.org": {"mx": [[10, "mx.gone-mx.org"]]},
        }
        farm = self.farm({}, zone)
        run = validate(farm, [f"a@{name}" for name in (
            "null.org", "empty.org", "broken.org", "refused.org", "private.org", "missing.org",
            "gone-mx.org")], private=0, dns_timeout_ms=200)
        expected = {
            "null.org": ("undeliverable", "null_mx"), "empty.org": ("undeliverable", "no_mail_server"),
            "broken.org": ("unknown", "dns_failed"), "refused.org": ("unknown", "dns_failed"),
            "private.org": ("undeliverable", "private_mail_server"),
            "missing.org": ("undeliverable", "no_domain"),
            "gone-mx.org": ("undeliverable", "no_mail_server"),
        }
        for name, verdict in expected.items():
            with self.subTest(name):
                self.assertEqual(run.verdict(f"a@{name}")[:2], verdict)
        self.assertEqual(farm.sessions, [])

    def test_silence_is_not_absence(self):
        farm = self.farm({}, {"silent.org": {"silent": True}})
        run = validate(farm, ["a@silent.org"], dns_timeout_ms=100)
        self.assertEqual(run.verdict("a@silent.org")[:2], ("unknown", "dns_failed"))

    def test_no_domain_is_asked_twice(self):
        farm = self.farm({"late.org": {"accept": ["ann"], "hosts": [{"name": "mx.late.org"}]}})
        farm.zone.names["late.org"]["first"] = ["nxdomain"]
        run = validate(farm, ["ann@late.org"])
        self.assertEqual(run.verdict("ann@late.org")[0], "deliverable")

    def test_failure_then_answer(self):
        farm = self.farm({"late.org": {"accept": ["ann"]}})
        farm.zone.names["late.org"]["first"] = ["servfail", "servfail"]
        run = validate(farm, ["ann@late.org"])
        self.assertEqual(run.verdict("ann@late.org")[0], "deliverable")

    def test_implicit_mx_alias_and_tcp(self):
        farm = self.farm({"plain.org": {"accept": ["ann"], "hosts": [{"name": "plain.org"}]},
                          "big.org": {"accept": ["ann"]}},
                         {"alias.org": {"cname": "big.org"}, "lone.org": {"cname": "big.org", "alone": True}})
        farm.zone.names["plain.org"] = {"a": [next(a for a, s in farm.hosts.items()
                                                   if s["owner"] == "plain.org")]}
        farm.zone.names["big.org"]["tcp"] = True
        farm.domains["alias.org"] = farm.domains["lone.org"] = farm.domains["big.org"]
        run = validate(farm, ["ann@plain.org", "ann@big.org", "ann@alias.org", "ann@lone.org"])
        for row in run.answers:
            self.assertEqual(row["result"], "deliverable", row)

    def test_many_addresses_ask_once(self):
        farm, _ = self.judge({"good.org": {}}, [f"u{i}@good.org" for i in range(30)])
        self.assertEqual(len([1 for name, kind in farm.zone.asked if name == "good.org"]), 1)


class ServerTest(EngineTest):
    def test_next_mx_when_the_first_does_not_answer(self):
        for fault in ({"refuse": True}, {"banner": ""}, {"banner": "421 4.3.2 busy"}, {"raw": "\x00\x01garbage\r\n"},
                      {"raw": "2" * 5000}, {"raw": "HTTP/1.1 400 Bad Request\r\n\r\n"},
                      {"ehlo": ""}, {"raw": "220-x\r\n" * 300}):
            with self.subTest(fault):
                farm = self.farm({"two.org": {"accept": ["ann"], "hosts": [fault, {}]}})
                run = validate(farm, ["ann@two.org"])
                self.assertEqual(run.verdict("ann@two.org")[0], "deliverable")

    def test_no_server_answers(self):
        rows = [({"refuse": True}, "no_connect"), ({"delay_s": {"banner": 5}}, "timeout"),
                ({"raw": "\x00garbage\r\n"}, "protocol"), ({"raw": "220 " + "x" * 5000}, "protocol"),
                ({"rcpt": ""}, "protocol"), ({"mail": ""}, "protocol"),
                ({"delay_s": {"rcpt": 5}}, "timeout"), ({"banner": "421 4.3.2 too busy"}, "busy")]
        farm = self.farm({f"d{i}.org": script for i, (script, _) in enumerate(rows)})
        run = validate(farm, [f"a@d{i}.org" for i in range(len(rows))], reply_ms=700)
        for i, (script, detail) in enumerate(rows):
            with self.subTest(script):
                self.assertEqual(run.verdict(f"a@d{i}.org")[:2], ("unknown", detail))

    def test_slow_server_is_waited_for(self):
        farm, run = self.judge({"slow.org": {"accept": ["ann"], "delay_s": 0.3}}, ["ann@slow.org"])
        self.assertEqual(run.verdict("ann@slow.org")[0], "deliverable")

    def test_tls_where_demanded(self):
        farm, run = self.judge({"tls.org": {"accept": ["ann"], "tls": "required"},
                                "may.org": {"accept": ["ann"], "tls": "offered"},
                                "bad.org": {"accept": ["ann"], "tls": "required", "hosts": [{"tls": "broken"}]}},
                               ["ann@tls.org", "ann@may.org", "ann@bad.org"])
        self.assertEqual(run.verdict("ann@tls.org")[0], "deliverable")
        self.assertEqual(run.verdict("ann@may.org")[0], "deliverable")
        self.assertTrue(any(session.tls for session in farm.sessions_of("tls.org")))
        self.assertFalse(any(session.tls for session in farm.sessions_of("may.org")))

    def test_helo_where_ehlo_is_not_known(self):
        farm, run = self.judge({"old.org": {"accept": ["ann"], "helo_only": True}}, ["ann@old.org"])
        self.assertEqual(run.verdict("ann@old.org")[0], "deliverable")
        self.assertEqual(farm.sessions[0].lines[1], f"HELO {HELO}")

    def test_pipelining_only_when_offered(self):
        farm, run = self.judge({"fast.org": {"accept": ["ann"], "pipelining": True},
                                "slow.org": {"accept": ["ann"]}},
                               [f"{name}@{host}" for name in ("ann", "x", "y") for host in ("fast.org", "slow.org")])
        self.assertEqual(run.count("deliverable"), 2)
        self.assertEqual(run.count("undeliverable"), 4)

    def test_other_sender_where_ours_is_refused(self):
        farm, run = self.judge({"null.org": {"accept": ["ann"], "mail": "550 5.1.8 sender refused",
                                             "null_mail": "250 fine"}}, ["ann@null.org", "bob@null.org"])
        self.assertEqual(run.verdict("ann@null.org")[0], "deliverable")
        self.assertEqual(run.verdict("bob@null.org")[0], "undeliverable")
        senders = [line for session in farm.sessions for line in session.said("MAIL")]
        self.assertEqual(senders[:2], [f"MAIL FROM:<{SENDER}>", "MAIL FROM:<>"])
        self.assertEqual(senders.count(f"MAIL FROM:<{SENDER}>"), 1)

    def test_relay_denied_by_every_mx(self):
        reply = "550 5.7.1 Relaying denied"
        farm, run = self.judge({"one.org": {"hosts": [{"rcpt": reply}, {"rcpt": reply}]},
                                "two.org": {"accept": ["ann"], "hosts": [{"rcpt": reply}, {}]}},
                               ["ann@one.org", "ann@two.org"])
        self.assertEqual(run.verdict("ann@one.org")[:2], ("undeliverable", "relay_denied"))
        self.assertEqual(run.verdict("ann@two.org")[0], "deliverable")


class PolitenessTest(EngineTest):
    def test_five_rejected_recipients(self):
        farm, run = self.judge({"good.org": {}}, [f"no{i}@good.org" for i in range(23)],
                               site_connections=2)
        self.assertEqual(run.count("undeliverable"), 23)
        self.assertEqual(max(session.rejected for session in farm.sessions), 5)
        self.assertTrue(all(session.lines[-1] == "QUIT" for session in farm.sessions))

    def test_one_recipient_in_each_transaction(self):
        farm, run = self.judge({"one.org": {"accept": ["ann", "eve"], "per_transaction": 1},
                                "solo.org": {"accept": ["ann", "eve"], "per_connection": 1}},
                               [f"{n}@{d}" for n in ("ann", "eve", "x") for d in ("one.org", "solo.org")])
        for domain in ("one.org", "solo.org"):
            for name in ("ann", "eve"):
                self.assertEqual(run.verdict(f"{name}@{domain}")[0], "deliverable")
            self.assertEqual(run.verdict(f"x@{domain}")[0], "undeliverable")

    def test_connections_to_one_site(self):
        farm, _ = self.judge({"good.org": {"delay_s": 0.02}}, [f"u{i}@good.org" for i in range(60)],
                             site_connections=3)
        self.assertLessEqual(max(farm.most_open.values()), 3)

    def test_connects_a_minute(self):
        addresses = [f"u{i}@good.org" for i in range(30)]
        farm = self.farm({"good.org": {}})
        run = validate(farm, addresses, site_connections=1, site_per_minute=60, end_ms=2500)
        self.assertLessEqual(farm.count, 4)
        self.assertLess(len(run.answers), 30)

    def test_greylisting(self):
        farm, run = self.judge({"grey.org": {"accept": ["ann"], "greylist_s": 0.3}},
                               ["ann@grey.org", "bob@grey.org"], sources="127.0.0.1,127.0.0.2")
        self.assertEqual(run.verdict("ann@grey.org"), ("deliverable", "accepted", False))
        self.assertEqual(run.verdict("bob@grey.org")[0], "undeliverable")
        self.assertEqual(len({session.source for session in farm.sessions}), 1)
        names = [name for name, _ in farm.recipients_of("grey.org")]
        self.assertEqual(len(set(names)), 4, names)

    def test_greylisting_to_the_end(self):
        farm, run = self.judge({"grey.org": {"accept": ["ann"], "greylist_s": 1000}}, ["ann@grey.org"])
        self.assertEqual(run.verdict("ann@grey.org")[:2], ("unknown", "greylisted"))
        self.assertEqual(len(farm.recipients_of("grey.org")), 4)

    def test_a_mailbox_with_too_much_mail_exists(self):
        busy = {"ann": "450 4.2.1 The user you are trying to contact is receiving mail too quickly"}
        farm, run = self.judge({"busy.org": {"replies": busy}, "all.org": {"replies": busy, "accept": "all"}},
                               ["ann@busy.org", "ann@all.org"])
        self.assertEqual(run.verdict("ann@busy.org"), ("deliverable", "accepted", False))
        self.assertEqual(run.verdict("ann@all.org"), ("risky", "catch_all", True))
        for domain in ("busy.org", "all.org"):
            self.assertEqual([local for local, _ in farm.recipients_of(domain)].count("ann"), 2)

    def test_random_names_are_deferred_after_too_much_mail(self):
        """They are asked for as often as after any other answer."""
        busy = {"ann": "450 4.2.1 The user you are trying to contact is receiving mail too quickly"}
        farm, run = self.judge({"busy.org": {"replies": busy, "greylist_s": 1.0}}, ["ann@busy.org"])
        self.assertEqual(run.verdict("ann@busy.org"), ("deliverable", "accepted", False))
        names = [local for local, _ in farm.recipients_of("busy.org")]
        self.assertEqual(names.count("ann"), 3)
        self.assertGreaterEqual(max(names.count(name) for name in names if name != "ann"), 3)

    def test_blocked_opens_the_breaker(self):
        block = "554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using zen.spamhaus.org"
        for script in ({"banner": block}, {"mail": block, "null_mail": block}, {"rcpt": block}):
            with self.subTest(script):
                farm = self.farm({"block.org": script})
                run = validate(farm, [f"u{i}@block.org" for i in range(40)], site_connections=1)
                self.assertEqual({row["detail"] for row in run.answers}, {"blocked"})
                self.assertEqual(len(run.answers), 40)
                self.assertLessEqual(farm.count, 3)

    def test_block_moves_to_the_next_source(self):
        farm = self.farm({"good.org": {"accept": ["ann"]}})
        farm.blocked["127.0.0.2"] = "554 5.7.1 your address is on our block list"
        run = validate(farm, ["ann@good.org"], sources="127.0.0.2,127.0.0.3")
        self.assertEqual(run.verdict("ann@good.org")[0], "deliverable")

    def test_small_job_beside_a_large_one(self):
        farm = self.farm({"big.org": {"delay_s": 0.01}})
        large = [(0, f"u{i}@big.org") for i in range(400)]
        small = [(1, f"s{i}@big.org") for i in range(10)]
        run = validate(farm, large + small, site_connections=2, site_per_minute=-1)
        order = [row["queue"] for row in run.answers]
        self.assertEqual(len(order), 410)
        last_small = max(i for i, queue in enumerate(order) if queue == 1)
        self.assertLess(last_small, 100)

    def test_few_addresses_do_not_wait_for_connections_of_many(self):
        """There are more sites than connections, and the large job's stand in line first."""
        farm = self.farm({f"{job}{i}.org": {"delay_s": 0.01} for job, n in (("l", 60), ("s", 3)) for i in range(n)})
        large = [(0, f"ok.u{n}@l{i}.org") for n in range(20) for i in range(60)]
        small = [(1, f"ok.u@s{i}.org") for i in range(3)]
        run = validate(farm, large + small, connections=32)
        order = [row["queue"] for row in run.answers]
        self.assertEqual(len(order), len(large) + len(small))
        self.assertLess(max(i for i, queue in enumerate(order) if queue == 1), 400)

    def test_cancel(self):
        farm = self.farm({"slow.org": {"delay_s": 0.1}})
        run = validate(farm, [(0, f"u{i}@slow.org") for i in range(200)] + [(1, "x@slow.org")],
                       cancel_after_ms=1500, site_connections=1)
        self.assertGreater(len(run.answers), 1)
        self.assertLess(len(run.answers), 100)
        self.assertIn("x@slow.org", run.by_address)


class ProviderTest(EngineTest):
    """Known by the names of their hosts."""

    def at(self, host, script, addresses, **options):
        domain = addresses[0].partition("@")[2]
        farm = self.farm({domain: {**script, "hosts": [{"name": host}]}})
        run = validate(farm, addresses, **options)
        self.assertEqual(len(run.answers), len(addresses))
        self.assert_polite(farm)
        return farm, run

    def test_who_decides_after_data(self):
        farm, run = self.at("mta5.am0.yahoodns.net", {"accept": ["ann"]}, ["ann@y.org", "bob@y.org"])
        self.assertEqual(run.verdict("ann@y.org"), ("risky", "decided_later", False))
        self.assertEqual(run.verdict("bob@y.org")[0], "undeliverable")
        self.assertEqual(len(farm.recipients_of("y.org")), 2, "no random name")

    def test_who_is_trusted_where_random_names_get_no_answer(self):
        script = {"replies": {"ann": "250 fine"}, "unknown": "451 4.3.0 <%s>: try later"}
        _, google = self.at("aspmx.l.google.com", script, ["ann@g.org"])
        _, other = self.at("mx.other.org", script, ["ann@o.org"])
        self.assertEqual(google.verdict("ann@g.org"), ("deliverable", "accepted", False))
        self.assertEqual(other.verdict("ann@o.org"), ("unknown", "catch_all_unclear", False))

    def test_one_recipient_in_each_transaction(self):
        farm, run = self.at("x.mail.protection.outlook.com", {"accept": ["ann"]}, ["ann@m.org", "bob@m.org"])
        self.assertEqual(run.count("deliverable"), 1)
        for session in farm.sessions:
            rest = [line for line in session.lines if line.startswith(("MAIL", "RCPT"))]
            self.assertEqual([line[:4] for line in rest], ["MAIL", "RCPT"] * (len(rest) // 2))

    def test_access_denied_is_the_tenants_word_there_only(self):
        script = {"unknown": "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)"}
        _, microsoft = self.at("x.mail.protection.outlook.com", script, ["bob@m.org"])
        _, other = self.at("mx.other.org", script, ["bob@o.org"])
        self.assertEqual(microsoft.verdict("bob@m.org")[0], "undeliverable")
        self.assertEqual(other.verdict("bob@o.org")[0], "unknown")

    def test_limit_of_a_provider_counts_for_all_its_hosts(self):
        farm = self.farm({f"t{i}.org": {"delay_s": 0.05, "hosts": [{"name": f"t{i}.mail.protection.outlook.com"}]}
                          for i in range(30)})
        run = validate(farm, [f"a@t{i}.org" for i in range(30)], site_per_minute=-1)
        self.assertEqual(run.count("undeliverable"), 30)
        ends = sorted([(s.began, 1) for s in farm.sessions] + [(s.ended, -1) for s in farm.sessions])
        now = most = 0
        for _, change in ends:
            now += change
            most = max(most, now)
        self.assertLessEqual(most, 5 + 1)  # the farm notices an end a moment late


class LimitTest(EngineTest):
    def test_recipients_of_a_source_a_day(self):
        farm = self.farm({f"d{i}.org": {} for i in range(10)})
        run = validate(farm, [f"a@d{i}.org" for i in range(10)], sources="127.0.0.1", per_day=3,
                       connections=1, end_ms=2000)
        self.assertEqual(farm.recipients, 3)
        self.assertEqual(run.count("undeliverable"), 3)

    def test_deadline_of_an_address(self):
        farm = self.farm({"good.org": {"greylist_s": 1000}})
        run = validate(farm, ["ann@good.org"], scale_permille=1, address_ms=1)
        self.assertEqual(run.verdict("ann@good.org")[:2], ("unknown", "greylisted"))

    def test_recipients_in_a_connection(self):
        farm = self.farm({"all.org": {"accept": "all"}})
        run = validate(farm, [f"a{i}@all.org" for i in range(20)], site_recipients=4, site_connections=1)
        self.assertEqual(run.count("risky"), 20)
        self.assertLessEqual(max(len(s.recipients) for s in farm.sessions), 4)

    def test_thousands_at_once(self):
        domains = {f"d{i}.org": {"accept": "all" if i % 3 == 0 else [], "pipelining": i % 2 == 0}
                   for i in range(200)}
        farm = self.farm(domains, latency_ms=20)
        addresses = [f"{'ok' if j % 2 else 'no'}.{j}@d{i}.org" for i in range(200) for j in range(10)]
        run = validate(farm, addresses, site_per_minute=-1)
        self.assertEqual(sorted(row["address"] for row in run.answers), sorted(addresses))
        for i in range(200):
            for j in range(10):
                word = "ok" if j % 2 else "no"
                expected = "risky" if i % 3 == 0 else "deliverable" if j % 2 else "undeliverable"
                self.assertEqual(run.verdict(f"{word}.{j}@d{i}.org")[0], expected)
        self.assert_polite(farm)


class MemoryTest(EngineTest):
    def test_what_a_site_wants_is_remembered(self):
        farm = self.farm({"tls.org": {"accept": ["ann", "eve"], "tls": "required"},
                          "null.org": {"accept": ["ann", "eve"], "mail": "550 5.1.8 sender refused",
                                       "null_mail": "250 fine"}})
        with tempfile.TemporaryDirectory() as folder:
            validate(farm, ["ann@tls.org", "ann@null.org"], cache=f"{folder}/cache")
            count = len(farm.sessions)
            run = validate(farm, ["eve@tls.org", "eve@null.org"], cache=f"{folder}/cache")
            self.assertEqual(run.count("deliverable"), 2)
        for session in farm.sessions[count:]:
            self.assertEqual(session.said("MAIL")[0], f"MAIL FROM:<{SENDER if session.tls else ''}>")
        self.assertTrue(any(session.tls for session in farm.sessions[count:]))

    def test_cache(self):
        farm = self.farm({"good.org": {"accept": ["ann"]}, "all.org": {"accept": "all"}})
        with tempfile.TemporaryDirectory() as folder:
            cache = f"{folder}/cache"
            first = validate(farm, ["ann@good.org", "bob@good.org", "x@all.org"], cache=cache)
            farm.zone.asked.clear()
            count = farm.count
            again = validate(farm, ["ann@good.org", "bob@good.org", "x@all.org"], cache=cache)
            self.assertEqual(farm.count, count)
            self.assertEqual(farm.zone.asked, [])
            for address, row in again.by_address.items():
                self.assertTrue(row["cached"])
                self.assertEqual(again.verdict(address), first.verdict(address))
                self.assertEqual(row["code"], first.by_address[address]["code"])
            new = validate(farm, ["new@good.org", "y@all.org"], cache=cache)
            self.assertEqual(new.verdict("y@all.org"), ("risky", "catch_all", True))
            self.assertEqual([name for name, _ in farm.recipients_of("all.org")][-1], "y")
            self.assertEqual(sorted(farm.zone.asked), [(f"mx0.{d}", 1) for d in ("all.org", "good.org")])
            text = pathlib.Path(cache).read_text("utf-8")
            self.assertNotIn("ann@", text)

    def test_without_probing(self):
        for options in ({"probe": 0}, {"helo": ""}, {"mail_from": ""}):
            with self.subTest(options):
                farm = self.farm({"good.org": {"accept": ["ann"]}})
                run = validate(farm, ["ann@good.org", "a@none.org"], **options)
                self.assertEqual(run.verdict("ann@good.org")[:2], ("unknown", "not_probed"))
                self.assertEqual(run.verdict("a@none.org")[0], "undeliverable")
                self.assertEqual(farm.count, 0)


if __name__ == "__main__":
    unittest.main()
