/* The file is one line, "outrider-key-1 " and 64 hexadecimal digits: text, so that
 * it survives whatever people use to copy it, with a version in front. Its key is
 * used for nothing directly; libsodium's KDF makes the working keys from it. */
#include "store/secrets.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/file.h"
#include "base/mem.h"

enum {
    MASTER_BYTES = crypto_kdf_KEYBYTES,
    HASH_KEY_ID = 1,
    SEAL_KEY_ID = 2,
    SEAL_VERSION = 1, /* first byte of a sealed value */
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    FILE_MAX_BYTES = 1024,
};

/* As long as crypto_kdf demands; never change it: it is part of the keys. */
static const char kdf_context[crypto_kdf_CONTEXTBYTES + 1] = "outrider";
static const struct str prefix = { "outrider-key-1 ", 15 };

struct secrets {
    unsigned char hash_key[crypto_generichash_KEYBYTES];
    unsigned char seal_key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
};

static enum rc create(struct ctx *ctx, const char *path) {
    unsigned char master[MASTER_BYTES];
    char hex[2 * MASTER_BYTES + 1];
    randombytes_buf(master, sizeof master);
    sodium_bin2hex(hex, sizeof hex, master, sizeof master);
    struct str text = arena_printf(ctx->arena, "%s%s\n", prefix.p, hex);
    enum rc rc = file_create(ctx, path, text);
    sodium_memzero(master, sizeof master);
    sodium_memzero(hex, sizeof hex);
    return rc == E_CONFLICT ? OK : rc; /* another process was first: its key counts */
}

static enum rc check_mode(struct ctx *ctx, const char *path) {
    struct stat info;
    if (stat(path, &info) != 0)
        return fail(ctx, E_IO, "%s: %s", path, error_text(errno));
    if (info.st_mode & (S_IRWXG | S_IRWXO))
        return fail(ctx, E_DENIED, "%s may be read by others; run: chmod 600 %s", path, path);
    return OK;
}

static enum rc parse(struct ctx *ctx, const char *path, struct str text,
                     unsigned char master[MASTER_BYTES]) {
    struct str line = str_trim(text);
    struct str hex = str_sub(line, prefix.n, line.n);
    size_t n = 0;
    if (!str_starts(line, prefix) || hex.n != 2 * (size_t) MASTER_BYTES
        || sodium_hex2bin(master, MASTER_BYTES, hex.p, hex.n, NULL, &n, NULL) != 0
        || n != MASTER_BYTES)
        return fail(ctx, E_INVALID, "%s is not a key file; restore it from a copy", path);
    return OK;
}

static struct secrets *derive(unsigned char master[MASTER_BYTES]) {
    struct secrets *secrets = MEM_NEW(struct secrets);
    int failed = crypto_kdf_derive_from_key(secrets->hash_key, sizeof secrets->hash_key,
                                            HASH_KEY_ID, kdf_context, master);
    failed |= crypto_kdf_derive_from_key(secrets->seal_key, sizeof secrets->seal_key, SEAL_KEY_ID,
                                         kdf_context, master);
    ASSERT(failed == 0); /* only a wrong length fails */
    sodium_memzero(master, MASTER_BYTES);
    return secrets;
}

enum rc secrets_load(struct ctx *ctx, const char *path, struct secrets **ret_secrets) {
    ASSERT(sodium_init() >= 0);
    enum rc rc = OK;
    struct stat info;
    if (stat(path, &info) != 0 && errno == ENOENT)
        rc = create(ctx, path);
    if (rc == OK)
        rc = check_mode(ctx, path);
    struct str text;
    if (rc == OK)
        rc = file_read(ctx, path, FILE_MAX_BYTES, &text);
    unsigned char master[MASTER_BYTES];
    if (rc == OK)
        rc = parse(ctx, path, text, master);
    if (rc == OK)
        *ret_secrets = derive(master);
    return rc;
}

void secrets_free(struct secrets **secrets) {
    if (!*secrets)
        return;
    sodium_memzero(*secrets, sizeof **secrets);
    mem_free(*secrets);
    *secrets = NULL;
}

struct str secrets_hash(const struct secrets *secrets, struct arena *arena, const char *kind,
                        struct str value) {
    unsigned char *out = arena_alloc(arena, SECRETS_HASH_BYTES);
    crypto_generichash_state state;
    int failed = crypto_generichash_init(&state, secrets->hash_key, sizeof secrets->hash_key,
                                         SECRETS_HASH_BYTES);
    /* The kind with its NUL: "ab" + "c" and "a" + "bc" must differ. */
    failed |= crypto_generichash_update(&state, (const unsigned char *) kind, strlen(kind) + 1);
    failed |= crypto_generichash_update(&state, (const unsigned char *) (value.n ? value.p : ""),
                                        value.n);
    failed |= crypto_generichash_final(&state, out, SECRETS_HASH_BYTES);
    ASSERT(failed == 0); /* only wrong lengths fail */
    return (struct str){ (const char *) out, SECRETS_HASH_BYTES };
}

/* version, nonce, ciphertext with tag */
struct str secrets_seal(const struct secrets *secrets, struct arena *arena, struct str place,
                        struct str plain) {
    unsigned char *out = arena_alloc(arena, 1 + NONCE_BYTES + plain.n + TAG_BYTES);
    unsigned char *nonce = out + 1, *sealed = nonce + NONCE_BYTES;
    unsigned long long n = 0;
    out[0] = SEAL_VERSION;
    randombytes_buf(nonce, NONCE_BYTES);
    int failed = crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed, &n, (const unsigned char *) plain.p, plain.n, (const unsigned char *) place.p,
        place.n, NULL, nonce, secrets->seal_key);
    ASSERT(failed == 0);
    return (struct str){ (const char *) out, 1 + NONCE_BYTES + (size_t) n };
}

enum rc secrets_open(const struct secrets *secrets, struct arena *arena, struct str place,
                     struct str sealed, struct str *ret_plain) {
    if (sealed.n < 1 + NONCE_BYTES + TAG_BYTES || sealed.p[0] != SEAL_VERSION)
        return E_INVALID;
    const unsigned char *nonce = (const unsigned char *) sealed.p + 1;
    size_t n_sealed = sealed.n - 1 - NONCE_BYTES;
    unsigned char *plain = arena_alloc(arena, n_sealed - TAG_BYTES + 1);
    unsigned long long n = 0;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain, &n, NULL, nonce + NONCE_BYTES, n_sealed, (const unsigned char *) place.p,
            place.n, nonce, secrets->seal_key) != 0)
        return E_INVALID;
    *ret_plain = (struct str){ (const char *) plain, (size_t) n };
    return OK;
}
