// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What packet policy costs a packet, by BPF_PROG_TEST_RUN: medians of several
 * runs of a million packets, above a program that does nothing with the same
 * packet, in turn with it.
 */
#include "policy_lab.h"

#define RUNS   9
#define REPEAT 1000000
#define PEERS  1000

static struct made m;

static int by_size(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return (d > 0) - (d < 0);
}

static double once(const struct bpf_program *prog, int verdict)
{
	struct __sk_buff skb = { .mark = RESTRICTED };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = m.b,
		    .data_size_in = m.len, .ctx_in = &skb,
		    .ctx_size_in = sizeof(skb), .repeat = REPEAT);

	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts) ||
	    (int)opts.retval != verdict) {
		fprintf(stderr, "gate-policy: verdict %d, not %d\n",
			(int)opts.retval, verdict);
		exit(1);
	}
	return opts.duration;
}

static void use_in(const struct bpf_program *prog)
{
	int fd = bpf_program__fd(prog);
	uint32_t zero = 0;

	bpf_map_update_elem(fd_of(lab.before->maps.next), &zero, &fd, 0);
}

static double one(bool out, bool ours, int verdict)
{
	const struct bpf_program *in = lab.before->progs.received;

	if (out)
		return once(ours ? lab.policy->progs.signet_policy_out
				 : lab.before->progs.nothing,
			    verdict);
	use_in(ours ? lab.policy->progs.signet_policy_in
		    : lab.before->progs.nothing);
	return once(in, verdict);
}

static void bench(const char *name, bool out, int verdict)
{
	double ours[RUNS], floor[RUNS], above[RUNS];

	for (int i = 0; i < RUNS; i++) {
		floor[i] = one(out, false, TC_ACT_UNSPEC);
		ours[i] = one(out, true, verdict);
		above[i] = ours[i] - floor[i];
	}
	qsort(ours, RUNS, sizeof(*ours), by_size);
	qsort(floor, RUNS, sizeof(*floor), by_size);
	qsort(above, RUNS, sizeof(*above), by_size);
	printf("%-18s %4.0f ns; nothing %.0f; above %.0f (%.0f to %.0f)\n",
	       name, ours[RUNS / 2], floor[RUNS / 2], above[RUNS / 2], above[0],
	       above[RUNS - 1]);
	printf("bench: %s signet=%.0f peer=%.0f unit=ns ratio=%.2f\n", name,
	       ours[RUNS / 2], floor[RUNS / 2],
	       ours[RUNS / 2] / floor[RUNS / 2]);
}

/* A thousand peers, each with an address of its own. */
static void many_peers(void)
{
	int v = bpf_map_create(BPF_MAP_TYPE_HASH, NULL, 4, sizeof(lab.verdicts),
			       PEERS,
			       &(struct bpf_map_create_opts){
				       .sz = sizeof(struct bpf_map_create_opts),
				       .map_flags = BPF_F_NO_PREALLOC });
	int p = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, NULL,
			       sizeof(struct policy_prefix), 4, PEERS + 1,
			       &(struct bpf_map_create_opts){
				       .sz = sizeof(struct bpf_map_create_opts),
				       .map_flags = BPF_F_NO_PREALLOC });
	struct policy_prefix key = { .len = 128, .addr[2] = htonl(0xffff) };

	assert_true(v >= 0 && p >= 0);
	for (uint32_t i = 0; i < PEERS; i++) {
		verdict_put(v, i, &lab.verdicts);
		key.addr[3] = htonl(0x0a000000 + i);
		bpf_map_update_elem(p, &key, &i, 0);
	}
	key.addr[3] = htonl(0xc0000263); /* where make() sends to */
	bpf_map_update_elem(p, &key, &(uint32_t){ RESTRICTED }, 0);
	policy_use(v, p);
}

static void packet(uint16_t sport, uint16_t dport)
{
	uint8_t h[64] = { 0 };

	put16(put16(h, sport), dport);
	h[12] = 5 << 4;
	make(&m, &(struct shape){ .proto = IPPROTO_TCP }, h, sizeof(h));
}

int main(void)
{
	static const char items[] = "tcp/22, tcp/80, tcp/443, tcp/5432, "
				    "udp/53, udp/5000-5010, icmp";
	void *state = NULL;

	libbpf_set_print(NULL);
	if (lab_setup(&state))
		return 1;
	allow(items);
	many_peers();
	packet(40000, 5432);
	bench("gate-policy", false, TC_ACT_UNSPEC);
	packet(40000, 5433);
	bench("gate-policy-denied", false, TC_ACT_SHOT);
	packet(5432, 40000);
	bench("gate-policy-answer", true, TC_ACT_UNSPEC);
	packet(40001, 443);
	bench("gate-policy-begun", true, TC_ACT_UNSPEC);
	lab_teardown(&state);
	return 0;
}
