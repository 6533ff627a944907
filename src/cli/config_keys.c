/* The table of configuration keys, in the order of their names. A new key is a member
 * of struct config and one row here: see docs/adding.md, "An option". */
#include "base/check.h"
#include "base/clock.h"
#include "cli/config.h"

/* The member's C type is checked against the key's type when this is compiled. */
#define KEY(key_type, c_type, key_name, member, default_text, ...)               \
    { .name = (key_name), .type = (key_type), .fallback = (default_text),        \
      .offset = FIELD_OFFSET(struct config, member, c_type), __VA_ARGS__ }
#define K_BOOL(name, member, ...)      KEY(CONFIG_BOOL, bool, name, member, __VA_ARGS__)
#define K_INT(name, member, ...)       KEY(CONFIG_INT, int64_t, name, member, __VA_ARGS__)
#define K_REAL(name, member, ...)      KEY(CONFIG_REAL, double, name, member, __VA_ARGS__)
#define K_TEXT(name, member, ...)      KEY(CONFIG_TEXT, struct str, name, member, __VA_ARGS__)
#define K_CHOICE(name, member, ...)    KEY(CONFIG_CHOICE, int, name, member, __VA_ARGS__)
#define K_IPS(name, member, ...)       KEY(CONFIG_IPS, struct strs, name, member, __VA_ARGS__)
#define K_NETWORKS(name, member, ...)  KEY(CONFIG_NETWORKS, struct strs, name, member, __VA_ARGS__)
#define K_ADDRESSES(name, member, ...) KEY(CONFIG_ADDRESSES, struct strs, name, member, __VA_ARGS__)

enum { RATE_MAX = 1000000 };

static const char *const log_levels[] = { "debug", "info", "warn", "error", NULL };
static const char *const search_engines[] = { "index", "sql", NULL };
static const char *const log_formats[] = { "text", "json", NULL };

const struct config_key config_keys[] = {
    K_TEXT("database.url", database.url, "", .secret = true,
           .doc = "postgresql://… to use PostgreSQL. Empty: SQLite in the data directory. "
                  "The same as --database, but not shown in the process list."),
    K_INT("http.body_ms", http.body_ms, "30000", .min = 1, .max = HOUR_MS,
          .doc = "Time for a request's body; a large one gets a second more for each 16 KB."),
    K_INT("http.connections_max", http.connections_max, "4096", .min = 1, .max = 1000000,
          .doc = "Open connections; more are refused."),
    K_INT("http.connections_per_address", http.connections_per_address, "256", .min = 0,
          .max = 1000000,
          .doc = "Open connections from one address; 0 for no limit, as behind a proxy."),
    K_INT("http.drain_ms", http.drain_ms, "10000", .min = 0, .max = HOUR_MS,
          .doc = "How long running requests may go on after SIGTERM."),
    K_INT("http.head_ms", http.head_ms, "10000", .min = 1, .max = HOUR_MS,
          .doc = "Time for a request's line and headers, from its first byte."),
    K_INT("http.idempotency_lock_ms", http.idempotency_lock_ms, "60000", .min = 100, .max = HOUR_MS,
          .doc = "How long a request that ended with its process holds its Idempotency-Key."),
    K_INT("http.idle_ms", http.idle_ms, "60000", .min = 1, .max = HOUR_MS,
          .doc = "How long a connection without a request is kept open."),
    K_TEXT("http.public_url", http.public_url, "",
           .doc = "Where everybody reaches this server, as https://outrider.example.com, in messages' "
                  "links and after consents. Empty: no such consents, no links of ours, and "
                  "List-Unsubscribe is an address."),
    K_INT("http.threads", http.threads, "0", .min = 0, .max = 256,
          .doc = "Threads that answer requests; 0 for one per processor."),
    K_INT("jobs.workers", jobs.workers, "2", .min = 1, .max = 64,
          .doc = "Threads that do background work."),
    K_CHOICE("log.format", log.format, "text", .choices = log_formats,
             .doc = "Form of a log line on stderr: key=value pairs, or a JSON object."),
    K_CHOICE("log.level", log.level, "info", .choices = log_levels,
             .doc = "Lines below this level are not written."),
    K_BOOL("mail.allow_private", mail.allow_private, "false",
           .doc = "Mailboxes may have their servers on loopback and private addresses."),
    K_TEXT("mail.ca_file", mail.ca_file, "",
           .doc = "PEM file with more authorities whose certificates mail servers may have."),
    K_INT("mail.keep_days", mail.keep_days, "90", .min = 1, .max = 36500,
          .doc = "How long the bytes of messages are kept after they were written; what is known "
                 "about them stays."),
    K_INT("mail.poll_ms", mail.poll_ms, "60000", .min = 10, .max = HOUR_MS,
          .doc = "How often a mailbox is looked at whose server cannot tell of news (IDLE)."),
    K_INT("mail.readers", mail.readers, "4", .min = 0, .max = 64,
          .doc = "How many mailboxes are read at a time; each may take a connection to "
                 "PostgreSQL. 0: this process reads none."),
    K_INT("mail.test_wait_ms", mail.test_wait_ms, "120000", .min = 1, .max = HOUR_MS,
          .doc = "How long the test of a mailbox waits for the message that it sends to itself."),
    K_TEXT("oauth.google_client_id", oauth.google_client_id, "",
           .doc = "Client of the Google project whose consent the refresh tokens come from."),
    K_TEXT("oauth.google_client_secret", oauth.google_client_secret, "", .secret = true,
           .doc = "Its secret."),
    K_TEXT("oauth.google_consent_url", oauth.google_consent_url, "https://accounts.google.com/o/oauth2/v2/auth",
           .doc = "Where a browser asks for the consent."),
    K_TEXT("oauth.google_token_url", oauth.google_token_url, "https://oauth2.googleapis.com/token",
           .doc = "Where access tokens come from."),
    K_TEXT("oauth.microsoft_client_id", oauth.microsoft_client_id, "",
           .doc = "The same for Microsoft: the application's id."),
    K_TEXT("oauth.microsoft_client_secret", oauth.microsoft_client_secret, "", .secret = true,
           .doc = "Its secret."),
    K_TEXT("oauth.microsoft_consent_url", oauth.microsoft_consent_url,
           "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
           .doc = "Where a browser asks for the consent; of one organisation as with the token URL."),
    K_TEXT("oauth.microsoft_token_url", oauth.microsoft_token_url,
           "https://login.microsoftonline.com/common/oauth2/v2.0/token",
           .doc = "Where access tokens come from; of one organisation: …/ORGANISATION-ID/oauth2/v2.0/token."),
    K_INT("rate_limit.call_recording", rate_limit.call_recording, "50", .min = 0, .max = RATE_MAX,
          .doc = "Requests an hour and account for GET /calls/{id}/recording; 0 switches the limit off."),
    K_INT("rate_limit.default", rate_limit.usual, "500", .min = 0, .max = RATE_MAX,
          .doc = "Requests a minute and account; 0 switches the limit off."),
    K_INT("rate_limit.people_find", rate_limit.people_find, "350", .min = 0, .max = RATE_MAX,
          .doc = "The same for GET /people/find."),
    K_INT("rate_limit.people_search", rate_limit.people_search, "300", .min = 0, .max = RATE_MAX,
          .doc = "The same for POST /people/search."),
    K_BOOL("reply.hook_allow_private", reply.hook_allow_private, "false",
           .doc = "The endpoint may have a loopback or private address."),
    K_TEXT("reply.hook_token", reply.hook_token, "", .secret = true,
           .doc = "Sent to it as a bearer token. Empty: none."),
    K_TEXT("reply.hook_url", reply.hook_url, "", .secret = true,
           .doc = "https://… that is asked for the label of replies that this program is not certain "
                  "of, a language model for example. Empty: a person decides."),
    K_BOOL("reveal.allow_private", reveal.allow_private, "false",
           .doc = "The provider may have a loopback or private address."),
    K_BOOL("reveal.find_addresses", reveal.find_addresses, "true",
           .doc = "Look for addresses that are not known by asking the company's mail servers, "
                  "where validation may ask them (verify.probe)."),
    K_TEXT("reveal.provider_url", reveal.provider_url, "", .secret = true,
           .doc = "https://… that is asked for addresses which are not known. Empty: none is."),
    K_INT("reveal.timeout_ms", reveal.timeout_ms, "20000", .min = 1, .max = 10 * MINUTE_MS,
          .doc = "How long GET /people/find waits for a reveal before it answers 408; the "
                 "work goes on and a later call gets the result."),
    K_CHOICE("search.engine", search.engine, "index", .choices = search_engines,
             .doc = "What answers searches: an index of its own beside the data directory, which "
                    "follows the database, or the database itself (sql)."),
    K_TEXT("security.key_file", security.key_file, "",
           .doc = "File with the installation's secret key, made on first use. Empty: "
                  "secret.key in the data directory."),
    K_REAL("sequence.clock_scale", sequence.clock_scale, "1",
           .doc = "How much faster than real time delays and sending windows pass. For tests."),
    K_BOOL("sequence.linkedin_allow_private", sequence.linkedin_allow_private, "false",
           .doc = "The connector may have a loopback or private address."),
    K_TEXT("sequence.linkedin_secret", sequence.linkedin_secret, "", .secret = true,
           .doc = "Key of the signatures by which the connector knows who asks."),
    K_TEXT("sequence.linkedin_url", sequence.linkedin_url, "",
           .doc = "Endpoint that does automatic LinkedIn stages. Empty: they are tasks for users."),
    K_INT("sequence.senders", sequence.senders, "8", .min = 0, .max = 64,
          .doc = "From how many mailboxes messages are sent at a time; each may take a connection "
                 "to PostgreSQL. 0: this process sends none."),
    K_INT("sequence.tick_ms", sequence.tick_ms, "1000", .min = 1, .max = HOUR_MS,
          .doc = "How often the sequence engine looks for what is due."),
    K_BOOL("verify.allow_private", verify.allow_private, "false",
           .doc = "Lets probes and webhooks reach loopback and private addresses. For tests."),
    K_TEXT("verify.allowed_file", verify.allowed_file, "",
           .doc = "File with domains that are never disposable, one a line, instead of the "
                  "list in the program."),
    K_BOOL("verify.bare_rejects", verify.bare_rejects, "false",
           .doc = "A mail server's refusal without a reason (a bare 550) means that there is no "
                  "such mailbox. False: the result is unknown."),
    K_INT("verify.connect_ms", verify.connect_ms, "15000", .min = 1, .max = HOUR_MS,
          .doc = "Time for connecting to a mail server."),
    K_INT("verify.connections", verify.connections, "1000", .min = 1, .max = 100000,
          .doc = "Connections to mail servers at once, all together."),
    K_TEXT("verify.disposable_file", verify.disposable_file, "",
           .doc = "The same as verify.allowed_file for domains that give away addresses for a "
                  "short time."),
    K_ADDRESSES("verify.dns_servers", verify.dns_servers, "",
                .doc = "DNS servers to ask, as ip:port. Empty: those of the machine."),
    K_TEXT("verify.free_file", verify.free_file, "",
           .doc = "The same as verify.allowed_file for domains where anybody gets a mailbox "
                  "for nothing."),
    K_TEXT("verify.helo", verify.helo, "",
           .doc = "Name given to mail servers in EHLO; has to resolve to this machine and back. "
                  "Empty: none is asked, validation stops at the DNS."),
    K_TEXT("verify.mail_from", verify.mail_from, "",
           .doc = "Address given to mail servers as the sender; one that receives mail, with SPF "
                  "for this machine. Empty: none is asked, validation stops at the DNS."),
    K_INT("verify.per_hour", verify.per_hour, "15000", .min = 0, .max = 100000000,
          .doc = "Validations an hour and account; 0 for no limit."),
    K_BOOL("verify.probe", verify.probe, "true",
           .doc = "Ask mail servers whether an address exists, once name and sender are set. "
                  "False: lists and DNS only."),
    K_INT("verify.reply_ms", verify.reply_ms, "45000", .min = 1, .max = HOUR_MS,
          .doc = "Time for each answer of a mail server; some wait 30 seconds before the first."),
    K_REAL("verify.retry_scale", verify.retry_scale, "1",
           .doc = "Multiplies every delay before a validation is tried again."),
    K_TEXT("verify.role_file", verify.role_file, "",
           .doc = "The same as verify.allowed_file for names of functions, such as info."),
    K_INT("verify.site_connections", verify.site_connections, "10", .min = 1, .max = 1000,
          .doc = "Connections at once to the mail servers of one operator; known providers "
                 "get fewer."),
    K_INT("verify.site_connects", verify.site_connects, "100", .min = 0, .max = 1000000,
          .doc = "New connections a minute to the mail servers of one operator; 0 for no limit."),
    K_INT("verify.site_recipients", verify.site_recipients, "50", .min = 1, .max = 10000,
          .doc = "Addresses asked for in one connection. It also ends after five refusals."),
    K_INT("verify.smtp_port", verify.smtp_port, "25", .min = 1, .max = 65535,
          .doc = "Port of the mail servers that are asked."),
    K_IPS("verify.source_addresses", verify.source_addresses, "",
          .doc = "The machine's addresses that connections to mail servers leave from. Each "
                 "site sees one of them, and another one when that is blocked. Empty: any."),
    K_INT("verify.source_per_day", verify.source_per_day, "0", .min = 0, .max = 100000000,
          .doc = "Addresses that are asked for from one source address a day; 0 for no limit."),
    K_TEXT("verify.special_use_file", verify.special_use_file, "",
           .doc = "The same as verify.allowed_file for domains that never receive mail."),
    K_TEXT("verify.suggested_file", verify.suggested_file, "",
           .doc = "The same as verify.allowed_file for domains that misspelled ones are held "
                  "against."),
    K_NETWORKS("webhook.allow_networks", webhook.allow_networks, "",
               .doc = "Networks beside the public ones that webhooks may lead to, such as those of "
                      "your own services: 10.1.0.0/16, 2001:db8::/32."),
    K_BOOL("webhook.allow_private", webhook.allow_private, "false",
           .doc = "Lets webhooks be delivered to loopback and private addresses, and recordings of "
                  "calls be fetched from there."),
    K_TEXT("webhook.ca_file", webhook.ca_file, "",
           .doc = "PEM file with authorities that webhooks are believed by, beside the machine's own."),
    K_INT("webhook.concurrency", webhook.concurrency, "10", .min = 1, .max = 100,
          .doc = "Requests at a time to a webhook that says nothing else."),
    K_INT("webhook.connections", webhook.connections, "1000", .min = 1, .max = 10000,
          .doc = "Requests at a time to all webhooks, by each process."),
    K_INT("webhook.keep_days", webhook.keep_days, "30", .min = 0, .max = 3650,
          .doc = "Days after which deliveries that have ended are forgotten, with their attempts; "
                 "0: never."),
    K_REAL("webhook.retry_scale", webhook.retry_scale, "1",
           .doc = "Multiplies every delay before a delivery is tried again."),
    K_INT("webhook.timeout_ms", webhook.timeout_ms, "15000", .min = 100, .max = 60000,
          .doc = "Time for a webhook's whole answer."),
};
const size_t config_keys_count = LENGTH(config_keys);

_Static_assert(LENGTH(config_keys) <= CONFIG_KEYS_MAX, "raise CONFIG_KEYS_MAX");
