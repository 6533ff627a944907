"""An exclusion ends at once the leads that it is about, whoever makes it and however many it names."""
import unittest

import harness
from test_engine import LIST, World, call

MANY = 100000  # what a request may name


class ExcludedLeadsTest(World):
    def add_at(self, id, *domains, ignore=()):
        """Leads by their domain; those of `ignore` were added in spite of exclusions."""
        addresses = {domain: f"ann@{domain}" for domain in (*domains, *ignore)}
        leads = [{"email": address, "overrides": {
            "ignore_exclusion_list": domain in ignore, "ignore_recently_contacted": True,
            "ignore_duplicate_leads_in_other_active_sequences": True}} for domain, address in addresses.items()]
        answer = self.admin.post(f"{LIST}/{id}/leads", {"leads": leads}, expect=200).json
        self.assertEqual(answer["total_added_to_sequence"], len(leads), answer)
        found = {lead["email"]: lead["id"] for lead in self.leads(id)}
        return {domain: found[address] for domain, address in addresses.items()}

    def exclude(self, kind, *values):
        body = {f"excluded_{kind}s": [{kind: value} for value in values]}
        return self.api.post(f"/excluded-{kind}s", body, expect=200).json

    def ends(self, leads):
        """Of each lead: how it ended, or None."""
        return {key: (state := self.lead(lead))["status"] == "removed" and state["reason"] or None
                for key, lead in leads.items()}

    def test_a_domain_and_those_below_it(self):
        first, second = self.sequence(call(delay_days=30)), self.sequence(call())
        domains = ("shut.example.com", "mail.shut.example.com", "a.b.shut.example.com", "notshut.example.com",
                   "shut.example.com.example.net", "shut-x.example.com", "example.com")
        leads = self.add_at(first, *domains, ignore=("kept.shut.example.com",))
        other = self.add_at(second, "shut.example.com")
        self.wait_until(other["shut.example.com"], status="waiting_task")
        self.exclude("domain", "shut.example.com", "nobody.example.com")
        gone = dict.fromkeys(domains[:3], "excluded_domain")
        self.assertEqual(self.ends(leads), dict.fromkeys(leads) | gone)
        self.assertEqual(self.ends(other), {"shut.example.com": "excluded_domain"})
        self.assertEqual([task[1] for task in self.tasks(other["shut.example.com"])], ["canceled"])
        told = self.rows("SELECT stage_id, data FROM events WHERE kind = 'lead_removed' "
                         f"AND lead_id = '{other['shut.example.com']}'")
        self.assertEqual([data for _, data in told], ['{"reason":"excluded_domain"}'])
        self.assertNotEqual(told[0][0], "")

    def test_an_address(self):
        id = self.sequence(call(delay_days=30))
        leads = self.add_at(id, "one.example.net", "two.example.net")
        self.exclude("email", "Ann@ONE.example.net", "bob@two.example.net")
        self.assertEqual(self.ends(leads), {"one.example.net": "excluded_email", "two.example.net": None})

    def test_another_account(self):
        leads = self.add_at(self.sequence(call(delay_days=30)), "mine.example.net")
        self.stranger.post("/excluded-domains", {"excluded_domains": [{"domain": "mine.example.net"}]}, expect=200)
        self.assertEqual(self.ends(leads), {"mine.example.net": None})

    def test_what_has_ended_stays(self):
        leads = self.add_at(self.sequence(call(delay_days=30)), "ended.example.net")
        self.change(leads["ended.example.net"], "remove")
        self.exclude("domain", "ended.example.net")
        self.assertEqual(self.ends(leads), {"ended.example.net": "manual"})

    def test_from_a_file(self):
        leads = self.add_at(self.sequence(call(delay_days=30)), "file.example.org", "mail.file.example.org",
                            "list.example.org", "free.example.org")
        path = self.server.folder / "exclusions.txt"
        path.write_text("file.example.org\nann@list.example.org\n")
        if harness.ENGINE != "postgres":
            self.server.stop()  # the embedded file is one process's
        try:
            done = self.server.cli("exclusions", "import", path, "--source", "crm", "--account", self.account.id)
        finally:
            if harness.ENGINE != "postgres":
                self.server.start()
                self.api.close()
                self.admin.close()
        self.assertEqual(done.stdout.strip(), "imported 2, updated 0, rejected 0")
        self.assertEqual(self.ends(leads), {"file.example.org": "excluded_domain", "free.example.org": None,
                                            "mail.file.example.org": "excluded_domain",
                                            "list.example.org": "excluded_email"})

    def test_more_leads_than_one_step_takes(self):
        id = self.sequence(call(delay_days=30))
        for part in range(6):
            body = {"leads": [{"email": f"p{part}.{number}@crowd.example.org"} for number in range(200)]}
            self.admin.post(f"{LIST}/{id}/leads", body, expect=200)
        self.exclude("domain", "crowd.example.org")
        self.assertEqual(self.admin.get(f"{LIST}/{id}/leads", expect=200).json["counts"], {"removed": 1200})

    def test_more_leads_than_a_request_removes(self):
        """A job removes the rest, also when the server is killed meanwhile; none of another account."""
        others = self.add_at(self.sequence(call(delay_days=30)), "other-crowd.example.org")
        id = self.sequence(call(delay_days=30))
        for part in range(14):
            body = {"leads": [{"email": f"p{part}.{number}@large.example.org"} for number in range(200)]}
            self.admin.post(f"{LIST}/{id}/leads", body, expect=200)
        self.stranger.post("/excluded-domains", {"excluded_domains": [{"domain": "other-crowd.example.org"}]},
                           expect=200)
        self.exclude("domain", "large.example.org")
        self.assertGreaterEqual(self.counts(id)["removed"], 2000)
        self.assertEqual(len(self.rows("SELECT id FROM jobs WHERE kind = 'excluded_leads'")), 1)
        if harness.ENGINE != "postgres":  # where another process might hold the lease: it runs out first
            self.server.kill()
            self.server.start()
            self.admin.close()
        self.server.wait_for(lambda: self.counts(id) == {"removed": 2800}, "the rest", 60)
        told, = self.rows("SELECT count(*), count(DISTINCT lead_id) FROM events WHERE kind = 'lead_removed' "
                          f"AND sequence_id = '{id}'")
        self.assertEqual([int(n) for n in told], [2800, 2800])
        self.assertEqual(self.ends(others), {"other-crowd.example.org": None})

    def counts(self, id):
        return self.admin.get(f"{LIST}/{id}/leads", expect=200).json["counts"]

    def test_as_many_as_a_request_may_name(self):
        leads = self.add_at(self.sequence(call(delay_days=30)), "last.many.example.org")
        for kind in ("domain", "email"):
            at = "ann@" if kind == "email" else ""
            values = [f"{at}d{number}.many.example.org" for number in range(MANY - 1)]
            answer = self.exclude(kind, *values, f"{at}last.many.example.org")
            self.assertEqual(len(answer), MANY)
            self.assertEqual(self.ends(leads), {"last.many.example.org": "excluded_domain"})


if __name__ == "__main__":
    unittest.main()
