#include "cli/verify_options.h"

/* Delays are whole milliseconds: the engine makes one of anything smaller. */
static const double no_delay = 1e-9;

struct verify_options verify_options_of(const struct config *config) {
    return (struct verify_options){
        .dns_servers = config->verify.dns_servers,
        .source_addresses = config->verify.source_addresses,
        .helo = config->verify.helo,
        .mail_from = config->verify.mail_from,
        .probe = config->verify.probe,
        .bare_rejects = config->verify.bare_rejects,
        .allow_private = config->verify.allow_private,
        .retry_scale = config->verify.retry_scale > 0 ? config->verify.retry_scale : no_delay,
        .smtp_port = config->verify.smtp_port,
        .connect_ms = config->verify.connect_ms,
        .reply_ms = config->verify.reply_ms,
        .connections_max = config->verify.connections,
        .site_connections = config->verify.site_connections,
        .site_connects_per_minute = config->verify.site_connects ? config->verify.site_connects : -1,
        .site_recipients = config->verify.site_recipients,
        .source_per_day = config->verify.source_per_day,
    };
}
