#include "net/http_library.h"

#include <pthread.h>
#include <sys/socket.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void) {
    (void) curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows at curl_easy_init */
}

void http_library_start(void) {
    (void) pthread_once(&once, init); /* cannot fail */
}

curl_socket_t http_library_socket(const struct address_rules *rules, curlsocktype purpose,
                                  const struct curl_sockaddr *address) {
    if (purpose != CURLSOCKTYPE_IPCXN || !address_is_allowed(rules, &address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
