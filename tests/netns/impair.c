// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The network between two nodes, in an attacker's hands: forwards frames
 * between two interfaces, and loses, repeats, delays, reorders, changes,
 * withholds and replays them as it is told over a socket. What is random
 * follows from the seed.
 *
 *	impair run IF_A IF_B SOCKET [SEED]
 *	impair ctl SOCKET COMMAND [KEY=VALUE]...
 *
 * Direction a is what comes in on IF_A. Only UDP is touched.
 *
 *	set dir= loss= dup= reorder= corrupt= truncate= (percent)
 *	    delay= jitter= (ms) burst_lost= burst_good= (ms) block=
 *	clear                         forward everything again
 *	hold type= dir= n=            withhold the next n frames of a type
 *	held                          how many are withheld
 *	release src= sport=           send them on, from elsewhere if wanted
 *	discard                       forget them
 *	flip from=held|tape type= dir=     send it with each bit flipped in turn
 *	lengths from= type= dir= min= max= send it cut or stretched to each length
 *	replay type= dir= n= skip= src= sport= len=   oldest n of the tape again
 *	forget                        empty the tape
 *	tape type= dir=               how many are on the tape
 *	stats
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/packet.h"
#include "lib/tape.h"

enum setting {
	LOSS,
	DUP,
	REORDER,
	CORRUPT,
	TRUNCATE,
	DELAY,
	JITTER,
	BURST_LOST,
	BURST_GOOD,
	BLOCK,
	SETTINGS
};

static const char *const setting_names[SETTINGS] = {
	"loss",	 "dup",	   "reorder",	 "corrupt",    "truncate",
	"delay", "jitter", "burst_lost", "burst_good", "block",
};

struct queued {
	struct queued *next;
	uint64_t due;
	int dir;
	struct packet p;
};

struct hold {
	long n, type, dir;
};

static struct wire {
	int fd[2], ctl, mtu;
	uint64_t seed;
	long set[2][SETTINGS];
	struct queued *queue;
	struct hold hold;
	struct tape tape, held;
	unsigned long seen[2], lost[2], sent[2], refused;
} wire;

/* A command's words, "key=value". */
struct words {
	char *word[32];
	int n;
};

static const char *word_get(const struct words *w, const char *key)
{
	size_t len = strlen(key);
	int i;

	for (i = 1; i < w->n; i++)
		if (!strncmp(w->word[i], key, len) && w->word[i][len] == '=')
			return w->word[i] + len + 1;
	return NULL;
}

static long word_number(const struct words *w, const char *key, long or_else)
{
	const char *v = word_get(w, key);

	return v ? strtol(v, NULL, 0) : or_else;
}

/* "a", "b", or both: -1 */
static long word_dir(const struct words *w)
{
	const char *v = word_get(w, "dir");

	return v && (*v == 'a' || *v == 'b') ? *v - 'a' : -1;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static bool chance(long percent)
{
	return percent > 0 && random_u32(&wire.seed) % 100 < (uint32_t)percent;
}

static void put_out(const struct packet *p, int dir)
{
	if (send(wire.fd[!dir], p->b, p->len, 0) < 0)
		wire.refused++;
	else
		wire.sent[dir]++;
}

static void put_out_later(const struct packet *p, int dir, long ms)
{
	struct queued **at = &wire.queue, *q;

	if (ms <= 0) {
		put_out(p, dir);
		return;
	}
	q = malloc(sizeof(*q));
	if (!q)
		return;
	q->due = now_ms() + (uint64_t)ms;
	q->dir = dir;
	memcpy(&q->p, p, offsetof(struct packet, b) + p->len);
	while (*at && (*at)->due <= q->due)
		at = &(*at)->next;
	q->next = *at;
	*at = q;
}

static void flush_due(void)
{
	uint64_t now = now_ms();
	struct queued *q;

	while ((q = wire.queue) && q->due <= now) {
		wire.queue = q->next;
		put_out(&q->p, q->dir);
		free(q);
	}
}

static bool lost(const long *set)
{
	long period = set[BURST_LOST] + set[BURST_GOOD];

	if (set[BLOCK] || chance(set[LOSS]))
		return true;
	return period && (long)(now_ms() % (uint64_t)period) < set[BURST_LOST];
}

static bool wanted(const struct udp_view *v, int dir, long type, long want_dir)
{
	return v->payload_len && (type < 0 || v->payload[0] == type) &&
	       (want_dir < 0 || want_dir == dir);
}

static long delay_of(const long *set)
{
	long ms = set[DELAY];

	if (set[JITTER])
		ms += random_u32(&wire.seed) % (uint32_t)(set[JITTER] + 1);
	if (chance(set[REORDER]))
		ms += 1 + random_u32(&wire.seed) % 30;
	return ms;
}

static void change(struct packet *p, struct udp_view *v, const long *set)
{
	uint32_t r = random_u32(&wire.seed);

	if (!v->payload_len)
		return;
	if (chance(set[CORRUPT]))
		v->payload[r % v->payload_len] ^= (uint8_t)(1 << (r >> 29));
	if (chance(set[TRUNCATE]))
		packet_resize(p, v, r % v->payload_len);
	packet_seal(p, v);
}

static void forward(struct packet *p, int dir)
{
	const long *set = wire.set[dir];
	struct udp_view v;

	if (!packet_udp(p, &v)) {
		put_out(p, dir);
		return;
	}
	/* the sender left its checksum to the hardware that is not there */
	packet_seal(p, &v);
	wire.seen[dir]++;
	tape_add(&wire.tape, p, dir);
	if (wire.hold.n > 0 && wanted(&v, dir, wire.hold.type, wire.hold.dir)) {
		wire.hold.n--;
		tape_add(&wire.held, p, dir);
		return;
	}
	if (lost(set)) {
		wire.lost[dir]++;
		return;
	}
	change(p, &v, set);
	put_out_later(p, dir, delay_of(set));
	if (chance(set[DUP]))
		put_out_later(p, dir, delay_of(set));
}

static void do_set(const struct words *w)
{
	long dir = word_dir(w);
	int d, i;

	for (d = 0; d < 2; d++)
		for (i = 0; i < SETTINGS && (dir < 0 || dir == d); i++)
			wire.set[d][i] = word_number(w, setting_names[i],
						     wire.set[d][i]);
}

static size_t count(struct tape *t, const struct words *w)
{
	long type = word_number(w, "type", -1);
	struct udp_view v;
	size_t i, n = 0;

	for (i = 0; i < t->n; i++)
		n += packet_udp(tape_at(t, i)->p, &v) &&
		     wanted(&v, tape_at(t, i)->dir, type, word_dir(w));
	return n;
}

/* The newest frame of a kind, from the tape or from what is withheld. */
static struct taped *pick(const struct words *w)
{
	const char *from = word_get(w, "from");
	struct tape *t = from && !strcmp(from, "held") ? &wire.held
						       : &wire.tape;
	long type = word_number(w, "type", -1);
	struct udp_view v;
	size_t i;

	for (i = t->n; i-- > 0;)
		if (packet_udp(tape_at(t, i)->p, &v) &&
		    wanted(&v, tape_at(t, i)->dir, type, word_dir(w)))
			return tape_at(t, i);
	return NULL;
}

static bool source_of(const struct words *w, struct packet_addr *from)
{
	const char *src = word_get(w, "src");

	memset(from, 0, sizeof(*from));
	from->port = (uint16_t)word_number(w, "sport", 0);
	return !src || packet_addr_parse(src, from);
}

static void inject(struct packet *p, struct udp_view *v, int dir)
{
	struct timespec pause = { .tv_nsec = 30000 };

	packet_seal(p, v);
	put_out(p, dir);
	nanosleep(&pause, NULL);
}

static long do_flip(const struct words *w)
{
	struct taped *f = pick(w);
	struct packet p;
	struct udp_view v;
	size_t i;

	if (!f)
		return -1;
	memcpy(&p, f->p, sizeof(p));
	packet_udp(&p, &v);
	for (i = 0; i < v.payload_len * 8; i++) {
		v.payload[i / 8] ^= (uint8_t)(1 << i % 8);
		inject(&p, &v, f->dir);
		v.payload[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	return (long)(v.payload_len * 8);
}

static long do_lengths(const struct words *w)
{
	long len, own, min, max = word_number(w, "max", 1472);
	struct taped *f = pick(w);
	struct packet p;
	struct udp_view v;

	if (!f)
		return -1;
	min = word_number(w, "min", 0);
	packet_udp(f->p, &v);
	own = (long)v.payload_len;
	for (len = min; len <= max; len++) {
		memcpy(&p, f->p, sizeof(p));
		packet_udp(&p, &v);
		if (len != own && packet_resize(&p, &v, (size_t)len))
			inject(&p, &v, f->dir);
	}
	return max - min + 1;
}

static long send_again(struct tape *t, const struct words *w, long n, long skip)
{
	long type = word_number(w, "type", -1), done = 0;
	struct packet_addr from;
	struct udp_view v;
	struct packet p;
	size_t i;

	if (!source_of(w, &from))
		return -1;
	for (i = 0; i < t->n && done < n; i++) {
		memcpy(&p, tape_at(t, i)->p, sizeof(p));
		if (!packet_udp(&p, &v) ||
		    !wanted(&v, tape_at(t, i)->dir, type, word_dir(w)) ||
		    skip-- > 0 || !packet_set_source(&v, &from))
			continue;
		inject(&p, &v, tape_at(t, i)->dir);
		done++;
	}
	return done;
}

static long do_release(const struct words *w)
{
	long n;

	wire.hold.n = 0;
	n = send_again(&wire.held, w, TAPE_MAX, 0);
	tape_clear(&wire.held);
	return n;
}

static void do_hold(const struct words *w)
{
	tape_clear(&wire.held);
	wire.hold.n = word_number(w, "n", 1);
	wire.hold.type = word_number(w, "type", -1);
	wire.hold.dir = word_dir(w);
}

/* Return: what the command answers, -1 where it cannot be done */
static long command(const struct words *w)
{
	const char *c = w->n ? w->word[0] : "";

	if (!strcmp(c, "set"))
		do_set(w);
	else if (!strcmp(c, "clear"))
		memset(wire.set, 0, sizeof(wire.set));
	else if (!strcmp(c, "hold"))
		do_hold(w);
	else if (!strcmp(c, "held"))
		return (long)count(&wire.held, w);
	else if (!strcmp(c, "release"))
		return do_release(w);
	else if (!strcmp(c, "discard"))
		tape_clear(&wire.held);
	else if (!strcmp(c, "flip"))
		return do_flip(w);
	else if (!strcmp(c, "lengths"))
		return do_lengths(w);
	else if (!strcmp(c, "replay"))
		return send_again(&wire.tape, w, word_number(w, "n", TAPE_MAX),
				  word_number(w, "skip", 0));
	else if (!strcmp(c, "forget"))
		tape_clear(&wire.tape);
	else if (!strcmp(c, "tape"))
		return (long)count(&wire.tape, w);
	else
		return -1;
	return 0;
}

static void serve(void)
{
	struct sockaddr_un from;
	socklen_t fromlen = sizeof(from);
	char text[1024], *save = NULL;
	struct words w = { .n = 0 };
	ssize_t n;

	n = recvfrom(wire.ctl, text, sizeof(text) - 1, 0,
		     (struct sockaddr *)&from, &fromlen);
	if (n < 0)
		return;
	text[n] = 0;
	while (w.n < 32 &&
	       (w.word[w.n] = strtok_r(w.n ? NULL : text, " \n", &save)))
		w.n++;
	if (w.n && !strcmp(w.word[0], "stats"))
		n = snprintf(
			text, sizeof(text),
			"seen %lu %lu lost %lu %lu sent %lu %lu refused %lu",
			wire.seen[0], wire.seen[1], wire.lost[0], wire.lost[1],
			wire.sent[0], wire.sent[1], wire.refused);
	else
		n = snprintf(text, sizeof(text), "%ld", command(&w));
	sendto(wire.ctl, text, (size_t)n, 0, (struct sockaddr *)&from, fromlen);
}

static int unix_socket(const char *path, struct sockaddr_un *sun)
{
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strncpy(sun->sun_path, path, sizeof(sun->sun_path) - 1);
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static void receive_all(int dir)
{
	static struct packet p;
	int budget = 256;
	ssize_t n;

	while (budget-- > 0 && (n = recv(wire.fd[dir], p.b, sizeof(p.b),
					 MSG_DONTWAIT | MSG_TRUNC)) > 0) {
		if ((size_t)n > sizeof(p.b)) {
			wire.refused++;
			continue;
		}
		p.len = (size_t)n;
		forward(&p, dir);
	}
}

static int run(int argc, char **argv)
{
	struct sockaddr_un sun;
	int i, ifindex, timeout;
	struct pollfd pfd[3];
	uint8_t mac[6];

	wire.seed = 0x9e3779b97f4a7c15u ^
		    (argc > 5 ? strtoull(argv[5], NULL, 0) : 1);
	for (i = 0; i < 2; i++) {
		wire.fd[i] = packet_socket(argv[2 + i], true, &ifindex, mac,
					   &wire.mtu);
		if (wire.fd[i] < 0) {
			fprintf(stderr, "impair: %s: %s\n", argv[2 + i],
				strerror(-wire.fd[i]));
			return 1;
		}
		pfd[i] = (struct pollfd){ wire.fd[i], POLLIN, 0 };
	}
	wire.ctl = unix_socket(argv[4], &sun);
	if (wire.ctl < 0 ||
	    bind(wire.ctl, (struct sockaddr *)&sun, sizeof(sun))) {
		perror(argv[4]);
		return 1;
	}
	pfd[2] = (struct pollfd){ wire.ctl, POLLIN, 0 };
	for (;;) {
		timeout = -1;
		if (wire.queue)
			timeout = wire.queue->due > now_ms() ? 1 : 0;
		if (poll(pfd, 3, timeout) < 0 && errno != EINTR)
			return 1;
		flush_due();
		for (i = 0; i < 2; i++)
			if (pfd[i].revents)
				receive_all(i);
		if (pfd[2].revents)
			serve();
	}
}

static int ctl(int argc, char **argv)
{
	struct sockaddr_un to, any = { .sun_family = AF_UNIX };
	char text[1024] = "";
	size_t len = 0;
	ssize_t n;
	int fd, i;

	for (i = 3; i < argc && len < sizeof(text) - 1; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
					argv[i]);
	if (len >= sizeof(text))
		return 2;
	fd = unix_socket(argv[2], &to);
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(sa_family_t)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    send(fd, text, len, 0) < 0 ||
	    (n = recv(fd, text, sizeof(text) - 1, 0)) < 0) {
		perror(argv[2]);
		return 1;
	}
	text[n] = 0;
	puts(text);
	return !strcmp(text, "-1");
}

int main(int argc, char **argv)
{
	if (argc >= 5 && !strcmp(argv[1], "run"))
		return run(argc, argv);
	if (argc >= 4 && !strcmp(argv[1], "ctl"))
		return ctl(argc, argv);
	fprintf(stderr, "usage: impair run IF_A IF_B SOCKET [SEED]\n"
			"       impair ctl SOCKET COMMAND [KEY=VALUE]...\n");
	return 2;
}
