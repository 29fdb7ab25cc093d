# SPDX-License-Identifier: Apache-2.0
# Tandem. `make run` starts it, `make test` tests it, `make help` lists the rest.

FLAVOUR ?= release
CC      := gcc
O       := build/obj/$(FLAVOUR)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wvla -Wimplicit-fallthrough \
        -Wstrict-prototypes -Wmissing-prototypes -Wundef -Werror
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE

CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 $(HARDEN)
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan    := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
CFLAGS_plain   := -O1 -g
# Without optimisation gcc knows no range of a number, and takes each for one that is too long.
CFLAGS_cov     := -O0 -g --coverage -Wno-format-truncation
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
LDFLAGS_asan    := -fsanitize=address,undefined
LDFLAGS_tsan    := -fsanitize=thread
LDFLAGS_fuzz    := -fsanitize=fuzzer,address,undefined
LDFLAGS_cov     := --coverage

CPPFLAGS := -Isrc -D_GNU_SOURCE -DOPENSSL_SUPPRESS_DEPRECATED -DTANDEM_VERSION='"$(shell cat VERSION)"'
# Hidden: a library that has a function of a name of ours (spandsp's queue_init) keeps its own.
CFLAGS   := -std=c17 -fvisibility=hidden $(WARN) $(CFLAGS_$(FLAVOUR))
# src/tenant/phone/ alone is C++: libphonenumber. No exceptions to the warnings but those of C.
CXX      := $(if $(filter clang,$(CC)),clang++,g++)
CXXFLAGS := -std=c++17 -fvisibility=hidden -Wall -Wextra -Wshadow -Werror $(CFLAGS_$(FLAVOUR)) \
            $(if $(filter asan fuzz,$(FLAVOUR)),-fno-sanitize=vptr)
LDLIBS   := -lopus -logg -lspandsp -lspeexdsp -lsndfile -lcurl -lcrypto -lsodium -lsqlite3 -ljansson \
            -lyaml -lpcre2-8 -lical -lphonenumber -lstdc++ -lpthread -lm

# The two programs; all else is the library that they and the tests are linked with.
MAINS    := src/app/tandemd.c src/app/tandem.c
LIB_SRC  := $(filter-out $(MAINS) %.bpf.c,$(wildcard src/*/*.c src/*/*/*.c))
# The kernel's relay needs libbpf and a compiler for eBPF; without them the daemon is built without it.
ACCEL := $(shell [ -e /usr/include/bpf/libbpf.h ] && echo 'int x;' | \
                 clang -target bpf -x c -c -o /dev/null - 2>/dev/null && echo yes)
ifeq ($(ACCEL),yes)
LIB_SRC := $(filter-out %/fast_none.c,$(LIB_SRC))
LDLIBS  += -lbpf
else
LIB_SRC := $(filter-out %/fast_load.c,$(LIB_SRC))
endif
LIB_OBJ  := $(LIB_SRC:%.c=$(O)/%.o) $(patsubst %.cc,$(O)/%.o,$(wildcard src/*/*/*.cc))
LIB      := $(O)/libtandem.a
# Support code of the tests: test/lib/*.c.
TLIB_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard test/lib/*.c))
TLIB     := $(O)/libtest.a
# IN="ev media" takes the unit tests of these folders alone.
IN       ?= *
UNIT_SRC := $(wildcard $(IN:%=test/unit/%/test_*.c))
UNIT     := $(UNIT_SRC:%.c=$(O)/%)
SIM     := $(O)/test/sim/sim
SIM_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard test/sim/*.c))

ifeq ($(FLAVOUR),release)
BIN := build
else
BIN := build/$(FLAVOUR)
endif

PREFIX ?= /usr/local
JOBS   ?= $(shell nproc)

# make: the two programs.
.PHONY: all
all: build/.packages
	@$(MAKE) --no-print-directory -j$(JOBS) $(BIN)/tandemd $(BIN)/tandem

# make run: in the foreground, with ./data and a demo tenant. Ctrl-C ends it.
.PHONY: run
run: all build/.packages-run
	@exec build/tandemd --data data --demo

# make test: everything; the last line sums up.
.PHONY: test
test: build/.packages build/.packages-test
	@tools/run-tests

build/.packages: tools/install-packages
	@tools/install-packages build
	@mkdir -p build && touch $@

# Prompts, music, speech: it runs without them.
build/.packages-run: tools/install-packages
	@tools/install-packages run && touch $@ || echo "no prompts or music: packages are missing"

build/.packages-fuzz: tools/install-packages
	@tools/install-packages build fuzz
	@mkdir -p build && touch $@

build/.packages-test: tools/install-packages
	@tools/install-packages build run test
	@mkdir -p build && touch $@

.PHONY: programs
programs: $(BIN)/tandemd $(BIN)/tandem

$(BIN)/tandemd: $(O)/src/app/tandemd.o $(LIB)
$(BIN)/tandem: $(O)/src/app/tandem.o $(LIB)
$(BIN)/tandemd $(BIN)/tandem:
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_$(FLAVOUR)) -o $@ $^ $(LDLIBS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(TLIB): $(TLIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(O)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $(FLAVOUR) $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(if $(filter test/% fuzz/%,$<),-Itest/lib -Ifuzz -Wno-missing-prototypes -Wno-missing-field-initializers) -MMD -MP -c -o $@ $<

# Loops over samples: -O3 makes vectors of them.
build/obj/release/src/media/codec/%.o: CFLAGS += -O3

# The object of the program that runs in the kernel is part of the daemon.
$(O)/fast.bpf.o: src/media/fast.bpf.c src/media/fast_packet.h $(wildcard src/rtp/*.h)
	@mkdir -p $(@D)
	@echo "  BPF $<"
	@clang -target bpf -O2 -g -std=gnu17 -Wall -Werror -Isrc -D_GNU_SOURCE -D__$(shell uname -m)__ \
	        -I/usr/include/$(shell gcc -dumpmachine) -c -o $@ $<
$(O)/src/media/fast_load.o: $(O)/fast.bpf.o
$(O)/src/media/fast_load.o: CPPFLAGS += -DFAST_OBJECT='"$(O)/fast.bpf.o"'

$(O)/%.o: %.cc
	@mkdir -p $(@D)
	@echo "  CXX $(FLAVOUR) $<"
	@$(CXX) -Isrc -D_GNU_SOURCE $(CXXFLAGS) -MMD -MP -c -o $@ $<

$(O)/test/unit/%: $(O)/test/unit/%.o $(TLIB) $(LIB)
	@$(CC) $(LDFLAGS_$(FLAVOUR)) -o $@ $^ -lcmocka $(LDLIBS)

.PRECIOUS: $(O)/%.o
-include $(LIB_OBJ:.o=.d) $(TLIB_OBJ:.o=.d) $(UNIT:=.d) $(SIM_OBJ:.o=.d) $(O)/src/app/tandemd.d $(O)/src/app/tandem.d

# One unit test: make one T=base/test_str FLAVOUR=asan
.PHONY: one
one: $(O)/test/unit/$(T)
	$(O)/test/unit/$(T)

# The simulator: a seed for so many steps or virtual hours. make sim SEED=7 STEPS=5000, SHRINK=1.
# `make sim-build` only builds it.
SEED    ?= 1
SEEDS   ?= 1
STEPS   ?= 2000
SHARDS  ?= 2
PHONES  ?= 18
NODES   ?= 1
.PHONY: sim sim-build
sim: $(SIM)
	$(SIM) -s $(SEED) -n $(SEEDS) -d $(SHARDS) -p $(PHONES) -m $(NODES) -k $(STEPS) $(if $(HOURS),-H $(HOURS)) \
	        $(if $(SHRINK),--shrink)
sim-build: $(SIM)

$(SIM): $(SIM_OBJ) $(TLIB) $(LIB)
	@$(CC) $(LDFLAGS_$(FLAVOUR)) -o $@ $^ -lcmocka $(LDLIBS)

# All unit tests of a flavour.
.PHONY: unit unit-build
unit-build: $(UNIT)
unit: $(UNIT)
	@tools/run-unit $(UNIT)

# What happens when there is much: a full store, floods, waves, two shards. bench/scale --help.
.PHONY: bench-scale
bench-scale: all $(O)/bench/sipgen
	@bench/scale

# CPU of each codec and each transcoded pair: make bench-codec VOICE=speech.wav
.PHONY: bench-codec
bench-codec: $(O)/bench/bench_codec
	$(O)/bench/bench_codec $(VOICE)

# CPU of processed audio: transcoding, rooms, prompts, recording.
.PHONY: bench-media
bench-media: $(O)/bench/media_bench
	$(O)/bench/media_bench

$(O)/bench/media_bench: $(O)/bench/media_bench.o $(TLIB) $(LIB)
	@$(CC) $(LDFLAGS_$(FLAVOUR)) -o $@ $^ -lcmocka $(LDLIBS)

# CPU of a routing decision.
.PHONY: bench-route
bench-route: $(O)/bench/bench_route
	$(O)/bench/bench_route

# Peers beside Tandem: CPU per registration, call and relayed packet. make bench, or bench/run --help.
BENCH := $(addprefix $(O)/bench/,sipgen rtp_gen relay_host)
.PHONY: bench bench-relay
bench: all $(BENCH)
	@tools/install-packages bench
	@bench/run

# Relayed packets alone.
bench-relay: $(BENCH)
	@tools/install-packages bench
	@bench/run --tests relay-5,relay-100,relay-500,relay-2000,relay-5000

GEN_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard bench/gen_*.c))
$(O)/bench/sipgen: $(O)/bench/sipgen.o $(GEN_OBJ) $(LIB)
	@$(CC) $(LDFLAGS_$(FLAVOUR)) -o $@ $^ $(LDLIBS)
-include $(GEN_OBJ:.o=.d)

$(O)/bench/%: $(O)/bench/%.o $(LIB)
	@$(CC) $(LDFLAGS_$(FLAVOUR)) -o $@ $^ $(LDLIBS)

# One fuzz target for S seconds (libFuzzer): make fuzz T=sip_msg S=60; make fuzz-all S=60.
# What it finds worth keeping stays in build/corpus, what breaks something beside it; it starts from
# fuzz/corpus, test/torture and test/sdp. `make fuzz-merge T=sip_msg` makes fuzz/corpus of all that, small.
S ?= 60
FUZZ      := $(patsubst fuzz/fuzz_%.c,%,$(wildcard fuzz/fuzz_*.c))
FUZZ_T     = $(patsubst fuzz_%,%,$(T))
FUZZ_SEEDS = $(wildcard fuzz/corpus/$(FUZZ_T)) test/torture/rfc4475 test/torture/rfc5118 test/sdp
# The words of a target, and for those whose bytes choose events: long inputs from the start.
DICT_control := json
DICT_dialog := sip
DICT_digest := digest
DICT_headers := sip
DICT_multipart := sip
DICT_print := json
DICT_sdp := sdp
DICT_settings := settings
DICT_sip_msg := sip
DICT_sip_stack := sip
DICT_tenant_file := json
DICT_uri := sip
DICT_world := walk
FLAGS_record := -max_len=400
FLAGS_trans := -len_control=0 -max_len=300
FLAGS_world := -len_control=0 -max_len=1500
.PHONY: fuzz fuzz-all fuzz-merge replay
fuzz: build/.packages-fuzz
	@mkdir -p build/corpus/$(FUZZ_T)
	@$(MAKE) --no-print-directory FLAVOUR=fuzz CC=clang build/obj/fuzz/fuzz/fuzz_$(FUZZ_T)
	build/obj/fuzz/fuzz/fuzz_$(FUZZ_T) -max_total_time=$(S) -timeout=25 -rss_limit_mb=2048 \
	        -print_final_stats=1 -artifact_prefix=build/corpus/$(FUZZ_T)- $(FLAGS_$(FUZZ_T)) \
	        $(DICT_$(FUZZ_T):%=-dict=fuzz/dict/%.dict) build/corpus/$(FUZZ_T) $(FUZZ_SEEDS)
fuzz-all:
	@for t in $(FUZZ); do $(MAKE) --no-print-directory fuzz T=$$t S=$(S) || exit 1; done
fuzz-merge: build/.packages-fuzz
	@$(MAKE) --no-print-directory FLAVOUR=fuzz CC=clang build/obj/fuzz/fuzz/fuzz_$(FUZZ_T)
	@tools/fuzz-merge $(FUZZ_T) $(FUZZ_SEEDS) build/corpus/$(FUZZ_T)

# The corpora through their targets, without libFuzzer: a part of make test.
replay: $(FUZZ:%=$(O)/fuzz/replay_%)
	@tools/run-replay $(O)/fuzz
$(O)/fuzz/replay_%: $(O)/fuzz/fuzz_%.o $(O)/fuzz/replay.o $(TLIB) $(LIB)
	@$(CC) $(LDFLAGS_$(FLAVOUR)) -o $@ $^ -lcmocka $(LDLIBS)
-include $(wildcard $(O)/fuzz/*.d)

$(O)/fuzz/%: $(O)/fuzz/%.o $(TLIB) $(LIB)
	@$(CC) $(LDFLAGS_$(FLAVOUR)) -o $@ $^ -lcmocka $(LDLIBS)

# Our SIP parser beside those of libosip2 and libre, each in a program of its own.
.PHONY: diff
diff: $(O)/test/diff/read_tandem $(O)/test/diff/read_osip $(O)/test/diff/read_re
	@test/diff/run $(O)/test/diff
$(O)/test/diff/read_tandem: $(O)/test/diff/read_tandem.o $(LIB)
	@$(CC) $(LDFLAGS_$(FLAVOUR)) -o $@ $^ $(LDLIBS)
$(O)/test/diff/read_osip: $(O)/test/diff/read_osip.o
	@$(CC) -o $@ $^ $(LDFLAGS_$(FLAVOUR)) -losipparser2
$(O)/test/diff/read_re: $(O)/test/diff/read_re.o
	@$(CC) -o $@ $^ $(LDFLAGS_$(FLAVOUR)) -lre
# The headers of others do not bear all our warnings.
$(O)/test/diff/read_osip.o $(O)/test/diff/read_re.o: WARN := -Wall
-include $(wildcard $(O)/test/diff/*.d)

# make layers: which folder includes which. make checks: tabs, width, licence lines.
.PHONY: layers checks
layers:
	@tools/layers
checks:
	@tools/checks

# make docs: write what is made from tables. make docs-check: is it up to date?
.PHONY: docs docs-check
docs: all
	@tools/docs build/tandemd build/tandem
docs-check:
	@$(MAKE) --no-print-directory one T=app/test_docs FLAVOUR=asan

# A sample under memcheck, built without sanitizers: minutes.
.PHONY: valgrind
valgrind: build/.packages-test
	@$(MAKE) -s -j$(JOBS) FLAVOUR=plain programs unit-build
	@tools/run-valgrind

# What the unit tests reach, by folder: minutes. make stats prints the last summary.
.PHONY: coverage
coverage: build/.packages-test
	@find build/obj/cov -name '*.gcda' -delete 2>/dev/null || true
	@$(MAKE) -s -j$(JOBS) FLAVOUR=cov unit
	@tools/coverage build/obj/cov build/coverage.txt

# make stats: sizes of files and functions, tests, layers, and the last coverage.
.PHONY: stats
stats:
	@tools/stats

# make install: into PREFIX (/usr/local), below DESTDIR.
.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/systemd/system \
	        $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/doc/tandem
	install -m 755 build/tandemd build/tandem $(DESTDIR)$(PREFIX)/bin
	sed 's,@PREFIX@,$(PREFIX),' deploy/tandem.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/tandem.service
	install -m 644 deploy/completion/tandem.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tandem
	install -m 644 README.md LICENSE doc/*.md $(DESTDIR)$(PREFIX)/share/doc/tandem

.PHONY: help
help:
	@echo "make            build/tandemd and build/tandem, optimised (installs packages when needed)"
	@echo "make run        start it with ./data and a demo tenant"
	@echo "make test       all tests; the last line sums up"
	@echo "make unit       unit tests (FLAVOUR=release, asan, tsan or cov; IN=\"ev media\" for some folders)"
	@echo "make one T=base/test_str   one unit test"
	@echo "make sim SEED=7 STEPS=5000 SHARDS=2   the simulator (or HOURS=1; SEEDS=20; SHRINK=1)"
	@echo "make layers checks         rules that a tool can check"
	@echo "make docs       write the generated parts of doc/; docs-check: are they up to date?"
	@echo "make coverage   lines and branches that the unit tests reach; make valgrind: a sample in memcheck"
	@echo "make stats      sizes of files and functions, tests, the last coverage"
	@echo "make fuzz T=sip_msg S=60   one fuzz target; make fuzz-all: each of them"
	@echo "make replay     the corpora through the fuzz targets; make fuzz-merge T=sip_msg: a new corpus"
	@echo "make diff       our SIP parser beside those of libosip2 and libre"
	@echo "make bench-scale           a full store, overload, waves, two shards (bench/scale --help)"
	@echo "make bench-codec           CPU of codecs and transcoded pairs"
	@echo "make bench      CPU per registration, call and relayed packet, beside the peers' (bench/run --help)"
	@echo "make bench-relay           relayed packets alone"
	@echo "make bench-route           CPU of a routing decision"
	@echo "make install    PREFIX=/usr/local DESTDIR="
	@echo "make clean      forget build/"

.PHONY: clean
clean:
	rm -rf build
