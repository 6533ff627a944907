# make            build build/outrider
# make run        install what is missing, build, sample data, serve on 127.0.0.1:8080
# make check      install what is missing, build with sanitizers, run every test and gate
# make check-all  make check, then clang-tidy in depth, ThreadSanitizer, fuzzing, coverage, large data
# make fuzz       FUZZ_SECONDS (60) of fuzzing for each parser
# make bench      the benchmarks; results in bench/results/
# MODE=release|debug|asan|tsan|cov|fuzz chooses the flags, BUILD the folder, CC the compiler.

MODE  ?= release
BUILD ?= build$(if $(filter release,$(MODE)),,/$(MODE))
PKGS   = jansson sqlite3 libpq libsodium libidn2 libpsl libcurl inih gnutls libcares openssl glib-2.0 gmime-3.0 libxml-2.0

WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
FLAGS_release = -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
FLAGS_debug   = -O0 -g -DDEBUG_CHECKS
FLAGS_asan    = -O1 -g -DDEBUG_CHECKS -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
FLAGS_tsan    = -O1 -g -DDEBUG_CHECKS -fsanitize=thread -fno-omit-frame-pointer
FLAGS_cov     = -O0 -g -DDEBUG_CHECKS --coverage -fprofile-update=atomic
FLAGS_fuzz    = $(FLAGS_asan) -fsanitize=fuzzer-no-link

# Asked once, and only when something is compiled: on a bare machine the targets that
# install pkg-config must work without it.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

CFLAGS_ALL = -std=c17 -D_GNU_SOURCE -Isrc -fPIE -pthread -MMD -MP $(WARN) $(FLAGS_$(MODE)) \
             $(PKG_CFLAGS) $(CFLAGS)
# The tests are some hundred programs with the whole library in each: mold, if it is there, links them.
LINKER = $(eval LINKER := $$(shell command -v mold >/dev/null && echo -fuse-ld=mold))$(LINKER)
LDFLAGS_ALL = -pie -pthread -Wl,-z,relro,-z,now $(if $(filter release,$(MODE)),,$(LINKER)) $(FLAGS_$(MODE)) $(LDFLAGS)
# libmicrohttpd is linked statically so that the framing gate can sit between it and
# the socket (--wrap, see src/http/gate.c).
LIBS = -Wl,--wrap=recv -Wl,--wrap=gnutls_record_recv -l:libmicrohttpd.a \
       $(PKG_LIBS) -lunistring -lcsv -lresolv -lm

SRC  = $(filter-out src/main.c,$(wildcard src/*/*.c))
OBJ  = $(SRC:src/%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/migrations.o $(BUILD)/obj/lists.o \
       $(BUILD)/obj/reply_model.o
UNIT = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
SUPPORT = $(patsubst tests/support/%.c,$(BUILD)/support/%,$(wildcard tests/support/*.c))
# clang-tidy's analyzer follows so many states of a function; with DEEP=1, which takes ten times
# as long, as many as it wants.
TIDY_DIR = build/gate/tidy$(if $(DEEP),-deep)
TIDY_STATES = $(if $(DEEP),,-Xclang -analyzer-config -Xclang max-nodes=10000)
TIDY = $(SRC:src/%.c=$(TIDY_DIR)/%.ok) $(patsubst src/%.c,$(TIDY_DIR)/%.ok,$(wildcard src/main.c))
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60

all: $(BUILD)/outrider

$(BUILD)/outrider: $(BUILD)/obj/main.o $(BUILD)/liboutrider.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

$(BUILD)/liboutrider.a: $(OBJ)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/embed: tools/embed.c
	@mkdir -p $(@D)
	$(CC) -O1 -o $@ $<

$(BUILD)/obj/migrations.c: $(BUILD)/embed $(wildcard sql/*.sql)
	@mkdir -p $(@D)
	$(BUILD)/embed sql sql > $@

$(BUILD)/obj/lists.c: $(BUILD)/embed $(wildcard src/verify/lists/*.txt)
	@mkdir -p $(@D)
	$(BUILD)/embed lists src/verify/lists > $@

$(BUILD)/obj/reply_model.c: $(BUILD)/embed src/reply/model.bin
	@mkdir -p $(@D)
	$(BUILD)/embed model src/reply/model.bin > $@

$(BUILD)/obj/%.o: $(BUILD)/obj/%.c
	$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/liboutrider.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Itests $(LDFLAGS_ALL) -o $@ $< $(BUILD)/liboutrider.a $(LIBS) -lcmocka

# Fuzz targets replay their corpus (tests/fuzz/replay.c); with MODE=fuzz libFuzzer drives them.
FUZZ_MAIN = $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer,tests/fuzz/replay.c)
$(BUILD)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(BUILD)/liboutrider.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Wno-missing-prototypes -Itests $(LDFLAGS_ALL) -o $@ $< $(FUZZ_MAIN) \
	    $(BUILD)/liboutrider.a $(LIBS)

# The program itself with other calls than the C library's.
$(BUILD)/support/killed_server: $(BUILD)/obj/main.o
$(BUILD)/support/killed_server: SUPPORT_OBJ = $(BUILD)/obj/main.o
$(BUILD)/support/%: tests/support/%.c $(BUILD)/liboutrider.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Itests $(LDFLAGS_ALL) -o $@ $< $(SUPPORT_OBJ) $(BUILD)/liboutrider.a $(LIBS)

unit: $(UNIT)
fuzz-targets: $(FUZZ)
support: $(SUPPORT)
everything: all unit fuzz-targets support

deps-%:
	@tools/deps $(subst -, ,$*)

run: deps-build-run
	@$(MAKE) -s -j$(JOBS) MODE=release all
	@tools/run

check: deps-build-test-gate
	$(MAKE) -s -j$(JOBS) MODE=asan everything
	tests/run --build build/asan

# Every part runs, whichever failed before it.
check-all:
	$(MAKE) -k check check-deep check-races fuzz check-coverage check-large

check-deep: deps-build-test-gate
	$(MAKE) -s -j$(JOBS) DEEP=1 gate-tidy

check-races: deps-build-test-gate
	$(MAKE) -s -j$(JOBS) MODE=tsan everything
	tests/run --build build/tsan --only unit,api

check-coverage: deps-build-test-gate
	$(MAKE) -s -j$(JOBS) MODE=cov everything
	tests/run --build build/cov --only unit,fuzz,api
	tools/coverage build/cov

check-large: deps-build-test-gate
	$(MAKE) -s -j$(JOBS) MODE=release all support
	tests/run --build build --only large

fuzz: deps-build-gate
	$(MAKE) -s -j$(JOBS) MODE=fuzz CC=clang fuzz-targets
	tools/fuzz build/fuzz $(FUZZ_SECONDS)

bench: deps-build-test-bench
	$(MAKE) -s -j$(JOBS) MODE=release all
	bench/run

# Benchmarks in C, alone: make bench-json.
$(BUILD)/bench/%: bench/%.c $(BUILD)/liboutrider.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Itests $(LDFLAGS_ALL) -o $@ $< $(BUILD)/liboutrider.a $(LIBS) $(if $(filter %/inbound,$@),-lcmocka)

bench-store:
	$(MAKE) -s -j$(JOBS) MODE=release build/bench/store
	tests/pg exec -- build/bench/store

bench-inbound:
	$(MAKE) -s -j$(JOBS) MODE=release build/bench/inbound
	tests/pg exec -- build/bench/inbound

bench-search:
	$(MAKE) -s -j$(JOBS) MODE=release build/bench/search_index
	bench/search

bench-import bench-search_sql bench-search_http bench-add_leads bench-send:
	$(MAKE) -s -j$(JOBS) MODE=release all
	bench/$(@:bench-%=%)

bench-validate_offline:
	$(MAKE) -s -j$(JOBS) MODE=release build/bench/offline
	bench/validate_offline

bench-validate:
	$(MAKE) -s -j$(JOBS) MODE=release all
	bench/validate

bench-webhook:
	$(MAKE) -s -j$(JOBS) MODE=release build/support/webhooks
	tests/pg exec -- bench/webhook

bench-validate_engine:
	$(MAKE) -s -j$(JOBS) MODE=release build/support/validate
	bench/validate_engine

bench-%:
	$(MAKE) -s -j$(JOBS) MODE=release build/bench/$*
	build/bench/$*

# The gates: tests/run calls each as a test. Both compilers see every file of C: gcc compiles what is
# released with the release's flags, because some of its warnings come from the optimiser, and has
# compiled the tests to run them; clang only reads. Nothing is linked.
RELEASED = $(wildcard src/*.c src/*/*.c bench/*.c)
GATED = $(RELEASED) $(wildcard tests/unit/*.c tests/fuzz/*.c tests/support/*.c)
GATE_FLAGS = -Itests $(if $(filter tests/fuzz/%,$<),-Wno-missing-prototypes) -MT $@ -MF $@.d
gate-gcc: $(RELEASED:%.c=build/gate/gcc/%.ok)
build/gate/gcc/%.ok: MODE = release
build/gate/gcc/%.ok: %.c
	@mkdir -p $(@D)
	@gcc $(CFLAGS_ALL) $(GATE_FLAGS) -c -o /dev/null $< && touch $@
gate-clang: $(GATED:%.c=build/gate/clang/%.ok)
build/gate/clang/%.ok: MODE = debug
build/gate/clang/%.ok: %.c
	@mkdir -p $(@D)
	@clang $(CFLAGS_ALL) $(GATE_FLAGS) -fsyntax-only $< && touch $@
gate-tidy: $(TIDY)
gate-cppcheck:
	@mkdir -p build/gate/cppcheck
	@# cppcheck 2.10 does not know __VA_OPT__.
	cppcheck -q -j$(JOBS) --enable=warning,performance,portability --inline-suppr --std=c11 \
	    -Isrc -D__linux__ '-D__VA_OPT__(...)=__VA_ARGS__' --suppress=missingIncludeSystem --error-exitcode=1 \
	    --cppcheck-build-dir=build/gate/cppcheck src

$(TIDY_DIR)/%.ok: src/%.c .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- -std=c17 -D_GNU_SOURCE -Isrc $(PKG_CFLAGS) $(TIDY_STATES) 2>$@.err \
	    || { cat $@.err; exit 1; }
	@$(CC) -std=c17 -D_GNU_SOURCE -Isrc $(PKG_CFLAGS) -MM -MP -MT $@ -MF $@.d $< && touch $@

clean:
	rm -rf build

.PHONY: all unit fuzz-targets support everything run check check-all check-deep check-races \
        check-coverage check-large fuzz bench clean gate-gcc gate-clang gate-tidy gate-cppcheck
.SECONDARY:
-include $(wildcard $(BUILD)/obj/*.d $(BUILD)/obj/*/*.d $(BUILD)/unit/*.d $(BUILD)/fuzz/*.d $(BUILD)/support/*.d \
                    $(TIDY_DIR)/*.d $(TIDY_DIR)/*/*.d build/gate/gcc/*/*.d build/gate/gcc/*/*/*.d \
                    build/gate/clang/*/*.d build/gate/clang/*/*/*.d)
