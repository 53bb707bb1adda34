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

bench-gate: test-deps netns-build $(BUILD)/signetd $(BUILD)/signet $(addprefix $(BUILD)/bench/,gate gate_policy gate_live) ## what the gate costs, and how TCP fares under a flood (root); ONLY=verdicts,live,flood
	@tests/bench/fetch-filter $(BUILD)/cache/xdp-tools || :
	@tests/bench/bench-gate --build $(BUILD) --cache $(BUILD)/cache/xdp-tools \
		--rounds $(ROUNDS) $(if $(ONLY),--only $(ONLY))
