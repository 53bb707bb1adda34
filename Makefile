# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Every command that a developer needs; "make help" lists them. The parts:
#   tests/tests.mk    unit tests, sanitizers, fuzzing, style, check
#   bpf/bpf.mk        BPF programs and their tests
#   tools/install.mk  install and uninstall
#   tests/bench/bench.mk and tests/demo/demo.mk  benchmarks, demonstration
#   tests/vm/vm.mk  the kernel module in virtual machines
SAN ?=
ifeq ($(SAN),1)
BUILD  ?= build/san
EXTRA_CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
endif
BUILD  ?= build
PREFIX ?= /usr/local
CC     ?= cc
CFLAGS ?= -O2 -g

VERSION := $(strip $(file <VERSION))
MODULES := libsodium libcbor liburing json-c inih sqlite3 libnftables \
	   libnl-3.0 libnl-genl-3.0 libnl-route-3.0 libsystemd

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wno-unused-parameter
ALL_CFLAGS = -std=gnu11 $(WARN) -D_GNU_SOURCE -Iinclude -Iinclude/uapi -Iagent \
	-fvisibility=hidden -fPIC -fno-semantic-interposition -fstack-protector-strong -pthread \
	-DSIGNET_VERSION=\"$(VERSION)\" $(PKG_CFLAGS) $(CFLAGS) $(LOCAL_CFLAGS) $(EXTRA_CFLAGS)
ALL_LDFLAGS = -pthread -Wl,--as-needed -Wl,-z,relro -Wl,-z,now \
	$(LDFLAGS) $(EXTRA_CFLAGS)

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)))
CORE_OBJ   := $(call objects,agent/core/*.c)
COMMON_OBJ := $(call objects,agent/common/*.c)
DAEMON_OBJ := $(filter-out %/main.o,$(call objects,agent/daemon/*.c))
TOOL_OBJ   := $(call objects,tools/*.c)
UNIT_OBJ   := $(call objects,tests/unit/test_*.c)
LIBS       := $(BUILD)/libdaemon.a $(BUILD)/libcommon.a $(BUILD)/libsignet-core.a
CORE_SO    := $(BUILD)/libsignet-core.so.0

# One line for each step; V=1 shows the commands, -s nothing.
say = @$(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,printf '  %-4s %s\n')
ifndef V
.SILENT:
endif
# As many steps at a time as there are processors, unless -j says otherwise;
# benchmarks want the machine for themselves.
ifeq ($(MAKELEVEL)$(filter -j% --jobserver%,$(MAKEFLAGS))$(filter bench%,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif

.DEFAULT_GOAL := help
.PHONY: help all objs deps clean

help: ## this list
	@echo "Signet $(VERSION). Commands:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Variables: PREFIX DESTDIR CC CFLAGS BUILD; SAN=1 builds with ASan and UBSan; V=1 shows commands"

all: $(BUILD)/libsignet-core.a $(CORE_SO) $(BUILD)/signetd $(BUILD)/signet ## build everything

deps: ## install what building and testing need (Debian 12, 13)
	@tests/deps.sh build test

# Every object, without linking.
objs: $(CORE_OBJ) $(COMMON_OBJ) $(DAEMON_OBJ) $(TOOL_OBJ) \
      $(call objects,tests/unit/*.c agent/daemon/main.c)

$(BUILD)/obj/%.o: %.c
	$(say) CC $<
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# Its text is assembled in.
$(BUILD)/obj/agent/common/varlink_text.o: Documentation/io.signet.varlink

$(BUILD)/libsignet-core.a: $(CORE_OBJ)
	rm -f $@ && $(AR) rcs $@ $^

$(CORE_SO): $(CORE_OBJ) agent/core/libsignet-core.map
	$(say) LD $@
	$(CC) -shared -Wl,-soname,$(@F) -Wl,--no-undefined \
		-Wl,--version-script=agent/core/libsignet-core.map \
		$(ALL_LDFLAGS) -o $@ $(CORE_OBJ) $(PKG_LIBS)

$(BUILD)/libcommon.a: $(COMMON_OBJ)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libdaemon.a: $(DAEMON_OBJ)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/signetd: $(BUILD)/obj/agent/daemon/main.o $(LIBS)
	$(say) LD $@
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/signet: $(TOOL_OBJ) $(BUILD)/libcommon.a $(BUILD)/libsignet-core.a
	$(say) LD $@
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

clean: ## remove everything that was built
	rm -rf $(BUILD)

include tests/tests.mk tools/install.mk
-include bpf/bpf.mk $(wildcard tests/bench/*.mk tests/vm/*.mk) tests/demo/demo.mk kmod/install.mk

# Compiler and linker flags of the libraries. Made once the packages are there:
# make installs those, makes this file, and starts over with it. All packages
# that the goals need are asked for at once.
$(BUILD)/config.mk: tests/deps.sh
	@tests/deps.sh build $(if $(filter demo%,$(MAKECMDGOALS)),demo) \
		$(if $(filter check% unit% fuzz%,$(MAKECMDGOALS)),test)
	@mkdir -p $(@D)
	@{ echo "PKG_CFLAGS := $$(pkg-config --cflags $(MODULES))" && \
	   echo "PKG_LIBS := $$(pkg-config --libs $(MODULES))"; } > $@.new && mv $@.new $@

ifneq ($(filter-out help deps clean style format uninstall kmod vm-deps modules modules_install install-dkms uninstall-dkms,$(or $(MAKECMDGOALS),help)),)
include $(BUILD)/config.mk
endif
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
