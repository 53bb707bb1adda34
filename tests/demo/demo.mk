# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The demonstration: a legacy switch, its controller, and an attacker between.

DEMO_PROGRAMS := $(BUILD)/demo/switch $(BUILD)/demo/plug $(BUILD)/demo/attacker
DEMO_ATTACKER := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/demo/attacker*.c))

.PHONY: demo demo-attack demo-programs

demo-programs: $(DEMO_PROGRAMS)

$(BUILD)/demo/switch $(BUILD)/demo/plug: $(BUILD)/demo/%: $(BUILD)/obj/tests/demo/%.o
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# One program under five names.
$(BUILD)/demo/attacker: $(DEMO_ATTACKER)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^
	for name in sniff replay forge flip flood; do ln -sf attacker $(@D)/$$name || exit 1; done

demo: demo-deps all demo-programs ## a legacy switch, an attacker, and what Signet changes
	@tests/demo/demo --build $(BUILD)

demo-attack: demo-deps all demo-programs ## the same, and you are the attacker
	@tests/demo/demo --build $(BUILD) --attack
