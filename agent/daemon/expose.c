// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * [Expose NAME]: the nftables table and forwarding switches: see expose.h.
 *
 * IPv4 forwards by the switch of the interface that a packet comes in on, so
 * the tunnel needs it, and the device's network for the answers. Where the
 * latter was off, the set "guarded" names the interface, and the table drops
 * whatever else would be forwarded from there: turning the switch on has then
 * changed nothing for others. The set also tells a later agent, after a crash,
 * what to switch off again. IPv6 has had such switches since Linux 6.17
 * (force_forwarding); before, only the operator can turn forwarding on.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/expose.h"
#include "daemon/expose_nft.h"
#include "daemon/netif.h"
#include "daemon/sysctl.h"

/* What is to be done for one family. */
struct family {
	int af;
	const char *dir, *key; /* the switch */
	const char *all;       /* the global one's key */
	const char *set;       /* of interfaces that we switched on */
	const char *nfproto;
};

static const struct family families[] = {
	{ AF_INET, "net/ipv4/conf", "forwarding", "forwarding", "guarded4",
	  "ipv4" },
	{ AF_INET6, "net/ipv6/conf", "force_forwarding", "forwarding",
	  "guarded6", "ipv6" },
};

static const struct family *family_of(const struct sg_expose_rule *r)
{
	return &families[r->to.sa.sa_family == AF_INET6];
}

static bool word_valid(const char *s, size_t max)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRS"
				 "TUVWXYZ0123456789-_.";
	size_t n = strnlen(s, max);

	return n && n < max && strspn(s, ok) == n;
}

static const struct sg_prefix *next_addr(const struct sg_prefix *addrs,
					 size_t n, int af, size_t *i)
{
	for (; *i < n; ++*i)
		if (addrs[*i].family == af)
			return &addrs[(*i)++];
	return NULL;
}

static bool to_usable(const union sg_addr *to)
{
	if (!sg_addr_port(to))
		return false;
	if (to->sa.sa_family == AF_INET) {
		uint32_t a = ntohl(to->v4.sin_addr.s_addr);

		return a && a >> 24 != 127 && a >> 28 < 14;
	}
	return to->sa.sa_family == AF_INET6 &&
	       !IN6_IS_ADDR_UNSPECIFIED(&to->v6.sin6_addr) &&
	       !IN6_IS_ADDR_LOOPBACK(&to->v6.sin6_addr) &&
	       !IN6_IS_ADDR_MULTICAST(&to->v6.sin6_addr) &&
	       !IN6_IS_ADDR_LINKLOCAL(&to->v6.sin6_addr);
}

static int check_rule(const struct sg_prefix *addrs, size_t n_addrs,
		      const struct sg_expose_rule *r, struct sg_error *err)
{
	size_t i = 0;

	if (!word_valid(r->name, sizeof(r->name)))
		return sg_err(err, EINVAL,
			      "[Expose]: a name is made of letters, digits, "
			      "'-', '_' and '.'");
	if ((r->proto != IPPROTO_TCP && r->proto != IPPROTO_UDP) || !r->port)
		return sg_err(err, EINVAL,
			      "[Expose %s]: Listen is tcp/PORT or udp/PORT",
			      r->name);
	if (!to_usable(&r->to))
		return sg_err(
			err, EINVAL,
			"[Expose %s]: To is the address and port of a device "
			"beside this host, for instance 192.168.1.50:9999",
			r->name);
	if (next_addr(addrs, n_addrs, r->to.sa.sa_family, &i))
		return 0;
	return sg_err(err, EINVAL,
		      "[Expose %s]: the device has an IPv4 address, so this "
		      "node needs one inside the tunnel for it to appear at; "
		      "add for instance 'Address = 10.77.0.1/24' to [Node]",
		      r->name);
}

int sg_expose_check(const struct sg_prefix *addrs, size_t n_addrs,
		    const struct sg_expose_rule *rules, size_t n,
		    struct sg_error *err)
{
	if (n > SG_EXPOSE_MAX)
		return sg_err(err, EINVAL, "more than %d [Expose] sections",
			      SG_EXPOSE_MAX);
	for (size_t i = 0; i < n; i++) {
		int ret = check_rule(addrs, n_addrs, &rules[i], err);

		if (ret)
			return ret;
		for (size_t j = 0; j < i; j++)
			if (rules[i].proto == rules[j].proto &&
			    rules[i].port == rules[j].port &&
			    rules[i].to.sa.sa_family ==
				    rules[j].to.sa.sa_family)
				return sg_err(err, EINVAL,
					      "[Expose %s]: Listen is the same "
					      "as in [Expose %s]",
					      rules[i].name, rules[j].name);
	}
	return 0;
}

/* Forwarding switches ------------------------------------------------------ */

/* Interfaces of one family whose switch an agent turned on. */
struct guarded {
	char names[SG_EXPOSE_MAX + 1][16];
	size_t n;
};

static bool guarded_has(const struct guarded *g, const char *ifname)
{
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->names[i], ifname))
			return true;
	return false;
}

static void guarded_add(struct guarded *g, const char *ifname)
{
	if (g->n <= SG_EXPOSE_MAX && !guarded_has(g, ifname))
		snprintf(g->names[g->n++], sizeof(g->names[0]), "%s", ifname);
}

static void on_element(void *ctx, const char *ifname)
{
	if (word_valid(ifname, 16))
		guarded_add(ctx, ifname);
}

static void guarded_read(const char *table, const struct family *f,
			 struct guarded *g)
{
	g->n = 0;
	sg_nft_set_each(table, f->set, on_element, g);
}

/*
 * Switch back those of @old that are not in @keep. Where the operator has
 * turned forwarding on for all of the host meanwhile, it stays on.
 */
static void guarded_restore(const struct family *f, const struct guarded *old,
			    const struct guarded *keep)
{
	char all[16];

	if (f->af == AF_INET &&
	    !sg_sysctl_read(f->dir, "all", f->all, all, sizeof(all)) &&
	    strcmp(all, "0"))
		return;
	for (size_t i = 0; i < old->n; i++)
		if (!keep || !guarded_has(keep, old->names[i]))
			sg_sysctl_restore(f->dir, old->names[i], f->key, "0");
}

/*
 * Plan: which interfaces need their switch turned on by us. Nothing is changed
 * yet. An interface that a former run guarded stays guarded.
 */
static int plan_interface(const struct family *f, const char *ifname,
			  const struct guarded *old, struct guarded *g,
			  struct sg_error *err)
{
	char value[16], all[16];
	int ret;

	if (!word_valid(ifname, 16))
		return sg_err(
			err, EINVAL,
			"[Expose]: cannot handle an interface of the name '%s'",
			ifname);
	if (sg_sysctl_read(f->dir, "all", f->all, all, sizeof(all)))
		all[0] = '\0';
	/* of IPv6, only the global switch counts, or the forcing one */
	if (f->af == AF_INET6 && !strcmp(all, "1"))
		return 0;
	ret = sg_sysctl_read(f->dir, ifname, f->key, value, sizeof(value));
	if (ret == -ENOENT && f->af == AF_INET6)
		return sg_err(
			err, EOPNOTSUPP,
			"[Expose]: IPv6 forwarding is off, and this kernel can "
			"only turn it on for all interfaces: set "
			"net.ipv6.conf.all.forwarding = 1 (and accept_ra = 2 "
			"where routes come from router advertisements)");
	if (ret)
		return sg_err(err, -ret, "[Expose]: cannot read %s of %s: %s",
			      f->key, ifname, strerror(-ret));
	if (!strcmp(value, "0") || guarded_has(old, ifname))
		guarded_add(g, ifname);
	return 0;
}

static int plan(const char *ifname, const struct sg_expose_rule *rules,
		size_t n, const struct guarded old[2], struct guarded g[2],
		struct sg_error *err)
{
	struct sg_route route;
	char text[SG_ADDR_STR_LEN];
	int ret;

	for (size_t i = 0; i < n; i++) {
		size_t k = family_of(&rules[i]) - families;

		ret = plan_interface(&families[k], ifname, &old[k], &g[k], err);
		if (ret)
			return ret;
		ret = sg_netif_route_check(&rules[i].to, 0, &route);
		if (!ret && !strcmp(route.ifname, ifname))
			ret = -ELOOP;
		if (ret) {
			/* its network may come up later */
			sg_log(SG_LOG_WARNING,
			       "[Expose %s]: no route to %s (%s): once there "
			       "is one, run `signet reload`",
			       rules[i].name,
			       sg_addr_format_host(&rules[i].to, text),
			       ret == -ELOOP ? "it leads into the tunnel"
					     : strerror(-ret));
			continue;
		}
		if (!route.local)
			ret = plan_interface(&families[k], route.ifname,
					     &old[k], &g[k], err);
		if (ret)
			return ret;
	}
	return 0;
}

static int switch_on(const struct guarded g[2], const struct guarded old[2],
		     struct sg_error *err)
{
	for (size_t k = 0; k < 2; k++) {
		const struct family *f = &families[k];

		for (size_t i = 0; i < g[k].n; i++) {
			int ret = sg_sysctl_restore(f->dir, g[k].names[i],
						    f->key, "1");

			if (!ret)
				continue;
			for (size_t j = 0; j <= k; j++)
				guarded_restore(&families[j], &g[j], &old[j]);
			return sg_err(err, -ret,
				      "[Expose]: cannot turn on %s of %s under "
				      "/proc/sys/%s: %s",
				      f->key, g[k].names[i], f->dir,
				      strerror(-ret));
		}
	}
	return 0;
}

/* The table ---------------------------------------------------------------- */

static void write_sets(struct sg_nft *nft, const struct guarded g[2])
{
	for (size_t k = 0; k < 2; k++) {
		sg_nft_add(nft, "\tset %s {\n\t\ttype ifname\n",
			   families[k].set);
		for (size_t i = 0; i < g[k].n; i++)
			sg_nft_add(nft, "%s\"%s\"%s",
				   i ? ", " : "\t\telements = { ",
				   g[k].names[i],
				   i + 1 == g[k].n ? " }\n" : "");
		sg_nft_add(nft, "\t}\n");
	}
}

/* "ip daddr 10.77.0.1 tcp dport 9999" -> the device, for each own address */
static void write_dnat(struct sg_nft *nft, const char *ifname,
		       const struct sg_prefix *addrs, size_t n_addrs,
		       const struct sg_expose_rule *r)
{
	const char *ip = r->to.sa.sa_family == AF_INET ? "ip" : "ip6";
	const char *proto = r->proto == IPPROTO_TCP ? "tcp" : "udp";
	char to[SG_ADDR_STR_LEN], at[INET6_ADDRSTRLEN];
	const struct sg_prefix *a;
	size_t i = 0;

	sg_addr_format(&r->to, to);
	while ((a = next_addr(addrs, n_addrs, r->to.sa.sa_family, &i))) {
		inet_ntop(a->family, a->addr, at, sizeof(at));
		sg_nft_add(nft,
			   "\t\tiifname \"%s\" %s daddr %s %s dport %u counter "
			   "dnat %s to %s comment \"%s\"\n",
			   ifname, ip, at, proto, r->port, ip, to, r->name);
	}
}

/* What the table lets through, device by device: a rule that was removed cuts
 * its connections off too. */
static void write_accept(struct sg_nft *nft, const char *ifname,
			 const struct sg_expose_rule *r)
{
	const char *ip = r->to.sa.sa_family == AF_INET ? "ip" : "ip6";
	const char *proto = r->proto == IPPROTO_TCP ? "tcp" : "udp";
	char host[SG_ADDR_STR_LEN];

	sg_nft_add(nft,
		   "\t\tiifname \"%s\" oifname != \"%s\" %s daddr %s %s "
		   "dport %u ct status dnat accept\n",
		   ifname, ifname, ip, sg_addr_format_host(&r->to, host), proto,
		   sg_addr_port(&r->to));
}

static void write_forward(struct sg_nft *nft, const char *ifname,
			  const struct sg_expose_rule *rules, size_t n)
{
	sg_nft_add(nft, "\tchain forward {\n\t\ttype filter hook forward "
			"priority filter; policy accept;\n");
	for (size_t i = 0; i < n; i++)
		write_accept(nft, ifname, &rules[i]);
	sg_nft_add(nft, "\t\tiifname \"%s\" counter drop\n", ifname);
	for (size_t k = 0; k < 2; k++)
		sg_nft_add(nft,
			   "\t\tmeta nfproto %s iifname @%s ct status dnat ct "
			   "direction reply accept\n"
			   "\t\tmeta nfproto %s iifname @%s counter drop\n",
			   families[k].nfproto, families[k].set,
			   families[k].nfproto, families[k].set);
	sg_nft_add(nft, "\t}\n");
}

static void write_chains(struct sg_nft *nft, const char *ifname,
			 const struct sg_prefix *addrs, size_t n_addrs,
			 const struct sg_expose_rule *rules, size_t n)
{
	sg_nft_add(nft, "\tchain prerouting {\n\t\ttype nat hook prerouting "
			"priority dstnat; policy accept;\n");
	for (size_t i = 0; i < n; i++)
		write_dnat(nft, ifname, addrs, n_addrs, &rules[i]);
	sg_nft_add(nft, "\t}\n");
	write_forward(nft, ifname, rules, n);
	sg_nft_add(nft,
		   "\tchain postrouting {\n\t\ttype nat hook postrouting "
		   "priority srcnat; policy accept;\n"
		   "\t\tiifname \"%s\" oifname != \"%s\" ct status dnat "
		   "counter masquerade\n"
		   "\t}\n",
		   ifname, ifname);
}

static int write_table(const char *table, const char *ifname,
		       const struct sg_prefix *addrs, size_t n_addrs,
		       const struct sg_expose_rule *rules, size_t n,
		       const struct guarded g[2], struct sg_error *err)
{
	struct sg_nft nft;
	int ret;

	ret = sg_nft_begin(&nft);
	if (ret)
		return sg_err(err, -ret, "out of memory");
	/* adding first makes the deletion possible where there is none yet */
	sg_nft_add(&nft, "add table inet %s\ndelete table inet %s\n", table,
		   table);
	sg_nft_add(&nft, "table inet %s {\n", table);
	write_sets(&nft, g);
	write_chains(&nft, ifname, addrs, n_addrs, rules, n);
	sg_nft_add(&nft, "}\n");
	return sg_nft_commit(&nft, err);
}

static int table_name(const char *ifname, char table[32], struct sg_error *err)
{
	if (!word_valid(ifname, 16))
		return sg_err(err, EINVAL, "bad interface name");
	snprintf(table, 32, "signet_%s", ifname);
	return 0;
}

int sg_expose_apply(const char *ifname, const struct sg_prefix *addrs,
		    size_t n_addrs, const struct sg_expose_rule *rules,
		    size_t n, struct sg_error *err)
{
	struct guarded *g;
	char table[32];
	int ret;

	if (!n) {
		ret = sg_expose_remove(ifname, err);
		return ret < 0 ? ret : 0;
	}
	ret = table_name(ifname, table, err);
	if (!ret)
		ret = sg_expose_check(addrs, n_addrs, rules, n, err);
	if (ret)
		return ret;
	g = calloc(4, sizeof(*g)); /* [0..1] old, [2..3] new */
	if (!g)
		return sg_err(err, ENOMEM, "out of memory");
	for (size_t k = 0; k < 2; k++)
		guarded_read(table, &families[k], &g[k]);
	ret = plan(ifname, rules, n, g, g + 2, err);
	/* the guard is in force before the switch is turned on */
	if (!ret)
		ret = write_table(table, ifname, addrs, n_addrs, rules, n,
				  g + 2, err);
	if (!ret) {
		ret = switch_on(g + 2, g, err);
		if (ret)
			sg_expose_remove(ifname, NULL);
	}
	for (size_t k = 0; k < 2 && !ret; k++)
		guarded_restore(&families[k], &g[k], &g[2 + k]);
	free(g);
	return ret;
}

int sg_expose_remove(const char *ifname, struct sg_error *err)
{
	struct guarded *g;
	struct sg_nft nft;
	char table[32];
	int ret;

	ret = table_name(ifname, table, err);
	if (ret || !sg_nft_table_exists(table))
		return ret;
	g = calloc(2, sizeof(*g));
	if (!g)
		return sg_err(err, ENOMEM, "out of memory");
	for (size_t k = 0; k < 2; k++) {
		guarded_read(table, &families[k], &g[k]);
		guarded_restore(&families[k], &g[k], NULL);
	}
	free(g);
	ret = sg_nft_begin(&nft);
	if (ret)
		return sg_err(err, -ret, "out of memory");
	sg_nft_add(&nft, "delete table inet %s\n", table);
	ret = sg_nft_commit(&nft, err);
	return ret ? ret : 1;
}
