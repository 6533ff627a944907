/* Requests, good and malformed, with what must become of them: for the state machine
 * (unit/test_framing.c) and over real sockets (unit/test_server.c). */
#ifndef TESTS_HTTP_ROWS_H
#define TESTS_HTTP_ROWS_H

#include "base/str.h"

#define HOST "Host: a.example\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST
#define GET "GET / HTTP/1.1\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

struct row {
    const char *name;
    struct str bytes;
    int status;  /* 0: accepted */
    int messages; /* complete ones, before the refusal if there is one */
};
#define ROW(name, bytes, status, messages) { name, { bytes, sizeof(bytes) - 1 }, status, messages }

static const struct row rows[] = {
    /* accepted */
    ROW("plain", GET HOST "\r\n", 0, 1),
    ROW("1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0, 1),
    ROW("query with brackets", "GET /users?page[size]=2&page%5Bafter%5D=x HTTP/1.1\r\n" HOST "\r\n", 0, 1),
    ROW("two pipelined", GET HOST "\r\n" GET HOST "\r\n", 0, 2),
    ROW("half a head", GET "Hos", 0, 0),
    ROW("length", POST "Content-Length: 5\r\n\r\nhello", 0, 1),
    ROW("length and next", POST "Content-Length: 5\r\n\r\nhello" GET HOST "\r\n", 0, 2),
    ROW("length 0", POST "Content-Length: 0\r\n\r\n", 0, 1),
    ROW("length with leading zeros", POST "Content-Length: 0005\r\n\r\nhello", 0, 1),
    ROW("body short", POST "Content-Length: 5\r\n\r\nhell", 0, 0),
    ROW("chunked", CHUNKED "5\r\nhello\r\n0\r\n\r\n", 0, 1),
    ROW("chunked in capitals", POST "TRANSFER-ENCODING:CHUNKED\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", 0, 1),
    ROW("chunks and next", CHUNKED "5\r\nhello\r\n1\r\n!\r\n00\r\n\r\n" GET HOST "\r\n", 0, 2),
    ROW("trailer", CHUNKED "1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n", 0, 1),
    ROW("expect", POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na", 0, 1),
    ROW("no space after colon", GET "Host:a\r\nX:\r\n\r\n", 0, 1),
    ROW("tab in value", GET HOST "X: a\tb\r\n\r\n", 0, 1),
    ROW("obs-text in value", GET HOST "X: \xc3\xa9\r\n\r\n", 0, 1),
    ROW("host with port", GET "Host: localhost:8080\r\n\r\n", 0, 1),
    ROW("host is IPv6", GET "Host: [::1]:8080\r\n\r\n", 0, 1),
    ROW("host is IPv4", GET "Host: 127.0.0.1\r\n\r\n", 0, 1),
    ROW("two Accept", GET HOST "Accept: a\r\nAccept: b\r\n\r\n", 0, 1),
    ROW("upgrade is ignored", GET HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n", 0, 1),
    ROW("after close nothing counts", GET HOST "Connection: close\r\n\r\n\x01garbage", 0, 1),
    ROW("close among options", GET HOST "Connection: x, Close\r\n\r\n\x01", 0, 1),
    ROW("1.0 ends after one", "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n", 0, 1),
    ROW("1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n", 0, 2),
    ROW("unusual method", "PROPFIND / HTTP/1.1\r\n" HOST "\r\n", 0, 1),
    /* lengths */
    ROW("CL+TE", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE+CL order", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("CL differs x2", POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400, 0),
    ROW("CL same x2", POST "Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello", 400, 0),
    ROW("CL +5", POST "Content-Length: +5\r\n\r\nhello", 400, 0),
    ROW("CL 0x5", POST "Content-Length: 0x5\r\n\r\nhello", 400, 0),
    ROW("CL 5,5", POST "Content-Length: 5,5\r\n\r\nhello", 400, 0),
    ROW("CL -1", POST "Content-Length: -1\r\n\r\n", 400, 0),
    ROW("CL empty", POST "Content-Length:\r\n\r\n", 400, 0),
    ROW("CL blank behind", POST "Content-Length: 5 \r\n\r\nhello", 400, 0),
    ROW("CL blank inside", POST "Content-Length: 5 5\r\n\r\nhello", 400, 0),
    ROW("CL overflow", POST "Content-Length: 99999999999999999999\r\n\r\n", 400, 0),
    ROW("TE xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE chunked,identity", POST "Transfer-Encoding: chunked,identity\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE identity", POST "Transfer-Encoding: identity\r\n\r\n", 400, 0),
    ROW("TE empty", POST "Transfer-Encoding:\r\n\r\n", 400, 0),
    ROW("TE blank behind", POST "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE twice", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE \\vchunked", POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE sp colon", POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE on HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 0),
    /* header lines */
    ROW("obs-fold", GET HOST "X: a\r\n b\r\n\r\n", 400, 0),
    ROW("obs-fold with tab", GET HOST "X: a\r\n\tb\r\n\r\n", 400, 0),
    ROW("fold of the first line", GET " " HOST "\r\n", 400, 0),
    ROW("bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400, 0),
    ROW("bare LF one hdr", GET "Host: a\n\r\n", 400, 0),
    ROW("bare LF at the end", GET HOST "\n", 400, 0),
    ROW("bare CR in value", GET HOST "X: a\rb\r\n\r\n", 400, 0),
    ROW("bare CR at the end", GET HOST "\rX", 400, 0),
    ROW("CR CR LF", GET "Host: a\r\r\n\r\n", 400, 0),
    ROW("NUL in value", GET HOST "X: a\0b\r\n\r\n", 400, 0),
    ROW("DEL in value", GET HOST "X: a\x7f\r\n\r\n", 400, 0),
    ROW("ctl in name", GET HOST "X\x01: a\r\n\r\n", 400, 0),
    ROW("non-ASCII in name", GET HOST "X\xc3\xa9: a\r\n\r\n", 400, 0),
    ROW("empty name", GET HOST ": a\r\n\r\n", 400, 0),
    ROW("no colon", GET HOST "X\r\n\r\n", 400, 0),
    ROW("tab before colon", GET HOST "X\t: a\r\n\r\n", 400, 0),
    ROW("space in name", GET HOST "X Y: a\r\n\r\n", 400, 0),
    ROW("no Host 1.1", GET "\r\n", 400, 0),
    ROW("two Host", GET HOST HOST "\r\n", 400, 0),
    ROW("two Host on 1.0", "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400, 0),
    ROW("Host empty", GET "Host:\r\n\r\n", 400, 0),
    ROW("Host with path", GET "Host: a/b\r\n\r\n", 400, 0),
    ROW("Host with user", GET "Host: u@a\r\n\r\n", 400, 0),
    ROW("Host with comma", GET "Host: a, b\r\n\r\n", 400, 0),
    ROW("Host with bad port", GET "Host: a:8o\r\n\r\n", 400, 0),
    ROW("Host with long port", GET "Host: a:123456\r\n\r\n", 400, 0),
    ROW("Host open bracket", GET "Host: [::1\r\n\r\n", 400, 0),
    ROW("Host text behind bracket", GET "Host: [::1]x\r\n\r\n", 400, 0),
    ROW("two Authorization", GET HOST "Authorization: a\r\nauthorization: b\r\n\r\n", 400, 0),
    ROW("two Content-Type", GET HOST "Content-Type: a/b\r\nContent-Type: a/c\r\n\r\n", 400, 0),
    ROW("two Idempotency-Key", GET HOST "Idempotency-Key: 1\r\nIdempotency-Key: 2\r\n\r\n", 400, 0),
    ROW("Expect unknown", POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\na", 400, 0),
    /* the request line */
    ROW("HTTP/1.10", "GET / HTTP/1.10\r\n" HOST "\r\n", 400, 0),
    ROW("HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 400, 0),
    ROW("HTTP/9.9", "GET / HTTP/9.9\r\n" HOST "\r\n", 400, 0),
    ROW("HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 0),
    ROW("http/1.1", "GET / http/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("HTTP/01.1", "GET / HTTP/01.1\r\n" HOST "\r\n", 400, 0),
    ROW("no version", "GET /\r\n" HOST "\r\n", 400, 0),
    ROW("space behind version", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400, 0),
    ROW("tab in req line", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("two spaces req", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("two spaces behind target", "GET /  HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("space before method", " GET / HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("empty line first", "\r\n" GET HOST "\r\n", 400, 0),
    ROW("no method", "/ HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("method is no token", "G(T / HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("method too long", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, 0),
    ROW("ctl in target", "GET /\x01 HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("non-ASCII target", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("space in target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("backslash", "GET /a\\b HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("absolute form", "GET http://a/ HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("authority form", "CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("asterisk form", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("empty target", "GET ?a=b HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("bad escape", "GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("cut escape", "GET /%4 HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("escaped NUL", "GET /%00 HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("escaped NUL in query", "GET /?a=%00 HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    /* chunks */
    ROW("chunk 0x5", CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk +5", CHUNKED "+5\r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk -5", CHUNKED "-5\r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk \"5 \"", CHUNKED "5 \r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk \" 5\"", CHUNKED " 5\r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk empty size", CHUNKED "\r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk overflow", CHUNKED "fffffffffffffffff\r\n", 400, 0),
    ROW("chunk LF only", CHUNKED "5\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk data not CRLF", CHUNKED "5\r\nhelloX\r\n0\r\n\r\n", 400, 0),
    ROW("chunk data then LF", CHUNKED "5\r\nhello\n0\r\n\r\n", 400, 0),
    ROW("chunk extension", CHUNKED "5;a=\"b\"\r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("extension of the last chunk", CHUNKED "0;a\r\n\r\n", 400, 0),
    ROW("chunk extension with ctl", CHUNKED "5;a\x01\r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk extension with LF", CHUNKED "5;a\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("trailer folded", CHUNKED "0\r\nX: a\r\n b\r\n\r\n", 400, 0),
    ROW("trailer without colon", CHUNKED "0\r\nX\r\n\r\n", 400, 0),
    ROW("trailer Content-Length", CHUNKED "0\r\nContent-Length: 5\r\n\r\n", 400, 0),
    ROW("trailer Host", CHUNKED "0\r\nHost: b\r\n\r\n", 400, 0),
    ROW("trailer bare LF", CHUNKED "0\r\n\n", 400, 0),
    /* good, then bad */
    ROW("bad behind good", GET HOST "\r\nGET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, 1),
    ROW("garbage behind body", POST "Content-Length: 2\r\n\r\nabc\r\n\r\n", 400, 1),
    ROW("empty line behind body", POST "Content-Length: 2\r\n\r\nab\r\n" GET HOST "\r\n", 400, 1),
    /* limits of the body: 1000 bytes here */
    ROW("length over the limit", POST "Content-Length: 1001\r\n\r\n", 413, 0),
    ROW("chunk over the limit", CHUNKED "3e9\r\n", 413, 0),
};

/* What the rows take for the largest body. */
enum { BODY_MAX = 1000 };

#endif
