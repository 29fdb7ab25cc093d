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
CFLAGS_cov     := -O0 -g --coverage
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
LDFLAGS_asan    := -fsanitize=address,undefined
LDFLAGS_tsan    := -fsanitize=thread
LDFLAGS_cov     := --coverage

CPPFLAGS := -Isrc -D_GNU_SOURCE -DOPENSSL_SUPPRESS_DEPRECATED -DTANDEM_VERSION='"$(shell cat VERSION)"'
CFLAGS   := -std=c17 $(WARN) $(CFLAGS_$(FLAVOUR))
LDLIBS   := -lcrypto -lsodium -lsqlite3 -ljansson -lyaml -lpthread -lm

# The two programs; all else is the library that they and the tests are linked with.
MAINS    := src/app/tandemd.c src/app/tandem.c
LIB_SRC  := $(filter-out $(MAINS),$(wildcard src/*/*.c src/*/*/*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(O)/%.o)
LIB      := $(O)/libtandem.a
# Support code of the tests: test/lib/*.c.
TLIB_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard test/lib/*.c))
UNIT_SRC := $(wildcard test/unit/*/test_*.c)
UNIT     := $(UNIT_SRC:%.c=$(O)/%)

ifeq ($(FLAVOUR),release)
BIN := build
else
BIN := build/$(FLAVOUR)
endif

.PHONY: all
all: build/.packages
	@$(MAKE) --no-print-directory $(BIN)/tandemd $(BIN)/tandem

$(BIN)/tandemd: $(O)/src/app/tandemd.o $(LIB)
$(BIN)/tandem: $(O)/src/app/tandem.o $(LIB)
$(BIN)/tandemd $(BIN)/tandem:
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_$(FLAVOUR)) -o $@ $^ $(LDLIBS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(O)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $(FLAVOUR) $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(if $(filter test/%,$<),-Itest/lib -Wno-missing-prototypes) -MMD -MP -c -o $@ $<

$(O)/test/unit/%: $(O)/test/unit/%.o $(TLIB_OBJ) $(LIB)
	@$(CC) $(LDFLAGS_$(FLAVOUR)) -o $@ $^ -lcmocka $(LDLIBS)

.PRECIOUS: $(O)/%.o
-include $(LIB_OBJ:.o=.d) $(TLIB_OBJ:.o=.d) $(UNIT:=.d) $(O)/src/app/tandemd.d $(O)/src/app/tandem.d

# One unit test: make one T=base/test_str FLAVOUR=asan
.PHONY: one
one: $(O)/test/unit/$(T)
	$(O)/test/unit/$(T)

# All unit tests of a flavour.
.PHONY: unit
unit: $(UNIT)
	@tools/run-unit $(UNIT)

# CPU and delay of relayed calls over loopback.
.PHONY: bench-relay
bench-relay: $(O)/bench/relay_bench
	$(O)/bench/relay_bench 5 100 500 2000

$(O)/bench/%: $(O)/bench/%.o $(LIB)
	@$(CC) $(LDFLAGS_$(FLAVOUR)) -o $@ $^ $(LDLIBS)

.PHONY: layers
layers:
	@tools/layers

.PHONY: clean
clean:
	rm -rf build
