/* What the whole process shares and lower layers need: made once by the command that
 * runs (cli/), immutable while threads run, reached through ctx->services. */
#ifndef STORE_SERVICES_H
#define STORE_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/field.h"
#include "net/address.h"

struct stream_trust; /* net/stream.h */
struct follower; /* search/follow.h */
struct secrets;

struct services {
    const struct secrets *secrets;
    struct {
        struct str provider_url; /* absent: unknown addresses are not looked for */
        bool allow_private;      /* the provider may be on a private address */
        int64_t timeout_ms;      /* how long GET /people/find waits for it */
    } reveal;
    struct {
        bool allow_private; /* recordings of calls may be on private addresses */
    } recordings;
    struct {
        bool finds;         /* addresses are looked for (enrich/address_finder.h) */
        void (*wake)(void); /* a search was committed; NULL where none are made */
    } addresses;
    struct {
        const struct stream_trust *trust; /* judges the certificates of mail servers */
        bool allow_private;               /* they may be on private addresses */
        struct strs dns_servers;          /* none: those of the machine */
        struct str local_name;            /* given to them in EHLO */
        struct str public_url;            /* of this server, without a slash at its end; absent: none */
        int64_t test_wait_ms;             /* for the message that a test sends to itself */
        int64_t poll_ms;                  /* between looks at a mailbox that tells no news */
    } mail;
    struct {
        struct str hook_url, hook_token; /* absent: nobody else is asked for labels; none is sent */
        bool hook_allow_private;         /* it may be on a private address */
    } replies;
    struct oauth_client {
        struct str client_id, client_secret, consent_url, token_url;
    } oauth_google, oauth_microsoft; /* without an id: cannot be used */
    struct {
        double clock_scale;  /* how much faster than real time sequences' days pass; 0: as fast */
        int64_t clock_since; /* from then on */
        int64_t tick_ms;     /* how often the engine looks at least */
        struct str linkedin_url, linkedin_secret; /* absent: no connector */
        bool linkedin_allow_private;              /* it may be on a private address */
    } sequence;
    struct {
        struct address_rules addresses; /* where webhooks may lead */
        const char *ca_file;            /* authorities beside the machine's; NULL: none */
        int64_t concurrency;            /* requests at a time to one that says nothing else */
        int64_t connections;            /* to all */
        int64_t timeout_ms;             /* of a request */
        double retry_scale;             /* multiplies waits */
    } webhooks;
    struct follower *search; /* NULL: the database answers searches */
    struct verify_engine *verify; /* NULL: no addresses are validated in this process */
    /* Both NULL where no jobs run (jobs/runner.h). */
    void (*wake_jobs)(void);     /* a job was committed */
    bool (*jobs_stopping)(void); /* long jobs should make room */
    void (*wake_sequences)(void); /* leads may be due; NULL where no engine runs */
    void (*wake_webhooks)(void); /* something is about to be committed for them; NULL where none are delivered */
    void (*wake_validations)(void); /* a validation was committed; NULL where none are worked off */
};

#endif
