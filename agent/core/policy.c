// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Items of Allow to sorted port ranges. */
#include <errno.h>
#include <string.h>

#include <signet/core/policy.h>

#define PORT_MAX 65535

static const struct {
	const char *name;
	uint8_t what;
	bool ports;
} words[] = {
	{ "tcp", SIGNET_ALLOW_TCP, true },    { "udp", SIGNET_ALLOW_UDP, true },
	{ "icmp", SIGNET_ALLOW_ICMP, false }, { "ip", SIGNET_ALLOW_IP, false },
	{ "none", SIGNET_ALLOW_NONE, false },
};
#define N_WORDS (sizeof(words) / sizeof(words[0]))

/* Decimal, without sign or leading zero. Return: what follows, or NULL */
static const char *parse_port(const char *s, uint16_t *port)
{
	uint32_t n = 0;

	if (*s < '1' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (uint32_t)(*s - '0');
		if (n > PORT_MAX)
			return NULL;
	}
	*port = (uint16_t)n;
	return s;
}

static int parse_ports(const char *s, struct signet_allow *a, const char **why)
{
	*why = "ports are 1-65535: write one, as tcp/5432, or a range, as "
	       "udp/5000-5010";
	s = parse_port(s, &a->first);
	if (!s)
		return -EINVAL;
	a->last = a->first;
	if (*s == '-')
		s = parse_port(s + 1, &a->last);
	if (!s || *s)
		return -EINVAL;
	if (a->last < a->first) {
		*why = "the range ends before it begins";
		return -EINVAL;
	}
	return 0;
}

int signet_allow_parse(const char *text, struct signet_allow *a,
		       const char **why)
{
	size_t n = strcspn(text, "/");

	*why = "write tcp/PORT, udp/PORT, tcp/FIRST-LAST, udp/FIRST-LAST, "
	       "tcp, udp, icmp, ip for everything, or none";
	for (size_t i = 0; i < N_WORDS; i++) {
		if (strlen(words[i].name) != n ||
		    memcmp(words[i].name, text, n))
			continue;
		a->what = words[i].what;
		a->first = 0;
		a->last = PORT_MAX;
		if (!text[n])
			return 0;
		if (words[i].ports)
			return parse_ports(text + n + 1, a, why);
		*why = "only tcp and udp have ports";
		return -EINVAL;
	}
	return -EINVAL;
}

static char *put_number(char *to, uint16_t n)
{
	char digits[5];
	size_t i = 0;

	do {
		digits[i++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (i)
		*to++ = digits[--i];
	return to;
}

const char *signet_allow_format(const struct signet_allow *a,
				char out[SIGNET_ALLOW_STR_LEN])
{
	char *to = out;

	for (size_t i = 0; i < N_WORDS; i++) {
		if (words[i].what != a->what)
			continue;
		to += strlen(words[i].name);
		memcpy(out, words[i].name, (size_t)(to - out));
		if (!words[i].ports || (!a->first && a->last == PORT_MAX))
			break;
		*to++ = '/';
		to = put_number(to, a->first);
		if (a->last == a->first)
			break;
		*to++ = '-';
		to = put_number(to, a->last);
	}
	*to = '\0';
	return out;
}

bool signet_allow_covers(const struct signet_allow *a,
			 const struct signet_allow *asked)
{
	if (a->what == SIGNET_ALLOW_IP)
		return true;
	return a->what == asked->what && a->what != SIGNET_ALLOW_NONE &&
	       a->first <= asked->first && asked->last <= a->last;
}

/*
 * The range of the protocol that begins first at or after @from, grown by all
 * that overlap or adjoin it. Return: false: there is none.
 */
static bool next_range(const struct signet_allow *a, size_t n, uint8_t what,
		       uint32_t from, struct signet_port_range *r)
{
	bool found = false, grown = true;

	for (size_t i = 0; i < n; i++) {
		if (a[i].what != what || a[i].first < from ||
		    (found && a[i].first >= r->first))
			continue;
		r->first = a[i].first;
		r->last = a[i].last;
		found = true;
	}
	while (found && grown) {
		grown = false;
		for (size_t i = 0; i < n; i++) {
			if (a[i].what != what || a[i].first < r->first ||
			    a[i].first > (uint32_t)r->last + 1 ||
			    a[i].last <= r->last)
				continue;
			r->last = a[i].last;
			grown = true;
		}
	}
	return found;
}

/* Return: how many ranges there are now, from @have; or -ENOSPC */
static int add_ranges(const struct signet_allow *a, size_t n, uint8_t what,
		      struct signet_verdicts *v, int have)
{
	struct signet_port_range r;
	uint32_t from = 0;

	while (from <= PORT_MAX && next_range(a, n, what, from, &r)) {
		if (have == SIGNET_POLICY_RANGES)
			return -ENOSPC;
		v->range[have++] = r;
		from = (uint32_t)r.last + 1;
	}
	return have;
}

int signet_policy_compile(const struct signet_allow *a, size_t n,
			  struct signet_verdicts *v)
{
	int tcp, all;

	memset(v, 0, sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		if (a[i].what > SIGNET_ALLOW_UDP || a[i].first > a[i].last)
			return -EINVAL;
		if (a[i].what == SIGNET_ALLOW_IP)
			v->flags |= SIGNET_VERDICT_IP;
		if (a[i].what == SIGNET_ALLOW_ICMP)
			v->flags |= SIGNET_VERDICT_ICMP;
	}
	tcp = add_ranges(a, n, SIGNET_ALLOW_TCP, v, 0);
	all = tcp < 0 ? tcp : add_ranges(a, n, SIGNET_ALLOW_UDP, v, tcp);
	if (all < 0) {
		memset(v, 0, sizeof(*v));
		return all;
	}
	v->n_tcp = (uint8_t)tcp;
	v->n_udp = (uint8_t)(all - tcp);
	return 0;
}
