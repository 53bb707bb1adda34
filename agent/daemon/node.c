// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The agent from start to stop. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/log.h"
#include "daemon/control.h"
#include "daemon/gate.h"
#include "daemon/incoming.h"
#include "daemon/metrics_socket.h"
#include "daemon/node_keys.h"
#include "daemon/pair.h"
#include "daemon/peer.h"
#include "daemon/service_manager.h"

#define STATE_DELAY    (5 * SIGNET_SECOND)
/* What an agent that was told to end may take to let go of its state */
#define PREDECESSOR_MS 5000

static void flush_state(void *ctx)
{
	struct sg_node *n = ctx;
	int err = sg_state_flush(n->state);

	if (!err)
		return;
	sg_log(SG_LOG_WARNING, "cannot write %s/" SG_STATE_FILE ": %s",
	       n->paths.state, strerror(-err));
	sg_timer_set(n->loop, &n->state_timer, sg_now() + 6 * STATE_DELAY);
}

void sg_node_state_dirty(struct sg_node *n)
{
	if (n->state_timer.slot || !sg_state_dirty(n->state))
		return;
	n->state_timer.fn = flush_state;
	n->state_timer.ctx = n;
	sg_timer_set(n->loop, &n->state_timer, sg_now() + STATE_DELAY);
}

/*
 * Keys and counters that exist twice would seal two messages under one nonce:
 * drop them all, without a word, and make new ones.
 */
static void drop_keys(void *ctx, const char *why)
{
	const struct sg_event e = { .kind = "warning",
				    .reason = "resume",
				    .detail = why };
	struct sg_node *n = ctx;

	if (!n->up)
		return;
	sg_event(n, &e);
	/* Half-made handshakes have ephemeral keys that exist twice, too. */
	sg_first_contact_destroy(n);
	for (uint32_t i = 0; i < n->max_peers; i++)
		if (n->peers[i])
			sg_peer_restart(n->peers[i]);
}

static int start_clock(struct sg_node *n)
{
	n->clock.on_set = sg_node_attest;
	n->clock.on_resume = drop_keys;
	n->clock.ctx = n;
	return sg_clock_start(&n->clock, n->loop);
}

static void on_signal(void *ctx, int fd, uint32_t events)
{
	struct signalfd_siginfo si;
	struct sg_node *n = ctx;
	struct sg_problems *problems;
	struct sg_reload what;
	struct sg_error err = { "" };

	if (read(fd, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo != SIGHUP) {
		/* the next agent goes on with what the kernel has */
		n->handover = si.ssi_signo == SIGUSR2;
		sg_service_notify("STOPPING=1");
		sg_loop_stop(n->loop);
		return;
	}
	problems = calloc(1, sizeof(*problems));
	if (!problems)
		return;
	if (!sg_node_reload(n, NULL, &what, problems, &err))
		sg_reload_free(&what);
	free(problems);
}

static int signals(struct sg_node *n)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	n->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (n->signal_fd < 0)
		return -errno;
	return sg_loop_add(n->loop, n->signal_fd, EPOLLIN, on_signal, n);
}

static int load_config(struct sg_node *n, struct sg_error *err)
{
	struct sg_problems *problems = calloc(1, sizeof(*problems));
	char line[1024];
	int ret;

	if (!problems)
		return -ENOMEM;
	ret = sg_config_load(n->paths.config, &n->config, problems);
	if (!ret &&
	    sg_config_check_self(n->config, &n->keys->ident.id, problems))
		ret = -EINVAL;
	for (size_t i = 0; i < problems->n; i++) {
		const struct sg_problem *p = &problems->list[i];

		sg_log(p->warning ? SG_LOG_WARNING : SG_LOG_ERR, "%s",
		       sg_problem_format(p, line, sizeof(line)));
	}
	if (ret)
		sg_err(err, -ret,
		       "the configuration has %zu error%s; nothing was started",
		       problems->errors, problems->errors == 1 ? "" : "s");
	free(problems);
	return ret;
}

static int add_peers(struct sg_node *n, struct sg_error *err)
{
	struct sg_peer *p;
	int ret;

	n->max_peers = n->config->limits.max_peers;
	n->peers = calloc(n->max_peers, sizeof(*n->peers));
	if (!n->peers)
		return sg_err(err, ENOMEM, "no memory for %u peers",
			      n->max_peers);
	for (size_t i = 0; i < n->config->n_peers; i++) {
		ret = sg_peer_add(n, &n->config->peers[i], &p);
		if (ret)
			return sg_err(err, -ret, "peer %s: %s (limit: %u)",
				      n->config->peers[i].name, strerror(-ret),
				      n->max_peers);
	}
	return 0;
}

static void resolved(void *ctx, uint64_t token, int error,
		     const union sg_addr *addrs, size_t count)
{
	if (token == SG_PAIR_TOKEN)
		sg_pair_resolved(ctx, error, addrs, count);
	else
		sg_peer_resolved(ctx, token, error, addrs, count);
}

static int start_parts(struct sg_node *n, struct sg_error *err)
{
	int ret;

	ret = sg_loop_new(&n->loop, (enum sg_loop_backend)n->config->loop);
	if (ret)
		return sg_err(err, -ret, "no event loop: %s", strerror(-ret));
	ret = signals(n);
	if (ret)
		return sg_err(err, -ret, "signals: %s", strerror(-ret));
	ret = sg_state_open(n->paths.state, PREDECESSOR_MS, &n->state, err);
	if (ret)
		return ret;
	sg_node_local(n);
	ret = start_clock(n);
	if (ret)
		return sg_err(err, -ret, "clock: %s", strerror(-ret));
	sg_gates_listen(n);
	ret = sg_admission_init(n);
	if (ret)
		return sg_err(err, -ret, "no memory");
	ret = sg_resolver_new(&n->resolver, n->loop,
			      n->config->family != SG_CONFIG_FAMILY_IPV6,
			      n->config->family != SG_CONFIG_FAMILY_IPV4,
			      resolved, n);
	if (ret)
		return sg_err(err, -ret, "resolver: %s", strerror(-ret));
	ret = add_peers(n, err);
	if (ret)
		return ret;
	return sg_control_start(n, err);
}

int sg_node_start(struct sg_node *n, const struct sg_node_paths *paths,
		  struct sg_error *err)
{
	int ret;

	memset(n, 0, sizeof(*n));
	n->paths = *paths;
	n->signal_fd = -1;
	n->started = sg_now();
	n->keys = sg_keys_alloc();
	if (!n->keys)
		return sg_err(err, ENOMEM, "no memory for keys");
	ret = sg_keys_load(paths->state, n->keys, err);
	if (!ret)
		ret = load_config(n, err);
	if (ret)
		return ret;
	sg_log_set_level(n->config->log_level);
	ret = start_parts(n, err);
	if (!ret && n->config->auto_up)
		ret = sg_node_up(n, err);
	if (!ret)
		sg_service_notify("READY=1");
	return ret;
}

int sg_node_run(struct sg_node *n)
{
	return sg_loop_run(n->loop);
}

void sg_node_stop(struct sg_node *n)
{
	n->stopping = true;
	sg_node_down(n, NULL, NULL);
	sg_varlink_server_free(n->varlink);
	sg_metrics_socket_free(n->metrics);
	for (uint32_t i = 0; n->peers && i < n->max_peers; i++)
		if (n->peers[i])
			sg_peer_remove(n->peers[i], SIGNET_CLOSE_SHUTDOWN);
	free(n->peers);
	sg_map_free(&n->peer_ids);
	sg_map_free(&n->channels);
	sg_labels_destroy(&n->labels);
	sg_admission_destroy(n);
	if (n->resolver)
		sg_resolver_free(n->resolver);
	sg_state_close(n->state);
	sg_clock_stop(&n->clock);
	if (n->loop && n->signal_fd >= 0)
		sg_loop_del(n->loop, n->signal_fd);
	if (n->signal_fd >= 0)
		close(n->signal_fd);
	if (n->loop)
		sg_loop_free(n->loop);
	sg_config_free(n->config);
	sg_keys_free(n->keys);
	sodium_memzero(n, sizeof(*n));
}
