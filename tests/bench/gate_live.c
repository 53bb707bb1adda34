// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Live frames for bench-gate, and what meets them.
 *
 *	gate_live attach IF nothing|headers|marked|pass|gate
 *	gate_live frame authentic|forged|unknown >FRAME
 *	gate_live flood IF MILLISECONDS [NANOSECONDS] <FRAME
 *
 * "attach" puts that program in front of an interface, natively, and stays until
 * its standard input ends; the gate knows 1,000 labels then, and says at the end
 * how many frames it passed and dropped. "flood" sends the frame by that
 * interface as fast as one core can, or in lots of 128 every so many nanoseconds
 * (BPF_F_TEST_XDP_LIVE_FRAMES: no process or socket takes part) and says how many
 * there were.
 */
#include <linux/if_link.h>
#include <net/if.h>
#include <time.h>
#include <unistd.h>

#include "bpf/gate_floor.skel.h"
#include "gate_lab.h"

#define LABELS 1000
#define ONCE   (160 * BURST)
#define BURST  128 /* as in gate_floor.bpf.c */

static struct gate_floor_bpf *gate_floor;

static const struct bpf_program *program(const char *name)
{
	if (!strcmp(name, "gate"))
		return lab.gate->progs.signet_gate;
	return bpf_object__find_program_by_name(gate_floor->obj, name);
}

/* Both processes know it. */
static void use_key(void)
{
	memset(lab.hop_key, 0x5a, sizeof(lab.hop_key));
	for (uint32_t i = 0; i < LABELS; i++)
		label_put(LABEL + i, false);
	lab.gate->data->control.locals_known = 1;
	lab.gate->data->control.own_ip4 = htonl(0xc0000263);
	lab.gate->data->control.mtu = 1500;
}

static uint64_t sum(const __u64 *v, size_t n)
{
	uint64_t s = 0;

	while (n--)
		s += *v++;
	return s;
}

static int attach(const char *ifname, const char *name)
{
	int ifindex = if_nametoindex(ifname), ret;
	const struct bpf_program *prog;
	struct gate_counters c;
	void *state = NULL;
	char b;

	if (lab_setup(&state))
		return 1;
	use_key();
	prog = program(name);
	ret = prog ? bpf_xdp_attach(ifindex, bpf_program__fd(prog),
				    XDP_FLAGS_DRV_MODE, NULL)
		   : -ENOENT;
	if (ret) {
		fprintf(stderr, "gate_live: %s on %s: %s\n", name, ifname,
			strerror(-ret));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &b, 1) > 0)
		;
	bpf_xdp_detach(ifindex, XDP_FLAGS_DRV_MODE, NULL);
	sum_counters(&c);
	printf("%lu %lu\n", sum(c.passed, GATE_PASS_COUNT),
	       sum(c.dropped, SIGNET_DROP_COUNT));
	lab_teardown(&state);
	return 0;
}

static int frame(const char *kind)
{
	bool unknown = !strcmp(kind, "unknown");
	uint8_t f[200];
	struct made m;

	memset(lab.hop_key, 0x5a, sizeof(lab.hop_key));
	make_frame(f, SIGNET_FRAME_PACKET, sizeof(f),
		   LABEL + (unknown ? LABELS : LABELS / 2));
	make(&m, &(struct shape){ 0 }, f, sizeof(f));
	if (!strcmp(kind, "forged"))
		m.b[m.payload + SIGNET_HOP_TAG_OFFSET] ^= 1;
	return fwrite(m.b, m.len, 1, stdout) != 1;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int flood(const char *ifname, uint64_t duration, uint64_t interval)
{
	static uint8_t b[2048];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = b, .repeat = ONCE,
		    .batch_size = BURST, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	struct gate_floor_bpf *g = gate_floor_bpf__open();
	uint64_t end, n = 0;

	opts.data_size_in = fread(b, 1, sizeof(b), stdin);
	if (!g)
		return 1;
	g->rodata->out_ifindex = if_nametoindex(ifname);
	g->rodata->interval = interval;
	if (gate_floor_bpf__load(g))
		return 1;
	end = now_ms() + duration;
	do {
		if (bpf_prog_test_run_opts(bpf_program__fd(g->progs.generate),
					   &opts)) {
			perror("gate_live: live frames");
			return 1;
		}
		n += ONCE;
	} while (now_ms() < end);
	printf("%lu\n", n);
	gate_floor_bpf__destroy(g);
	return 0;
}

int main(int argc, char **argv)
{
	int ret = 2;

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	if (sodium_init() < 0)
		return 1;
	if ((argc == 4 || argc == 5) && !strcmp(argv[1], "flood"))
		return flood(argv[2], strtoul(argv[3], NULL, 0),
			     argc == 5 ? strtoul(argv[4], NULL, 0) : 0);
	if (argc == 3 && !strcmp(argv[1], "frame"))
		return frame(argv[2]);
	gate_floor = gate_floor_bpf__open_and_load();
	if (gate_floor && argc == 4 && !strcmp(argv[1], "attach"))
		ret = attach(argv[2], argv[3]);
	else
		fprintf(stderr, "usage: see the top of gate_live.c\n");
	gate_floor_bpf__destroy(gate_floor);
	return ret;
}
