# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
BUILD  ?= build
PREFIX ?= /usr/local
CC     ?= cc

MODULES := libsodium libcbor liburing json-c inih sqlite3 libnftables \
	   libnl-3.0 libnl-route-3.0 libsystemd
PKG_CFLAGS := $(shell pkg-config --cflags $(MODULES) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(MODULES) 2>/dev/null)

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wno-unused-parameter
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu11 $(WARN) -D_GNU_SOURCE -Iinclude -Iagent -fvisibility=hidden -fPIC \
	-fstack-protector-strong -pthread $(PKG_CFLAGS) $(CFLAGS) $(EXTRA_CFLAGS)
ALL_LDFLAGS := -pthread $(LDFLAGS) $(EXTRA_CFLAGS)

CORE_OBJ   := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard agent/core/*.c))
COMMON_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard agent/common/*.c))
DAEMON_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out agent/daemon/main.c,$(wildcard agent/daemon/*.c)))
TOOL_OBJ   := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tools/*.c))
UNIT       := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

.PHONY: help all objs unit clean
help:
	@echo "see the targets"

all: $(BUILD)/libsignet-core.a $(BUILD)/signetd $(BUILD)/signet

# Every object, without linking.
objs: $(CORE_OBJ) $(COMMON_OBJ) $(DAEMON_OBJ) $(TOOL_OBJ) \
      $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/unit/*.c agent/daemon/main.c))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/libsignet-core.a: $(CORE_OBJ)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libcommon.a: $(COMMON_OBJ)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libdaemon.a: $(DAEMON_OBJ)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/signetd: $(BUILD)/obj/agent/daemon/main.o $(BUILD)/libdaemon.a $(BUILD)/libcommon.a $(BUILD)/libsignet-core.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/signet: $(TOOL_OBJ) $(BUILD)/libcommon.a $(BUILD)/libsignet-core.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libdaemon.a $(BUILD)/libcommon.a $(BUILD)/libsignet-core.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libdaemon.a $(BUILD)/libcommon.a $(BUILD)/libsignet-core.a -lcmocka $(PKG_LIBS)

unit: $(UNIT)
	@for t in $(UNIT); do $$t || exit 1; done

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
