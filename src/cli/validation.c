#include "cli/validation.h"

#include "base/mem.h"
#include "cli/verify.h"
#include "enrich/address_finder.h"
#include "enrich/validator.h"

struct validation_service {
    struct lists *lists;
    struct validator_cache *cache;
    struct verify_engine *engine;
    struct validator *validator;
    struct address_finder *finder;
};

enum rc validation_service_start(struct cli *cli, struct validation_service **ret_service) {
    struct validation_service *s = MEM_NEW(struct validation_service);
    *s = (struct validation_service){ 0 };
    enum rc rc = cli_lists(cli, &s->lists);
    if (rc == OK) {
        s->cache = validator_cache_new(cli->db, &cli->services);
        rc = cli_verify_engine(cli, s->lists, validator_cache_of(s->cache), &s->engine);
    }
    if (rc != OK) {
        validation_service_stop(&s);
        return rc;
    }
    cli->services.verify = s->engine;
    cli->services.wake_validations = validator_wake;
    cli->services.addresses.finds
        = cli->config.reveal.find_addresses && verify_engine_probes(s->engine);
    cli->services.addresses.wake = address_finder_wake;
    s->validator = validator_start(&(struct validator_options){
        .db = cli->db, .services = &cli->services, .engine = s->engine,
        .per_hour = cli->config.verify.per_hour,
        .is_only_process = db_engine(cli->db) == DB_SQLITE });
    if (cli->services.addresses.finds)
        s->finder = address_finder_start(cli->db, &cli->services, s->engine);
    *ret_service = s;
    return OK;
}

void validation_service_stop(struct validation_service **service) {
    struct validation_service *s = *service;
    if (!s)
        return;
    address_finder_stop(&s->finder);
    validator_stop(&s->validator);
    verify_engine_free(&s->engine);
    if (s->cache)
        validator_cache_free(&s->cache);
    if (s->lists)
        lists_free(&s->lists);
    mem_free(s);
    *service = NULL;
}
