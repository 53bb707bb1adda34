// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What goes through this host to somebody else's port of the same number is not
 * judged; what is for this host is, wherever its addresses are.
 */
#include "gate_lab.h"

static void local_put(const char *text)
{
	uint32_t yes = 1;
	struct gate_local a;

	assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	assert_int_equal(
		bpf_map_update_elem(fd_of(lab.gate->maps.locals), &a, &yes, 0),
		0);
}

static void know_locals(void)
{
	local_put("::ffff:192.0.2.99");
	local_put("2001:db8::63");
	lab.gate->data->control.locals_known = 1;
}

static void make_forged(struct made *m, const struct shape *s, uint8_t type)
{
	uint8_t f[SIGNET_HANDSHAKE_MAX];

	make_frame(f, type, sizeof(f), LABEL);
	f[20] ^= 1;
	make(m, s, f, 300);
}

static void what_is_for_this_host_is_judged(void **state)
{
	struct made m;

	know_locals();
	for (int ip6 = 0; ip6 < 2; ip6++) {
		make_forged(&m, &(struct shape){ .ip6 = ip6 }, 5);
		drops(&m, SIGNET_DROP_HOP_TAG);
		make_forged(&m, &(struct shape){ .ip6 = ip6 }, 77);
		drops(&m, SIGNET_DROP_TYPE);
	}
}

static void what_is_for_others_passes(void **state)
{
	struct made m;

	know_locals();
	for (int ip6 = 0; ip6 < 2; ip6++)
		for (int type = 0; type < 8; type++) {
			make_forged(&m, &(struct shape){ .ip6 = ip6 }, type);
			m.b[m.l4 - 1] ^= 1; /* of the address it is for */
			passes(&m, GATE_PASS_OTHER);
		}
	/* the agent doesn't know them all */
	lab.gate->data->control.locals_known = 0;
	drops(&m, SIGNET_DROP_TYPE);
}

/* The interface's own address is known without the map. */
static void the_own_address_is_this_hosts(void **state)
{
	struct made m;

	lab.gate->data->control.locals_known = 1;
	make_forged(&m, &(struct shape){ 0 }, 5);
	passes(&m, GATE_PASS_OTHER);
	memcpy((void *)&lab.gate->data->control.own_ip4, m.b + m.l3 + 16, 4);
	drops(&m, SIGNET_DROP_HOP_TAG);
	m.b[m.l4 - 1] ^= 1;
	passes(&m, GATE_PASS_OTHER);
	/* what lies there in an IPv6 header is no address */
	make_forged(&m, &(struct shape){ .ip6 = true }, 5);
	memcpy(m.b + m.l3 + 16, (void *)&lab.gate->data->control.own_ip4, 4);
	passes(&m, GATE_PASS_OTHER);
}

static void a_fragment_for_others_passes(void **state)
{
	struct made m;

	know_locals();
	make_forged(&m, &(struct shape){ .fragment = 0x2000 }, 5);
	drops(&m, SIGNET_DROP_FRAGMENT);
	m.b[m.l4 - 1] ^= 1;
	passes(&m, GATE_PASS_OTHER);
}

static void broadcasts_and_multicasts_are_judged(void **state)
{
	struct made m;

	know_locals();
	make_forged(&m, &(struct shape){ 0 }, 5);
	memcpy(m.b + m.l3 + 16, "\xff\xff\xff\xff", 4);
	drops(&m, SIGNET_DROP_HOP_TAG);
	memcpy(m.b + m.l3 + 16, "\xe0\0\0\1", 4);
	drops(&m, SIGNET_DROP_HOP_TAG);
	memcpy(m.b + m.l3 + 16, "\xef\xff\xff\xff", 4);
	drops(&m, SIGNET_DROP_HOP_TAG);
	/* just below and above */
	memcpy(m.b + m.l3 + 16, "\xdf\xff\xff\xff", 4);
	passes(&m, GATE_PASS_OTHER);
	memcpy(m.b + m.l3 + 16, "\xf0\0\0\1", 4);
	passes(&m, GATE_PASS_OTHER);
	make_forged(&m, &(struct shape){ .ip6 = true }, 5);
	memcpy(m.b + m.l3 + 24, "\xff\2", 2);
	drops(&m, SIGNET_DROP_HOP_TAG);
	memcpy(m.b + m.l3 + 24, "\xfe\x80", 2);
	passes(&m, GATE_PASS_OTHER);
}

/* to be challenged */
static void make_init(struct made *m)
{
	struct signet_handshake_frame *h;
	uint8_t f[SIGNET_HANDSHAKE_MAX];

	lab.settings.port[1].flags = GATE_LOADED;
	settings_use();
	memset(f, 0, sizeof(f));
	h = (void *)f;
	h->type = SIGNET_FRAME_INIT;
	h->pattern = SIGNET_PATTERN_IK;
	h->sender_label = 5;
	signet_mac1_write(f, lab.mac1_key);
	make(m, &(struct shape){ 0 }, f, 300);
}

/* No answer in somebody else's name. */
static void an_init_for_others_is_not_challenged(void **state)
{
	struct made m;

	know_locals();
	make_init(&m);
	assert_int_equal(run(m.b, m.len), XDP_TX);
	m.b[m.l4 - 1] ^= 1;
	passes(&m, GATE_PASS_OTHER);
}

/* Nor in the name of many, which no frame may come from. */
static void an_init_for_many_is_not_challenged(void **state)
{
	struct made m;

	make_init(&m);
	m.b[0] |= 1;
	drops(&m, SIGNET_DROP_MAC2);
	m.b[0] &= ~1;
	assert_int_equal(run(m.b, m.len), XDP_TX);
}

int main(void)
{
#define gate_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		gate_test(what_is_for_this_host_is_judged),
		gate_test(what_is_for_others_passes),
		gate_test(the_own_address_is_this_hosts),
		gate_test(a_fragment_for_others_passes),
		gate_test(broadcasts_and_multicasts_are_judged),
		gate_test(an_init_for_others_is_not_challenged),
		gate_test(an_init_for_many_is_not_challenged),
	};

	return run_group(tests, sizeof(tests) / sizeof(*tests));
}
