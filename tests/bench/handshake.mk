# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Handshakes, memory of a channel, wake-ups of an idle agent.
.PHONY: bench-handshake

BENCH_CROWD := $(call objects,tests/bench/crowd*.c)

$(BUILD)/bench/crowd: $(BENCH_CROWD) $(BUILD)/libcommon.a $(BUILD)/libsignet-core.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# Played by the network tests of scale.
netns-build: $(BUILD)/bench/crowd

$(BUILD)/bench/handshake: $(call objects,tests/bench/handshake.c tests/bench/crowd_identity.c) \
		$(BUILD)/libsignet-core.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

bench-handshake: $(BUILD)/signetd $(BUILD)/signet $(BUILD)/bench/crowd $(BUILD)/bench/handshake ## handshakes a second, memory of a channel, idle wake-ups
	@tests/netns/enter tests/bench/bench-handshake --build $(BUILD)
