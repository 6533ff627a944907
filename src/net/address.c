#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/check.h"

struct block4 {
    unsigned char address[4];
    unsigned bits;
};

/* IANA IPv4 Special-Purpose Address Registry, without the few that are global, and
 * multicast. */
static const struct block4 special4[] = {
    { { 0, 0, 0, 0 }, 8 },      { { 10, 0, 0, 0 }, 8 },     { { 100, 64, 0, 0 }, 10 },
    { { 127, 0, 0, 0 }, 8 },    { { 169, 254, 0, 0 }, 16 }, { { 172, 16, 0, 0 }, 12 },
    { { 192, 0, 0, 0 }, 24 },   { { 192, 0, 2, 0 }, 24 },   { { 192, 88, 99, 0 }, 24 },
    { { 192, 168, 0, 0 }, 16 }, { { 198, 18, 0, 0 }, 15 },  { { 198, 51, 100, 0 }, 24 },
    { { 203, 0, 113, 0 }, 24 }, { { 224, 0, 0, 0 }, 4 },    { { 240, 0, 0, 0 }, 4 },
};

struct block6 {
    unsigned char address[16];
    unsigned bits;
};

/* IANA IPv6 Special-Purpose Address Registry inside 2000::/3; all else is refused by
 * not being in 2000::/3. */
static const struct block6 special6[] = {
    { { 0x20, 0x01 }, 23 },                 /* protocol assignments, Teredo among them */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32 },     /* documentation */
    { { 0x20, 0x02 }, 16 },                 /* 6to4: wraps an IPv4 address */
    { { 0x3f, 0xff }, 20 },                 /* documentation, RFC 9637 */
    { { 0x26, 0x20, 0, 0x4f, 0x80 }, 48 },  /* AS112 delegation */
};

static const struct block6 global_unicast = { { 0x20 }, 3 };
/* An IPv4 address in IPv6 clothes: the same socket, so the same rule. Other prefixes
 * that wrap one (NAT64, 6to4, Teredo) depend on somebody else's gateway: refused. */
static const struct block6 mapped4 = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 };

static bool in_block(const unsigned char *address, const unsigned char *block, unsigned bits) {
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(address, block, whole) != 0)
        return false;
    unsigned mask = (0xFF00u >> rest) & 0xFFu;
    return rest == 0 || (address[whole] & mask) == (block[whole] & mask);
}

static bool is_public4(const unsigned char *address) {
    for (size_t i = 0; i < LENGTH(special4); i++)
        if (in_block(address, special4[i].address, special4[i].bits))
            return false;
    return true;
}

static bool is_public6(const unsigned char *address) {
    if (in_block(address, mapped4.address, mapped4.bits))
        return is_public4(address + 12);
    if (!in_block(address, global_unicast.address, global_unicast.bits))
        return false;
    for (size_t i = 0; i < LENGTH(special6); i++)
        if (in_block(address, special6[i].address, special6[i].bits))
            return false;
    return true;
}

bool address_is_public(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return is_public4((const unsigned char *) &in.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return is_public6(in6.sin6_addr.s6_addr);
    }
    return false;
}

/* As IPv6; false for other families. */
static bool as_16(const struct sockaddr *address, unsigned char ret_bytes[16]) {
    memset(ret_bytes, 0, 16);
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        ret_bytes[10] = ret_bytes[11] = 0xff;
        memcpy(ret_bytes + 12, &in.sin_addr, 4);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        memcpy(ret_bytes, in6.sin6_addr.s6_addr, 16);
        return true;
    }
    return false;
}

static bool text_as_16(struct str text, unsigned char ret_bytes[16], bool *ret_is_4) {
    char copy[INET6_ADDRSTRLEN];
    memset(ret_bytes, 0, 16);
    if (text.n >= sizeof copy)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    *ret_is_4 = inet_pton(AF_INET, copy, ret_bytes + 12) == 1;
    if (*ret_is_4)
        ret_bytes[10] = ret_bytes[11] = 0xff;
    return *ret_is_4 || inet_pton(AF_INET6, copy, ret_bytes) == 1;
}

enum rc address_network_read(struct str text, struct address_network *ret_network) {
    struct address_network network = { { 0 }, 128 };
    struct str rest = text, address = STR_NONE;
    bool is_4 = false;
    int64_t bits = 0;
    bool has_prefix = str_find(text, '/') < text.n;
    (void) str_cut(&rest, '/', &address); /* there is a part in front of any separator */
    if (!text_as_16(address, network.bytes, &is_4)
        || (has_prefix && (str_to_i64(rest, &bits) != OK || bits < 0 || bits > (is_4 ? 32 : 128))))
        return E_INVALID;
    if (has_prefix)
        network.bits = (unsigned) bits + (is_4 ? 96 : 0);
    for (unsigned i = network.bits; i < 128; i++)
        if (network.bytes[i / 8] & (0x80u >> i % 8))
            return E_INVALID;
    *ret_network = network;
    return OK;
}

static bool in_networks(const struct address_rules *rules, const unsigned char bytes[16]) {
    for (size_t i = 0; i < rules->n; i++)
        if (in_block(bytes, rules->networks[i].bytes, rules->networks[i].bits))
            return true;
    return false;
}

bool address_is_allowed(const struct address_rules *rules, const struct sockaddr *address) {
    unsigned char bytes[16];
    return as_16(address, bytes)
           && (rules->allow_private || address_is_public(address) || in_networks(rules, bytes));
}

bool address_text_is_allowed(const struct address_rules *rules, struct str text) {
    unsigned char bytes[16];
    bool is_4 = false;
    return text_as_16(text, bytes, &is_4)
           && (rules->allow_private || is_public6(bytes) || in_networks(rules, bytes));
}

bool address_text_is_public(struct str text) {
    char copy[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    if (text.n >= sizeof copy)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    if (inet_pton(AF_INET, copy, bytes) == 1)
        return is_public4(bytes);
    return inet_pton(AF_INET6, copy, bytes) == 1 && is_public6(bytes);
}
