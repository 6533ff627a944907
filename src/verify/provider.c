/* Host names of mail servers end in what their operator owns; the longest suffix wins. */
#include "base/check.h"
#include "verify/provider.h"

static const struct provider_facts facts[] = {
    { "other", TRUST_TESTED, false, false, 0, 0 },
#define PROVIDER(id, name, trust, one_recipient, is_gateway, connections, per_connection) \
    { name, TRUST_##trust, one_recipient, is_gateway, connections, per_connection },
#include "verify/providers.def"
#undef PROVIDER
};

static const struct {
    struct str suffix; /* whole labels */
    enum provider provider;
} suffixes[] = {
    { STR("olc.protection.outlook.com"), PROVIDER_OUTLOOK },
    { STR("mail.protection.outlook.com"), PROVIDER_MICROSOFT },
    { STR("mail.eo.outlook.com"), PROVIDER_MICROSOFT },
    { STR("mx.microsoft"), PROVIDER_MICROSOFT },
    { STR("hotmail.com"), PROVIDER_OUTLOOK },
    { STR("google.com"), PROVIDER_GOOGLE },
    { STR("googlemail.com"), PROVIDER_GOOGLE },
    { STR("psmtp.com"), PROVIDER_GOOGLE },
    { STR("yahoodns.net"), PROVIDER_YAHOO },
    { STR("yahoo.com"), PROVIDER_YAHOO },
    { STR("mail.icloud.com"), PROVIDER_ICLOUD },
    { STR("mail.me.com"), PROVIDER_ICLOUD },
    { STR("pphosted.com"), PROVIDER_PROOFPOINT },
    { STR("ppe-hosted.com"), PROVIDER_PROOFPOINT },
    { STR("mimecast.com"), PROVIDER_MIMECAST },
    { STR("mimecast.co.za"), PROVIDER_MIMECAST },
    { STR("mimecast-offshore.com"), PROVIDER_MIMECAST },
    { STR("barracudanetworks.com"), PROVIDER_BARRACUDA },
    { STR("trendmicro.com"), PROVIDER_TRENDMICRO },
    { STR("trendmicro.eu"), PROVIDER_TRENDMICRO },
    { STR("iphmx.com"), PROVIDER_CISCO },
    { STR("messagelabs.com"), PROVIDER_BROADCOM },
    { STR("mailcontrol.com"), PROVIDER_FORCEPOINT },
    { STR("hornetsecurity.com"), PROVIDER_HORNETSECURITY },
    { STR("antispameurope.com"), PROVIDER_HORNETSECURITY },
    { STR("reflexion.net"), PROVIDER_SOPHOS },
    { STR("sophos.com"), PROVIDER_SOPHOS },
    { STR("spamexperts.com"), PROVIDER_SPAMEXPERTS },
    { STR("antispamcloud.com"), PROVIDER_SPAMEXPERTS },
    { STR("zerospam.ca"), PROVIDER_ZEROSPAM },
    { STR("zixmail.net"), PROVIDER_ZIX },
    { STR("comcast.net"), PROVIDER_COMCAST },
    { STR("cox.net"), PROVIDER_COX },
    { STR("prodigy.net"), PROVIDER_ATT },
    { STR("att.net"), PROVIDER_ATT },
    { STR("orange.fr"), PROVIDER_ORANGE },
    { STR("laposte.net"), PROVIDER_LAPOSTE },
    { STR("gmx.net"), PROVIDER_GMX },
    { STR("gmx.com"), PROVIDER_GMX },
    { STR("web.de"), PROVIDER_GMX },
    { STR("mail.com"), PROVIDER_GMX },
    { STR("yandex.net"), PROVIDER_YANDEX },
    { STR("yandex.ru"), PROVIDER_YANDEX },
    { STR("mail.ru"), PROVIDER_MAILRU },
    { STR("qq.com"), PROVIDER_QQ },
    { STR("163.com"), PROVIDER_NETEASE },
    { STR("126.com"), PROVIDER_NETEASE },
    { STR("netease.com"), PROVIDER_NETEASE },
    { STR("zoho.com"), PROVIDER_ZOHO },
    { STR("zoho.eu"), PROVIDER_ZOHO },
    { STR("zoho.in"), PROVIDER_ZOHO },
    { STR("secureserver.net"), PROVIDER_GODADDY },
    { STR("emailsrvr.com"), PROVIDER_RACKSPACE },
    { STR("messagingengine.com"), PROVIDER_FASTMAIL },
    { STR("protonmail.ch"), PROVIDER_PROTON },
    { STR("improvmx.com"), PROVIDER_IMPROVMX },
};

static bool is_below(struct str host, struct str suffix) {
    return str_ends_nocase(host, suffix)
           && (host.n == suffix.n || host.p[host.n - suffix.n - 1] == '.');
}

enum provider provider_of_host(struct str mx_host) {
    if (mx_host.n && mx_host.p[mx_host.n - 1] == '.')
        mx_host.n--;
    size_t longest = 0;
    enum provider found = PROVIDER_OTHER;
    for (size_t i = 0; i < LENGTH(suffixes); i++) {
        if (suffixes[i].suffix.n <= longest || !is_below(mx_host, suffixes[i].suffix))
            continue;
        longest = suffixes[i].suffix.n;
        found = suffixes[i].provider;
    }
    return found;
}

const struct provider_facts *provider_facts(enum provider provider) {
    return &facts[(size_t) provider < LENGTH(facts) ? provider : 0];
}
