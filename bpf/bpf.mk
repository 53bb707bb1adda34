# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# BPF programs, and the skeletons that hold them: BUILD/bpf/NAME.skel.h.
BPF_CLANG ?= clang
BPFTOOL   ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/bin/bpftool) bpftool)
BPF_CFLAGS = -O2 -g -target bpf -mcpu=v3 -std=gnu11 -Wall -Wextra -Werror \
	-Wno-unused-parameter -Wno-sign-compare -Wno-address-of-packed-member \
	-Iinclude -I. -I/usr/include/$(shell $(CC) -print-multiarch)
BPF_TESTS := $(patsubst tests/bpf/%.c,$(BUILD)/bpf/%,$(wildcard tests/bpf/test_*.c))

.PHONY: bpf bpf-test-build
.SECONDARY:

bpf: $(BUILD)/bpf/gate.skel.h $(BUILD)/bpf/gate_beside.skel.h $(BUILD)/bpf/policy.skel.h ## the BPF programs alone

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h include/signet/*.h)
	$(say) BPF $<
	@mkdir -p $(@D)
	$(BPF_CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/bpf/%.bpf.o: tests/bench/%.bpf.c $(wildcard bpf/*.h)
	$(say) BPF $<
	@mkdir -p $(@D)
	$(BPF_CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/bpf/%.bpf.o: tests/bpf/%.bpf.c
	$(say) BPF $<
	@mkdir -p $(@D)
	$(BPF_CLANG) $(BPF_CFLAGS) -c $< -o $@

# for libxdp's dispatcher
$(BUILD)/bpf/gate_beside.bpf.o: bpf/gate.bpf.c $(wildcard bpf/*.h include/signet/*.h)
	$(say) BPF $< beside others
	@mkdir -p $(@D)
	$(BPF_CLANG) $(BPF_CFLAGS) -DGATE_BESIDE -c $< -o $@

# without what only a debugger reads: it would be part of every agent
$(BUILD)/bpf/%.plain.o: $(BUILD)/bpf/%.bpf.o
	$(BPFTOOL) gen object $@ $< 2>$@.log || { cat $@.log; false; }

$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.plain.o
	$(say) SKEL $@
	$(BPFTOOL) gen skeleton $< name $*_bpf >$@.new 2>$@.log || { cat $@.log; false; }
	@mv $@.new $@

# The agent has the programs in it, as bytes.
$(BUILD)/obj/agent/daemon/%.o: LOCAL_CFLAGS = -I. -I$(BUILD)
$(BUILD)/obj/tests/unit/%.o: LOCAL_CFLAGS = -I. -I$(BUILD)
$(BUILD)/obj/agent/daemon/gate_load.o $(BUILD)/obj/tests/unit/test_bpf_load.o: \
	$(BUILD)/bpf/gate.skel.h $(BUILD)/bpf/gate_beside.skel.h

$(BUILD)/obj/agent/daemon/kernel_policy.o: $(BUILD)/bpf/policy.skel.h

# Scenarios of BPF_PROG_TEST_RUN.
bpf-test-build: $(BPF_TESTS)

$(BUILD)/obj/tests/bpf/%.o $(BUILD)/obj/tests/bench/gate_%.o: \
	EXTRA_CFLAGS += -I. -I$(BUILD) -Itests/bpf
$(BPF_TESTS:$(BUILD)/bpf/%=$(BUILD)/obj/tests/bpf/%.o) $(BUILD)/obj/tests/bench/gate.o: \
	$(BUILD)/bpf/gate_beside.skel.h
$(BPF_TESTS:$(BUILD)/bpf/%=$(BUILD)/obj/tests/bpf/%.o): $(BUILD)/bpf/gate.skel.h \
	$(BUILD)/bpf/policy.skel.h $(BUILD)/bpf/policy_lab.skel.h

$(BUILD)/bpf/test_%: $(BUILD)/obj/tests/bpf/test_%.o $(BUILD)/libsignet-core.a
	$(say) LD $@
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka -lbpf $(PKG_LIBS)

$(BUILD)/obj/tests/bench/gate.o: EXTRA_CFLAGS += -I. -I$(BUILD) -Itests/bpf
$(BUILD)/obj/tests/bench/gate.o $(BUILD)/obj/tests/bench/gate_live.o: \
	$(BUILD)/bpf/gate.skel.h $(BUILD)/bpf/gate_floor.skel.h
$(BUILD)/obj/tests/bench/gate_policy.o: $(BUILD)/bpf/policy.skel.h $(BUILD)/bpf/policy_lab.skel.h

$(BUILD)/bench/gate $(BUILD)/bench/gate_policy $(BUILD)/bench/gate_live: $(BUILD)/bench/%: \
		$(BUILD)/obj/tests/bench/%.o $(BUILD)/libsignet-core.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka -lbpf $(PKG_LIBS)
