// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a verdict of the gate costs, by BPF_PROG_TEST_RUN: medians of several
 * runs of a million packets, beside a program that only parses the headers and
 * drops, in turn with it. What counts is nanoseconds above that program; the
 * ratio is what is allowed to what there is.
 */
#include "bpf/gate_floor.skel.h"
#include "gate_lab.h"

#define RUNS   9
#define REPEAT 1000000
#define LABELS 1000

static struct gate_floor_bpf *gate_floor;

static int by_size(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return (d > 0) - (d < 0);
}

static double once(const struct bpf_program *prog, const struct made *m,
		   uint32_t verdict)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = m->b,
		    .data_size_in = m->len, .repeat = REPEAT);

	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts) ||
	    opts.retval != verdict) {
		fprintf(stderr, "gate: verdict %u, not %u\n", opts.retval,
			verdict);
		exit(1);
	}
	return opts.duration;
}

/* An answer takes the packet's place: then it is restored before each run, which
 * costs the program beside it as much.
 */
static double restored(const struct bpf_program *prog, const struct made *m,
		       uint32_t verdict)
{
	int chain = bpf_map__fd(gate_floor->maps.restored);
	int fd = bpf_program__fd(prog), zero = 0;

	if (bpf_map_update_elem(chain, &zero, &fd, 0)) {
		perror("gate: tail call");
		exit(1);
	}
	return once(gate_floor->progs.restore, m, verdict);
}

/* What is measured: a frame, and what becomes of it. */
struct subject {
	const char *name;
	void (*make)(struct made *m);
	uint32_t verdict;
	double target;
};

static void admitted(struct made *m)
{
	uint8_t f[200];

	make_frame(f, SIGNET_FRAME_PACKET, sizeof(f), LABEL);
	make(m, &(struct shape){ 0 }, f, sizeof(f));
}

static void forged(struct made *m)
{
	admitted(m);
	m->b[m->payload + SIGNET_HOP_TAG_OFFSET] ^= 1;
}

static void unknown(struct made *m)
{
	uint8_t f[200];

	make_frame(f, SIGNET_FRAME_PACKET, sizeof(f), LABEL + LABELS);
	make(m, &(struct shape){ 0 }, f, sizeof(f));
}

static void challenged(struct made *m)
{
	struct signet_handshake_frame *h;
	uint8_t f[SIGNET_HANDSHAKE_MAX];

	randombytes_buf(f, sizeof(f));
	h = (void *)f;
	h->type = SIGNET_FRAME_INIT;
	h->pattern = SIGNET_PATTERN_IK;
	h->flags = 0;
	h->label = 0;
	h->sender_label |= 1;
	memset(h->zero, 0, sizeof(h->zero));
	signet_mac1_write(f, lab.mac1_key);
	make(m, &(struct shape){ 0 }, f, 300);
}

/* The programs beside it, which have to know the packet. */
static void load_floor(const struct made *m)
{
	gate_floor = gate_floor_bpf__open();
	if (!gate_floor)
		exit(1);
	memcpy((void *)gate_floor->rodata->original, m->b,
	       sizeof(gate_floor->rodata->original));
	gate_floor->rodata->original_len = m->len;
	if (gate_floor_bpf__load(gate_floor))
		exit(1);
}

static void load_gate(void)
{
	void *state = NULL;

	if (lab_setup(&state))
		exit(1);
	lab.gate->data->control.locals_known = 1;
	lab.gate->data->control.own_ip4 = htonl(0xc0000263);
	for (uint32_t i = 1; i < LABELS; i++)
		label_put(LABEL + i, false);
	lab.settings.port[1].flags = GATE_LOADED;
	lab.settings.port[1].cookie_interval = 0;
	settings_use();
}

/* Where in memory the kernel puts a program matters, up to tens of nanoseconds:
 * each run has it elsewhere.
 */
static void bench(const struct subject *s)
{
	double ours[RUNS], theirs[RUNS], none[RUNS], above[RUNS];
	double (*f)(const struct bpf_program *, const struct made *, uint32_t) =
		s->verdict == XDP_TX ? restored : once;
	struct made m;

	for (int i = 0; i < RUNS; i++) {
		load_gate();
		s->make(&m);
		load_floor(&m);
		none[i] = f(gate_floor->progs.nothing, &m, XDP_DROP);
		theirs[i] = f(gate_floor->progs.headers, &m, XDP_DROP);
		ours[i] = f(lab.gate->progs.signet_gate, &m, s->verdict);
		above[i] = ours[i] - theirs[i];
		gate_floor_bpf__destroy(gate_floor);
		lab_teardown(NULL);
	}
	qsort(none, RUNS, sizeof(*none), by_size);
	qsort(theirs, RUNS, sizeof(*theirs), by_size);
	qsort(ours, RUNS, sizeof(*ours), by_size);
	qsort(above, RUNS, sizeof(*above), by_size);
	printf("%-14s %4.0f ns; headers alone %.0f, nothing %.0f; above %.0f "
	       "(%.0f to %.0f)\n",
	       s->name, ours[RUNS / 2], theirs[RUNS / 2], none[RUNS / 2],
	       above[RUNS / 2], above[0], above[RUNS - 1]);
	printf("bench: %s signet=%.0f peer=%.0f unit=ns ratio=%.2f above=%.0f "
	       "target=%.0f %s\n",
	       s->name, ours[RUNS / 2], theirs[RUNS / 2],
	       s->target / above[RUNS / 2], above[RUNS / 2], s->target,
	       above[RUNS / 2] <= s->target ? "met" : "missed");
}

int main(void)
{
	static const struct subject subjects[] = {
		{ "gate-admit", admitted, XDP_PASS, 70 },
		{ "gate-forged", forged, XDP_DROP, 70 },
		{ "gate-unknown", unknown, XDP_DROP, 40 },
		{ "gate-cookie", challenged, XDP_TX, 120 },
	};

	if (sodium_init() < 0)
		return 1;
	for (size_t i = 0; i < sizeof(subjects) / sizeof(*subjects); i++)
		bench(&subjects[i]);
	return 0;
}
