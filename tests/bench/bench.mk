# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Benchmarks: each ends with lines "bench: NAME signet=V peer=V unit=U ratio=R".
.PHONY: bench bench-tun bench-gate

ROUNDS ?= 5

$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(LIBS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(LIBS) $(PKG_LIBS)

bench: bench-tun bench-handshake bench-gate ## every benchmark

bench-tun: test-deps $(BUILD)/signetd $(BUILD)/signet $(BUILD)/bench/dp_static ## data path beside wireguard-go; ROUNDS=5
	@tests/bench/fetch-peer $(BUILD)/cache/wireguard-go
	@tests/bench/bench-tun --build $(BUILD) --cache $(BUILD)/cache/wireguard-go \
		--rounds $(ROUNDS)

bench-gate: test-deps $(BUILD)/bench/gate $(BUILD)/bench/gate_policy ## what the gate's verdicts cost (root)
	@mkdir -p $(BUILD)/bench
	@$(BUILD)/bench/gate
	@$(BUILD)/bench/gate_policy
