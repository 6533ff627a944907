# make          build build/outrider
# make run      install what is missing, build, sample data, serve on 127.0.0.1:8080
# make check    install what is missing, build with sanitizers, run every test
# make bench    the benchmarks; results in bench/results/
# MODE=release|debug|asan|tsan chooses the flags, BUILD the folder, CC the compiler.

MODE  ?= release
BUILD ?= build$(if $(filter release,$(MODE)),,/$(MODE))
PKGS   = jansson sqlite3 libpq libsodium libidn2 libpsl libcurl inih gnutls

WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
FLAGS_release = -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
FLAGS_debug   = -O0 -g -DDEBUG_CHECKS
FLAGS_asan    = -O1 -g -DDEBUG_CHECKS -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
FLAGS_tsan    = -O1 -g -DDEBUG_CHECKS -fsanitize=thread -fno-omit-frame-pointer

CFLAGS_ALL = -std=c17 -D_GNU_SOURCE -Isrc -fPIE -pthread -MMD -MP $(WARN) $(FLAGS_$(MODE)) \
             $(shell pkg-config --cflags $(PKGS)) $(CFLAGS)
LDFLAGS_ALL = -pie -pthread -Wl,-z,relro,-z,now $(FLAGS_$(MODE)) $(LDFLAGS)
# libmicrohttpd is linked statically so that the framing gate can sit between it and
# the socket (--wrap, see src/http/gate.c).
LIBS = -Wl,--wrap=recv -Wl,--wrap=gnutls_record_recv -l:libmicrohttpd.a \
       $(shell pkg-config --libs $(PKGS)) -lunistring -lcsv -lm

SRC  = $(filter-out src/main.c,$(wildcard src/*/*.c))
OBJ  = $(SRC:src/%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/migrations.o
UNIT = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

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
	$(BUILD)/embed sql > $@

$(BUILD)/obj/migrations.o: $(BUILD)/obj/migrations.c
	$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/liboutrider.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Itests $(LDFLAGS_ALL) -o $@ $< $(BUILD)/liboutrider.a $(LIBS) -lcmocka

unit: $(UNIT)

deps-build:
	@tools/deps build
deps-check:
	@tools/deps build test gate

check: deps-check
	$(MAKE) MODE=asan BUILD=build/asan build/asan/outrider unit
	tests/run --build build/asan

clean:
	rm -rf build

.PHONY: all unit check clean deps-build deps-check
-include $(wildcard $(BUILD)/obj/*.d $(BUILD)/obj/*/*.d $(BUILD)/unit/*.d)
