/* The configuration: one table of keys (config_keys.c) drives the loader, the
 * environment, `outrider config` and the sample file. Priority, rising: the default,
 * the file of --config, the environment, --set.
 *
 *   file         [verify]
 *                smtp_port = 2525
 *   environment  OUTRIDER_VERIFY_SMTP_PORT=2525
 *   option       --set verify.smtp_port=2525
 *
 * Thread rule: immutable once loaded, shared by all threads. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "base/buf.h"
#include "base/ctx.h"
#include "base/field.h"

enum config_type {
    CONFIG_BOOL,      /* bool: true or false */
    CONFIG_INT,       /* int64_t */
    CONFIG_REAL,      /* double, not negative */
    CONFIG_TEXT,      /* struct str; empty means not set */
    CONFIG_CHOICE,    /* int: index into `choices` */
    CONFIG_ADDRESSES, /* struct strs: ip:port, [ip6]:port, separated by commas or spaces */
    CONFIG_IPS,       /* struct strs: the same without ports and brackets */
    CONFIG_NETWORKS,  /* struct strs: 10.1.0.0/16, 2001:db8::/32, or one address */
};

enum config_source { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_OPTION };

enum { CONFIG_KEYS_MAX = 96 };

struct config {
    struct { struct str url; /* "postgresql://…"; empty: the embedded file */ } database;
    struct {
        int64_t head_ms, body_ms, idle_ms, drain_ms, idempotency_lock_ms;
        int64_t connections_max, connections_per_address;
        int64_t threads;
        struct str public_url; /* empty: not known */
    } http;
    struct { int64_t workers; } jobs;
    struct { int level, format; /* enum log_level, enum log_format */ } log;
    struct {
        bool allow_private; int64_t test_wait_ms, keep_days, poll_ms, readers;
        struct str ca_file; /* empty: the machine's authorities alone */
    } mail;
    struct {
        struct str google_client_id, google_client_secret, google_consent_url, google_token_url;
        struct str microsoft_client_id, microsoft_client_secret, microsoft_consent_url, microsoft_token_url;
    } oauth;
    struct {
        int64_t usual, people_search, people_find, call_recording; /* a minute, the last an hour; 0: no limit */
    } rate_limit;
    struct { struct str hook_url, hook_token; bool hook_allow_private; } reply;
    struct { bool allow_private, find_addresses; struct str provider_url; int64_t timeout_ms; } reveal;
    struct { int engine; } search; /* enum search_engine */
    struct { struct str key_file; /* empty: DATA_DIR/secret.key */ } security;
    struct { bool linkedin_allow_private; double clock_scale; int64_t senders, tick_ms; struct str linkedin_url, linkedin_secret; } sequence;
    struct {
        bool allow_private, bare_rejects, probe;
        struct strs dns_servers, source_addresses; /* empty: the machine's own; any */
        struct str helo, mail_from; /* probing is off without both */
        /* in the place of the embedded lists; empty: those */
        struct str allowed_file, disposable_file, free_file, role_file, special_use_file, suggested_file;
        int64_t connections, site_connections, site_connects, site_recipients, source_per_day;
        int64_t connect_ms, reply_ms, per_hour, smtp_port;
        double retry_scale;
    } verify;
    struct {
        bool allow_private; double retry_scale; struct strs allow_networks; struct str ca_file;
        int64_t concurrency, connections, keep_days, timeout_ms;
    } webhook;
    enum config_source source[CONFIG_KEYS_MAX]; /* by position in config_keys */
};

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum search_engine { SEARCH_ENGINE_INDEX, SEARCH_ENGINE_SQL };

struct config_key {
    const char *name; /* "verify.smtp_port"; section and key each without a dot */
    enum config_type type;
    bool secret; /* the value is never printed */
    size_t offset;
    const char *fallback;       /* the default, as it would be written in the file */
    int64_t min, max;           /* of integers */
    const char *const *choices; /* CONFIG_CHOICE; ends with NULL */
    const char *doc;            /* one or two sentences */
};

/* Sorted by name. */
extern const struct config_key config_keys[];
extern const size_t config_keys_count;

struct config_from {
    const char *file;              /* INI file, or NULL */
    const char *const *environment; /* "NAME=value", ends with NULL; or NULL */
    const struct str *settings;    /* "key=value", as given to --set */
    size_t n_settings;
};

/* Fills *ret_config from all sources; texts live in ctx->arena. E_INVALID for an
 * unknown key, a bad value, a bad line; the message names the key and where it came
 * from, and holds no secret value. E_NOT_FOUND, E_IO when the file cannot be read. An
 * environment variable OUTRIDER_X_Y is judged when there is a section `x`; others are
 * left alone (container platforms set OUTRIDER_PORT and the like for a service of
 * this name). */
MUST_USE enum rc config_load(struct ctx *ctx, const struct config_from *from,
                             struct config *ret_config);

/* The text of an INI file, for config_load and its fuzzer. `name` is for messages. */
MUST_USE enum rc config_read_ini(struct ctx *ctx, const char *name, struct str text,
                                 struct config *config);

/* The value as it would be written in the file; "(set)" for a secret that is set. */
void config_print_value(struct buf *b, const struct config *config, const struct config_key *key);

#endif
