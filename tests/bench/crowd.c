// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Many peers of one agent, for benchmarks and tests of scale.
 *
 *	crowd config SEED N FOLDER
 *
 * writes [Peer c0] to [Peer cN-1] to FOLDER/crowd-*.conf, a thousand each.
 *
 *	crowd run SEED N ADDRESS PORT IDENTITY STATICKEY [SOCKETS [KEEPALIVE]]
 *
 * plays them towards the agent there. STATICKEY is base64, as in the
 * configuration; KEEPALIVE is in seconds. Commands come on standard input, one
 * a line; each is answered by one line of JSON:
 *
 *	connect FIRST COUNT RATE    begin handshakes, RATE a second (0: at once)
 *	ping FIRST COUNT RATE [ROUNDS]  echo requests through the channels
 *	close FIRST COUNT	    close their channels
 *	wait UP SECONDS		    until so many channels are up
 *	replies N SECONDS	    until so many replies came, in all
 *	stats			    counters
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include <signet/core/mac.h>

#include "crowd.h"

#define PER_FILE     1000
#define STATIC_LEN   45
#define TICK_AT_MOST (10 * 1000000ULL)
#define BURST	     64

/** struct waiting - a command that is answered later */
struct waiting {
	bool any, replies;
	uint64_t target, began, until;
};

static uint64_t boottime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * SIGNET_SECOND + (uint64_t)ts.tv_nsec;
}

static int write_peer(FILE *f, uint64_t seed, uint32_t number)
{
	struct crowd_identity *ci =
		crowd_identity_new(seed, number, 1, time(NULL));
	struct in_addr inner = { htonl(crowd_inner(number)) };
	char id[SIGNET_ID_STR_LEN], key[STATIC_LEN];

	if (!ci)
		return -ENOMEM;
	signet_id_format(&ci->local.ident.id, id);
	sodium_bin2base64(key, sizeof(key), ci->local.static_pk, 32,
			  sodium_base64_VARIANT_ORIGINAL);
	fprintf(f,
		"[Peer c%u]\nIdentity = %s\nStaticKey = %s\nPrefixes = "
		"%s/32\n\n",
		number, id, key, inet_ntoa(inner));
	free(ci);
	return 0;
}

static int write_config(uint64_t seed, uint32_t n, const char *folder)
{
	char path[4096];
	FILE *f = NULL;
	int err = 0;

	for (uint32_t i = 0; i < n && !err; i++) {
		if (i % PER_FILE == 0) {
			if (f && fclose(f))
				return -errno;
			snprintf(path, sizeof(path), "%s/crowd-%02u.conf",
				 folder, i / PER_FILE);
			f = fopen(path, "w");
			if (!f)
				return -errno;
		}
		err = write_peer(f, seed, i);
	}
	if (f && fclose(f) && !err)
		err = -errno;
	return err;
}

static int add_peer(struct crowd *c, uint32_t number)
{
	struct signet_timing timing = SIGNET_TIMING;
	struct crowd_peer *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->ci = crowd_identity_new(c->seed, number, 1, c->wall);
	if (!p->ci)
		return -ENOMEM;
	p->crowd = c;
	p->number = number;
	timing.keepalive = c->keepalive * SIGNET_SECOND;
	signet_mac1_key(&p->ci->local.ident.id, p->mac1_key);
	signet_session_init(&p->session, &p->ci->local, &crowd_env, c,
			    &c->agent_id, c->agent_static, &timing);
	c->peers[number] = p;
	return 0;
}

static uint32_t count_up(const struct crowd *c)
{
	uint32_t up = 0;

	for (uint32_t i = 0; i < c->n; i++)
		up += signet_session_current(&c->peers[i]->session) != NULL;
	return up;
}

static void say_stats(const struct crowd *c, const char *outcome, uint64_t ns)
{
	const struct crowd_stats *s = &c->stats;

	printf("{\"outcome\": \"%s\", \"ms\": %.1f, \"peers\": %u, \"up\": %u, "
	       "\"handshakes\": %lu, \"inits\": %lu, \"cookies\": %lu, "
	       "\"answered\": %lu, \"downs\": %lu, \"rekeys\": %lu, "
	       "\"frames\": %lu, \"dropped\": %lu, \"pings\": %lu, "
	       "\"replies\": %lu, \"slowest_ms\": %.1f}\n",
	       outcome, (double)ns / 1e6, c->n, count_up(c), s->handshakes,
	       s->inits, s->cookies, s->answered, s->downs, s->rekeys,
	       s->frames, s->dropped, s->pings, s->replies,
	       (double)s->slowest_ns / 1e6);
	fflush(stdout);
}

/* Those of a job whose turn has come. */
static void work(struct crowd *c)
{
	struct crowd_job *j = &c->job;
	uint64_t total = (uint64_t)j->count * j->rounds, due = total;

	if (!j->fn)
		return;
	if (j->rate > 0)
		due = (uint64_t)((double)(c->now - j->began) * j->rate / 1e9);
	/* Answers are read in between. */
	if (due > j->done + BURST)
		due = j->done + BURST;
	while (j->done < due && j->done < total) {
		j->fn(c->peers[j->first + j->done % j->count]);
		j->done++;
	}
	if (j->done == total)
		j->fn = NULL;
}

static void close_peer(struct crowd_peer *p)
{
	signet_session_close(&p->session, SIGNET_CLOSE_SHUTDOWN, p->crowd->now);
}

/* Return: false if the command has been answered. */
static bool command(struct crowd *c, const char *line, struct waiting *w)
{
	struct crowd_job j = { .rounds = 1 };
	char verb[16];
	int n = sscanf(line, "%15s %u %u %lf %u", verb, &j.first, &j.count,
		       &j.rate, &j.rounds);
	bool range = n >= 3 && j.first < c->n && j.count &&
		     j.count <= c->n - j.first && j.rounds;

	if (n >= 4 && range && !strcmp(verb, "connect"))
		j.fn = crowd_connect, c->stats.slowest_ns = 0;
	else if (n >= 4 && range && !strcmp(verb, "ping"))
		j.fn = crowd_ping;
	else if (range && !strcmp(verb, "close"))
		j.fn = close_peer;
	if (j.fn) {
		j.began = c->now;
		c->job = j;
	} else if (n >= 3 &&
		   (!strcmp(verb, "wait") || !strcmp(verb, "replies"))) {
		*w = (struct waiting){ .any = true,
				       .replies = verb[0] == 'r',
				       .target = j.first,
				       .began = c->now,
				       .until = c->now +
						j.count * SIGNET_SECOND };
		return true;
	} else if (n < 1 || strcmp(verb, "stats")) {
		say_stats(c, "error", 0);
		return false;
	}
	say_stats(c, "ok", 0);
	return false;
}

static void check_waiting(struct crowd *c, struct waiting *w)
{
	uint64_t have = w->replies ? c->stats.replies : count_up(c);
	bool reached = have >= w->target;

	if (!w->any || c->job.fn || (!reached && c->now < w->until))
		return;
	w->any = false;
	say_stats(c, reached ? "ok" : "timeout", c->now - w->began);
}

static void tick(struct crowd *c)
{
	uint64_t at;

	if (c->now < c->next_tick)
		return;
	c->next_tick = UINT64_MAX;
	for (uint32_t i = 0; i < c->n; i++) {
		at = signet_session_deadline(&c->peers[i]->session);
		if (at <= c->now) {
			signet_session_tick(&c->peers[i]->session, c->now);
			at = signet_session_deadline(&c->peers[i]->session);
		}
		if (at < c->next_tick)
			c->next_tick = at;
	}
	if (c->next_tick < c->now + TICK_AT_MOST)
		c->next_tick = c->now + TICK_AT_MOST;
}

static int timeout_ms(const struct crowd *c, const struct waiting *w)
{
	uint64_t left;

	if (c->job.fn && !c->job.rate)
		return 0;
	if (c->job.fn || w->any)
		return 2;
	if (c->next_tick == UINT64_MAX)
		return -1;
	left = c->next_tick > c->now ? c->next_tick - c->now : 0;
	return left < 1000 * SIGNET_SECOND ? (int)(left / 1000000 + 1)
					   : 1000000;
}

/* Complete lines of standard input, while none waits for its answer. */
static int read_commands(struct crowd *c, struct waiting *w)
{
	static char buf[4096];
	static size_t len;
	char *end;
	ssize_t n = read(0, buf + len, sizeof(buf) - 1 - len);

	if (n <= 0)
		return -EPIPE;
	len += (size_t)n;
	buf[len] = 0;
	while (!w->any && (end = strchr(buf, '\n'))) {
		*end++ = 0;
		command(c, buf, w);
		len -= (size_t)(end - buf);
		memmove(buf, end, len + 1);
	}
	return 0;
}

static int loop(struct crowd *c)
{
	struct pollfd fds[CROWD_SOCKETS_MAX + 1] = { 0 };
	struct waiting w = { 0 };

	for (unsigned int i = 0; i < c->n_sockets; i++)
		fds[i] = (struct pollfd){ .fd = c->sock[i], .events = POLLIN };
	for (;;) {
		fds[c->n_sockets] = (struct pollfd){ .fd = w.any ? -1 : 0,
						     .events = POLLIN };
		if (poll(fds, c->n_sockets + 1, timeout_ms(c, &w)) < 0 &&
		    errno != EINTR)
			return -errno;
		c->now = boottime();
		c->wall = time(NULL);
		for (unsigned int i = 0; i < c->n_sockets; i++)
			if (fds[i].revents)
				crowd_read(c, c->sock[i]);
		work(c);
		tick(c);
		check_waiting(c, &w);
		if (fds[c->n_sockets].revents && read_commands(c, &w))
			return 0;
	}
}

static int parse_agent(struct crowd *c, char **arg)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in a4 = { .sin_family = AF_INET };
	size_t len;

	if (signet_id_parse(arg[2], &c->agent_id) ||
	    sodium_base642bin(c->agent_static, 32, arg[3], strlen(arg[3]), NULL,
			      &len, NULL, sodium_base64_VARIANT_ORIGINAL) ||
	    len != 32)
		return -EINVAL;
	a4.sin_port = a6.sin6_port = htons((uint16_t)atoi(arg[1]));
	if (inet_pton(AF_INET, arg[0], &a4.sin_addr) == 1)
		return crowd_sockets(c, (struct sockaddr *)&a4, sizeof(a4));
	if (inet_pton(AF_INET6, arg[0], &a6.sin6_addr) == 1)
		return crowd_sockets(c, (struct sockaddr *)&a6, sizeof(a6));
	return -EINVAL;
}

static int run(struct crowd *c, int argc, char **argv)
{
	int err;

	c->n_sockets = argc > 4 ? (unsigned int)atoi(argv[4]) : 1;
	c->keepalive = argc > 5 ? (uint32_t)atoi(argv[5]) : 0;
	if (!c->n_sockets || c->n_sockets > CROWD_SOCKETS_MAX)
		return -EINVAL;
	err = parse_agent(c, argv);
	if (err)
		return err;
	c->peers = calloc(c->n, sizeof(struct crowd_peer *));
	if (!c->peers)
		return -ENOMEM;
	c->now = boottime();
	c->wall = time(NULL);
	c->inner = 0x0a800001;
	c->next_tick = UINT64_MAX;
	for (uint32_t i = 0; i < c->n; i++) {
		err = add_peer(c, i);
		if (err)
			return err;
	}
	return loop(c);
}

int main(int argc, char **argv)
{
	struct crowd c = { 0 };
	int err = -EINVAL;

	if (sodium_init() < 0 || argc < 5)
		goto usage;
	c.seed = strtoull(argv[2], NULL, 0);
	c.n = (uint32_t)strtoul(argv[3], NULL, 0);
	if (!c.n || c.n > CROWD_PEERS_MAX)
		goto usage;
	if (argc == 5 && !strcmp(argv[1], "config"))
		err = write_config(c.seed, c.n, argv[4]);
	else if (argc >= 8 && argc <= 10 && !strcmp(argv[1], "run"))
		err = run(&c, argc - 4, argv + 4);
	else
		goto usage;
	if (err)
		fprintf(stderr, "crowd: %s\n", strerror(-err));
	return err ? 1 : 0;
usage:
	fprintf(stderr,
		"usage: crowd config SEED N FOLDER\n       crowd run SEED N "
		"ADDRESS PORT IDENTITY STATICKEY [SOCKETS [KEEPALIVE]]\n");
	return 2;
}
