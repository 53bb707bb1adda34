# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Tests: unit, sanitizers, fuzzing, network namespaces, style.
UNIT    := $(UNIT_OBJ:$(BUILD)/obj/tests/unit/%.o=$(BUILD)/unit/%)
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
HELPERS := $(patsubst tests/netns/%.c,$(BUILD)/netns/%,$(wildcard tests/netns/*.c))
STYLED   = $(shell git ls-files -co --exclude-standard '*.c' '*.h' ':!kmod' ':!include/uapi')
FORMAT  := clang-format-19
FUZZ    ?=
TIME    ?= 60

.PHONY: check check-fast check-long check-deps demo-deps unit unit-build fuzz fuzz-build fuzzers netns-build style format test-deps

check: check-deps ## build and pass every test
	@tests/run full

check-long: check-deps ## check, data races, the network tests on the module of each kernel
	@LONG=1 tests/run full

check-fast: test-deps ## unit tests and style: under a minute
	@tests/run fast

demo-deps:
	@tests/deps.sh build demo

test-deps:
	@tests/deps.sh build test

# all at once: two installations at a time would be one too many
check-deps:
	@tests/deps.sh build test vm

unit: test-deps unit-build ## unit tests only; SAN=1 for ASan and UBSan
	@set -e; for t in $(UNIT); do $$t; done

unit-build: $(UNIT)

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(LIBS)
	$(say) LD $@
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(LIBS) -lcmocka $(PKG_LIBS)

# The tool's own tests see its parts, but for main().
$(BUILD)/unit/test_tool_%: $(BUILD)/obj/tests/unit/test_tool_%.o \
		$(filter-out %/main.o,$(TOOL_OBJ)) $(LIBS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(PKG_LIBS)

# Programs that the network tests need.
netns-build: $(HELPERS)

$(BUILD)/netns/%: $(BUILD)/obj/tests/netns/%.o $(call objects,tests/netns/lib/*.c) \
		$(BUILD)/libsignet-core.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# libFuzzer needs clang, so these have a build folder of their own.
FUZZ_BUILD := build/fuzz
FUZZ_MAKE   = $(MAKE) BUILD=$(FUZZ_BUILD) CC=clang CFLAGS="-O1 -g" \
	EXTRA_CFLAGS="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"

fuzz-build: test-deps
	@+$(FUZZ_MAKE) fuzzers

fuzz: test-deps fuzz-build ## fuzz: FUZZ=name (all in turn without), TIME=seconds each
	@tests/fuzz/run $(FUZZ_BUILD) -max_total_time=$(TIME) $(FUZZ)

fuzzers: $(FUZZERS)

$(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(LIBS)
	$(say) LD $@
	clang -fsanitize=fuzzer,address,undefined $(ALL_LDFLAGS) -o $@ $< $(LIBS) $(PKG_LIBS)

style: ## formatting, licence lines, word list
	@tests/style.sh

format: ## let clang-format lay out every source file
	$(FORMAT) -i $(STYLED)
