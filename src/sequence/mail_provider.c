#include "sequence/mail_provider.h"

#include "base/check.h"
#include "net/host.h"

static const struct mail_provider providers[] = {
#define PROVIDER(name, kind, domains, mx, smtp_host, smtp_port, imap_host, limit, spf, selectors, advice) \
    { name, STR(kind), domains, mx, STR(smtp_host), smtp_port, STR(imap_host), limit, STR(spf), \
      selectors, advice },
#include "sequence/mail_providers.def"
#undef PROVIDER
};

/* The longest of the words that `host` ends with, in whole labels; 0 without one. */
static size_t suffix_length(const char *words, struct str host) {
    struct str rest = str_of(words), word;
    size_t longest = 0;
    while (str_word(&rest, &word)) {
        bool ends = str_ends_nocase(host, word)
                    && (host.n == word.n || host.p[host.n - word.n - 1] == '.');
        if (ends && word.n > longest)
            longest = word.n;
    }
    return longest;
}

const struct mail_provider *mail_provider_of_domain(struct str domain) {
    for (size_t i = 0; i < LENGTH(providers); i++)
        if (suffix_length(providers[i].domains, domain) == domain.n && domain.n)
            return &providers[i];
    return NULL;
}

const struct mail_provider *mail_provider_of_mx(struct str mx_host) {
    const struct mail_provider *found = NULL;
    size_t longest = 0;
    for (size_t i = 0; i < LENGTH(providers); i++) {
        size_t n = suffix_length(providers[i].mx, mx_host);
        if (n > longest) {
            longest = n;
            found = &providers[i];
        }
    }
    return found;
}

const struct mail_provider *mail_provider_of_server(struct str host) {
    for (size_t i = 0; i < LENGTH(providers); i++)
        if (str_eq_nocase(host, providers[i].smtp_host) || str_eq_nocase(host, providers[i].imap_host))
            return &providers[i];
    return NULL;
}

/* The record that comes first; NULL without any. A target of "." says that there is none. */
static const struct dns_record *first_of(const struct dns_answer *answer) {
    const struct dns_record *first = NULL;
    for (size_t i = 0; i < answer->n; i++)
        if (answer->records[i].name.n && (!first || answer->records[i].preference < first->preference))
            first = &answer->records[i];
    return first;
}

const struct mail_provider *mail_provider_find(const struct resolver *resolver, struct arena *arena,
                                               struct str domain) {
    const struct mail_provider *provider = mail_provider_of_domain(domain);
    if (provider)
        return provider;
    struct dns_answer answer = resolver_ask(resolver, arena, domain, DNS_MX);
    const struct dns_record *mx = first_of(&answer);
    return mx ? mail_provider_of_mx(mx->name) : NULL;
}

/* --- settings --- */

struct found {
    struct str host;
    int port;
    bool tls;
};

static bool is_believed(struct str host, struct str domain) {
    return str_eq_nocase(host_registrable(host), host_registrable(domain)) || mail_provider_of_server(host);
}

/* The first service of the two that the domain offers at a server that is believed. */
static bool ask_srv(const struct resolver *resolver, struct arena *arena, const char *const services[2],
                    struct str domain, struct found *ret_found) {
    for (int i = 0; i < 2; i++) {
        struct str name = arena_printf(arena, "%s.%.*s", services[i], STR_FMT(domain));
        struct dns_answer answer = resolver_ask(resolver, arena, name, DNS_SRV);
        const struct dns_record *srv = first_of(&answer);
        if (!srv || !srv->port || !is_believed(srv->name, domain))
            continue;
        *ret_found = (struct found){ srv->name, (int) srv->port, i == 0 };
        return true;
    }
    return false;
}

static void take(struct found found, struct str *host, struct opt_int *port, struct str *security) {
    *host = found.host;
    if (!port->set)
        *port = opt_int(found.port);
    if (!str_is_set(*security))
        *security = found.tls ? STR("tls") : STR("starttls");
}

static void fill_smtp(struct mailbox_settings *s, const struct mail_provider *provider,
                      const struct resolver *resolver, struct arena *arena, struct str domain) {
    static const char *const services[2] = { "_submissions._tcp", "_submission._tcp" };
    struct found found;
    if (str_is_set(s->smtp_host))
        return;
    if (provider)
        found = (struct found){ provider->smtp_host, provider->smtp_port, provider->smtp_port == 465 };
    else if (!ask_srv(resolver, arena, services, domain, &found))
        return;
    take(found, &s->smtp_host, &s->smtp_port, &s->smtp_security);
}

static void fill_imap(struct mailbox_settings *s, const struct mail_provider *provider,
                      const struct resolver *resolver, struct arena *arena, struct str domain) {
    static const char *const services[2] = { "_imaps._tcp", "_imap._tcp" };
    struct found found;
    if (str_is_set(s->imap_host))
        return;
    if (provider)
        found = (struct found){ provider->imap_host, 993, true };
    else if (!ask_srv(resolver, arena, services, domain, &found))
        return;
    take(found, &s->imap_host, &s->imap_port, &s->imap_security);
}

/* By who runs the two servers; two operators are other_mixed. */
static struct str kind_of(const struct mailbox_settings *s) {
    const struct mail_provider *smtp = mail_provider_of_server(s->smtp_host);
    const struct mail_provider *imap = mail_provider_of_server(s->imap_host);
    if (smtp && imap && str_eq(smtp->kind, imap->kind))
        return smtp->kind;
    struct str sends = host_registrable(s->smtp_host), receives = host_registrable(s->imap_host);
    bool same = str_eq_nocase(s->smtp_host, s->imap_host)
                || (str_is_set(sends) && str_eq_nocase(sends, receives));
    return same ? STR("other") : STR("other_mixed");
}

void mail_settings_fill(struct mailbox_settings *settings, const struct mail_provider *provider,
                        const struct resolver *resolver, struct arena *arena, struct str domain) {
    fill_smtp(settings, provider, resolver, arena, domain);
    fill_imap(settings, provider, resolver, arena, domain);
    if (!str_is_set(settings->email_provider) && str_is_set(settings->smtp_host)
        && str_is_set(settings->imap_host))
        settings->email_provider = kind_of(settings);
}

struct budget_limits mailbox_limits(const struct mailbox *mailbox) {
    const struct mail_provider *provider = mail_provider_of_server(mailbox->smtp_host);
    return (struct budget_limits){
        .daily = mailbox->daily_email_limit.v,
        .provider = provider ? provider->limit : 0,
        .ramp_start = mailbox->ramp_start.v,
        .ramp_step = mailbox->ramp_step.v,
        /* one that was never active sends nothing anyway */
        .ramp_since = mailbox->ramp_since.set ? mailbox->ramp_since.v : mailbox->created_at.v,
        .throttled_until_ms = mailbox->throttled_until.set ? mailbox->throttled_until.v : 0,
    };
}
