/* The clients for mail alone, for tests against fake and real servers:
 *   mail smtp KEY=VALUE… COMMAND…   send:FROM:TO,TO:FILE   sleep:MS
 *   mail imap KEY=VALUE… COMMAND…   folders  special:USE  select:NAME  find:HEADER:VALUE
 *                                   fetch:UID  append:NAME:FLAGS:FILE  idle:MS
 * KEYs: host, port, security (tls, starttls, none), ca, private, user, password, token, ms.
 * A line of JSON for the login and for each command goes to standard output. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ctx.h"
#include "base/file.h"
#include "base/vec.h"
#include "json/writer.h"
#include "net/imap.h"
#include "net/smtp_client.h"

struct run {
    struct ctx ctx;
    struct peer_options peer;
    struct stream_trust *trust;
    struct str ca, user, password, token;
    int64_t ms;
};

static void print(struct buf *b) {
    if (buf_result(b) != OK)
        exit(2);
    printf("%.*s\n", STR_FMT(buf_text(b)));
    (void) fflush(stdout);
}

static void set(struct run *run, struct str name, struct str value) {
    static const char *const securities[] = { "tls", "starttls", "none" };
    int64_t number = 0;
    (void) !str_to_i64(value, &number);
    if (str_eq(name, STR("host")))
        run->peer.host = value;
    else if (str_eq(name, STR("port")))
        run->peer.port = (int) number;
    else if (str_eq(name, STR("private")))
        run->peer.allow_private = number != 0;
    else if (str_eq(name, STR("ca")))
        run->ca = value;
    else if (str_eq(name, STR("user")))
        run->user = value;
    else if (str_eq(name, STR("password")))
        run->password = value;
    else if (str_eq(name, STR("token")))
        run->token = value;
    else if (str_eq(name, STR("ms")))
        run->ms = number;
    else if (str_eq(name, STR("security")))
        for (int i = 0; i < 3; i++)
            if (str_eq(value, str_of(securities[i])))
                run->peer.security = (enum peer_security) i;
}

static struct str file_of(struct run *run, struct str path) {
    struct str text = STR_NONE;
    if (file_read(&run->ctx, arena_cstr(run->ctx.arena, path), 64 << 20, &text) != OK)
        exit(2);
    return text;
}

/* --- SMTP --- */

static void print_result(struct run *run, const struct smtp_result *result, bool is_open) {
    struct buf b = buf_in(run->ctx.arena, 100000);
    struct json_writer w = json_writer(&b);
    json_begin_object(&w);
    json_key(&w, STR("rc"));
    json_str(&w, str_of(rc_name(result->rc)));
    json_key(&w, STR("step"));
    json_str(&w, str_of(smtp_step_name(result->step)));
    json_key(&w, STR("code"));
    json_int(&w, result->code);
    json_key(&w, STR("reply"));
    json_str(&w, result->reply);
    json_key(&w, STR("reason"));
    json_str(&w, result->reason);
    json_key(&w, STR("unknown"));
    json_bool(&w, result->is_unknown);
    json_key(&w, STR("open"));
    json_bool(&w, is_open);
    json_end_object(&w);
    print(&b);
}

static void submit(struct run *run, struct smtp_client *client, struct str args) {
    struct smtp_message message = { 0 };
    struct smtp_result result;
    struct str to = STR_NONE, one;
    (void) str_cut(&args, ':', &message.from);
    (void) str_cut(&args, ':', &to);
    while (str_cut(&to, ',', &one))
        strs_add(run->ctx.arena, &message.to, one);
    message.bytes = file_of(run, args);
    (void) !smtp_send(client, &message, run->ctx.arena, &result);
    print_result(run, &result, smtp_is_open(client));
}

static void run_smtp(struct run *run, struct strs commands) {
    struct smtp_options options = {
        .peer = run->peer, .local_name = STR("client.example"), .user = run->user,
        .password = run->password, .access_token = run->token, .reply_ms = run->ms, .body_ms = run->ms,
    };
    struct smtp_client *client = NULL;
    struct smtp_result result;
    enum rc rc = smtp_open(&options, run->ctx.arena, &client, &result);
    print_result(run, &result, rc == OK);
    for (size_t i = 0; rc == OK && i < commands.n; i++) {
        struct str args = commands.p[i], word = STR_NONE;
        int64_t ms = 0;
        (void) str_cut(&args, ':', &word);
        if (str_eq(word, STR("send")))
            submit(run, client, args);
        else if (str_eq(word, STR("sleep")) && str_to_i64(args, &ms) == OK)
            (void) poll(NULL, 0, (int) ms);
    }
    smtp_close(&client);
}

/* --- IMAP --- */

struct answer {
    enum rc rc;
    struct str text, said;
    struct ints numbers;
    struct strs names;
};

static void print_answer(struct run *run, const struct answer *answer) {
    struct buf b = buf_in(run->ctx.arena, 64 << 20);
    struct json_writer w = json_writer(&b);
    json_begin_object(&w);
    json_key(&w, STR("rc"));
    json_str(&w, str_of(rc_name(answer->rc)));
    json_key(&w, STR("text"));
    json_str(&w, answer->text);
    json_key(&w, STR("said"));
    json_str(&w, answer->said);
    json_key(&w, STR("numbers"));
    json_begin_array(&w);
    for (size_t i = 0; i < answer->numbers.n; i++)
        json_int(&w, answer->numbers.p[i]);
    json_end_array(&w);
    json_key(&w, STR("names"));
    json_begin_array(&w);
    for (size_t i = 0; i < answer->names.n; i++)
        json_str(&w, answer->names.p[i]);
    json_end_array(&w);
    json_end_object(&w);
    print(&b);
}

static void list_folders(struct run *run, struct imap *imap, struct str use, struct answer *answer) {
    struct list folders = { 0 };
    answer->rc = imap_folders(imap, run->ctx.arena, &folders);
    for (size_t i = 0; i < folders.n; i++)
        strs_add(run->ctx.arena, &answer->names, ((struct imap_folder *) folders.p)[i].name);
    if (str_is_set(use))
        answer->text = imap_special(folders, use);
}

static void select_folder(struct run *run, struct imap *imap, struct str name, struct answer *answer) {
    struct imap_selected selected = { 0 };
    answer->rc = imap_select(imap, name, true, &selected);
    ints_add(run->ctx.arena, &answer->numbers, selected.exists);
    ints_add(run->ctx.arena, &answer->numbers, selected.uid_validity);
    ints_add(run->ctx.arena, &answer->numbers, selected.uid_next);
}

static struct answer do_imap(struct run *run, struct imap *imap, struct str command) {
    struct answer answer = { 0 };
    struct arena *arena = run->ctx.arena;
    struct str word = STR_NONE, first = STR_NONE, second = STR_NONE;
    int64_t number = 0;
    (void) str_cut(&command, ':', &word);
    if (str_eq(word, STR("folders")) || str_eq(word, STR("special"))) {
        list_folders(run, imap, command, &answer);
    } else if (str_eq(word, STR("select"))) {
        select_folder(run, imap, command, &answer);
    } else if (str_eq(word, STR("find")) && str_cut(&command, ':', &first)) {
        answer.rc = imap_search_header(imap, arena, first, command, &answer.numbers);
    } else if (str_eq(word, STR("fetch")) && str_to_i64(command, &number) == OK) {
        answer.rc = imap_fetch(imap, arena, &(struct imap_want){ number, IMAP_MESSAGE, INT32_MAX }, &answer.text);
    } else if (str_eq(word, STR("append")) && str_cut(&command, ':', &first)
               && str_cut(&command, ':', &second)) {
        answer.rc = imap_append(imap, first, second, file_of(run, command));
    } else if (str_eq(word, STR("idle")) && str_to_i64(command, &number) == OK) {
        answer.rc = imap_idle(imap, number);
    } else {
        exit(2);
    }
    answer.said = imap_said(imap);
    return answer;
}

static void run_imap(struct run *run, struct strs commands) {
    struct imap_options options = {
        .peer = run->peer, .user = run->user, .password = run->password, .access_token = run->token,
        .reply_ms = run->ms, .response_max = 8 << 20,
    };
    struct imap *imap = NULL;
    struct answer login = { 0 };
    login.rc = imap_open(&options, run->ctx.arena, &imap, &login.said);
    print_answer(run, &login);
    for (size_t i = 0; login.rc == OK && i < commands.n; i++) {
        struct answer answer = do_imap(run, imap, commands.p[i]);
        print_answer(run, &answer);
    }
    imap_close(&imap);
}

int main(int argc, char **argv) {
    struct run run = { .ctx = { .arena = arena_new(), .clock = &clock_system }, .ms = 10000 };
    struct strs commands = { 0 };
    for (int i = 2; i < argc; i++) {
        struct str value = str_of(argv[i]), name;
        bool is_setting = str_find(value, '=') < str_find(value, ':');
        if (!is_setting)
            strs_add(run.ctx.arena, &commands, value);
        else if (str_cut(&value, '=', &name))
            set(&run, name, value);
    }
    run.peer.connect_ms = run.ms;
    if (stream_trust_new(run.ca.p, &run.trust) != OK)
        return 2;
    run.peer.trust = run.trust;
    if (argc > 1 && str_eq(str_of(argv[1]), STR("smtp")))
        run_smtp(&run, commands);
    else
        run_imap(&run, commands);
    stream_trust_free(&run.trust);
    arena_free(&run.ctx.arena);
    return 0;
}
