/* Who is excluded: an address by itself, by its domain, or by a domain above that one. */
#ifndef SEQUENCE_EXCLUDED_H
#define SEQUENCE_EXCLUDED_H

#include "base/ctx.h"
#include "base/map.h"
#include "data/urls.h"
#include "store/exclusions.h"
#include "store/jobs.h"

/* The domains that exclude the address: its own first, then those above it, up to the one
 * that somebody registered. Slices of it. */
struct strs excluding_domains(struct arena *arena, const struct email *email);

/* Finds which of the addresses (in normal form) are excluded: *ret_reasons, on the arena, maps
 * each of those to a const struct str, "excluded_email" or "excluded_domain". Two queries. */
MUST_USE enum rc excluded_among(struct ctx *ctx, struct strs emails, struct map *ret_reasons);

/* The same of one; *ret_reason is absent when it is not excluded. An absent one is not. */
MUST_USE enum rc excluded_reason(struct ctx *ctx, struct str email, struct str *ret_reason);

/* The addresses or domains (in normal form) were excluded: removes their leads, but for those
 * that were added in spite of exclusions. Each few hundred in a transaction of their own: whom a
 * failure leaves is removed when their time comes. Not inside db_transact. */
MUST_USE enum rc excluded_remove_leads(struct ctx *ctx, enum exclusion_kind kind, struct strs values);

/* The same for a request, which ends soon: of more than some thousand leads a job removes the rest. */
MUST_USE enum rc excluded_begin_removal(struct ctx *ctx, enum exclusion_kind kind, struct strs values);

/* The function of that job (jobs/kinds.c). */
#define EXCLUDED_LEADS_JOB "excluded_leads"
MUST_USE enum rc excluded_leads_job(struct ctx *ctx, const struct job *job);

#endif
