/* Web addresses as people write them: LinkedIn pages, domains and email addresses to the
 * one form by which they are compared and stored.
 *
 * Pure functions, any thread; results live in the arena, outputs are untouched on failure.
 * Whether an address exists is not asked here (verify/). */
#ifndef DATA_URLS_H
#define DATA_URLS_H

#include "base/arena.h"
#include "base/rc.h"
#include "base/str.h"

/* ---- URLs ---- */

/* Slices of the text that was split. */
struct url {
    struct str scheme; /* absent when there is none */
    struct str host;   /* without user, password and port; as written, may be empty */
    struct str path;   /* from the first slash on, without query and fragment */
};

/* Takes apart "https://user@host:80/path?query#fragment", where everything but the host
 * may be missing. E_INVALID for white space within, or a port that is no number. */
MUST_USE enum rc url_split(struct str text, struct url *ret_url);

/* ---- LinkedIn ---- */

enum linkedin_kind { LINKEDIN_PERSON, LINKEDIN_COMPANY };

struct linkedin {
    enum linkedin_kind kind;
    struct str url; /* "https://www.linkedin.com/in/jos%C3%A9-p%C3%A9rez" */
    struct str key; /* "in/josé-pérez", "company/acme": equal for equal pages */
};

/* A profile (/in/, /pub/) or the page of a company, school or showcase, in any of the
 * forms that browsers, exports and mails have: no scheme, country and mobile hosts, a
 * locale or a tab behind the name, tracking parameters, percent-encoding, either case.
 * Schools and showcases share the names of companies, so their keys are "company/…" too.
 * E_INVALID for everything else, also for pages on LinkedIn that name nobody (searches,
 * posts, Sales Navigator leads, short links). */
MUST_USE enum rc linkedin_parse(struct arena *arena, struct str text, struct linkedin *ret_page);

/* ---- Domains ---- */

struct domain {
    struct str host;        /* ASCII, lower case, no trailing dot, without "www." */
    struct str registrable; /* by the public suffix list, private part included:
                               "bbc.co.uk", "acme.github.io" */
};

/* The domain of a URL, a bare host name or an email address. International names become
 * ASCII (UTS #46, non-transitional). E_INVALID for IP addresses, single labels, ill-formed
 * names and bare public suffixes ("co.uk"). */
MUST_USE enum rc domain_parse(struct arena *arena, struct str text, struct domain *ret_domain);

/* "mail.example.com" -> "com.example.mail.": sorted so, a domain begins all that are below it. */
struct str domain_reversed(struct arena *arena, struct str host);

/* True when anybody gets a mailbox there (gmail.com), so that the domain says nothing
 * about a person's company. */
bool domain_is_free_mail(const struct domain *domain);

/* ---- Email addresses ---- */

struct email {
    struct str address; /* lower case, the domain in ASCII */
    struct str local;   /* before the @ */
    struct domain domain; /* the host keeps its "www.", and a public suffix (gov.uk) is
                             its own registrable domain */
};

/* "Bob@Acme.com", " <bob@acme.com>", "mailto:bob@acme.com?subject=x", "Bob <bob@acme.com>".
 * A check of the shape only: dot-atom of at most 64 bytes (RFC 5321, 4.5.3.1; RFC 6531
 * allows letters beyond ASCII), a domain, 254 bytes in all. E_INVALID otherwise, also for
 * quoted local parts, which no import means. */
MUST_USE enum rc email_parse(struct arena *arena, struct str text, struct email *ret_email);

/* The registrable domain of an address, for finding colleagues: absent where anybody gets a
 * mailbox, or where it is no address. */
struct str email_company_domain(struct arena *arena, struct str address);

#endif
