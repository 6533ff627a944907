/* What all that uses libcurl has in common. Private to net/. */
#ifndef NET_HTTP_LIBRARY_H
#define NET_HTTP_LIBRARY_H

#include <curl/curl.h>

#include "net/address.h"

/* Before anything else of the library; any number of times, any thread. */
void http_library_start(void);

/* A socket for the address, which the library has resolved and is about to connect to;
 * CURL_SOCKET_BAD when the rules do not allow it. */
curl_socket_t http_library_socket(const struct address_rules *rules, curlsocktype purpose,
                                  const struct curl_sockaddr *address);

#endif
