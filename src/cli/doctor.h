/* `outrider doctor`: each check is a row of the table in doctor.c and says what it
 * found, whether that is good, and what to do. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/commands.h"

enum verdict { GOOD, ODD, BAD };

struct finding {
    enum verdict verdict;
    struct str text;   /* what was found */
    const char *advice; /* what to do; NULL when good */
};

/* What the checks share, so that nothing is asked twice. */
struct doctor {
    struct cli *cli;
    const char *domain;      /* whose mail server is tried */
    struct str mail_server;  /* an address, when DNS gave one */
    struct str mail_host;    /* its name */
    struct str own_address;  /* the address that we have towards it */
};

/* doctor_mail.c */
struct finding check_dns(struct doctor *doctor);
struct finding check_smtp_port(struct doctor *doctor);
struct finding check_helo(struct doctor *doctor);
struct finding check_sender(struct doctor *doctor);

/* doctor_mailboxes.c */
struct finding check_mailboxes(struct doctor *doctor);

/* Findings with formatted text. */
#define good(doctor, ...) \
    ((struct finding){ GOOD, arena_printf((doctor)->cli->ctx.arena, __VA_ARGS__), NULL })
#define odd(doctor, what_to_do, ...) \
    ((struct finding){ ODD, arena_printf((doctor)->cli->ctx.arena, __VA_ARGS__), (what_to_do) })
#define bad(doctor, what_to_do, ...) \
    ((struct finding){ BAD, arena_printf((doctor)->cli->ctx.arena, __VA_ARGS__), (what_to_do) })

#endif
