// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the agent can no longer do after it dropped its privileges. Each test
 * is a process of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "daemon/privileges.h"
#include "netns.h"

static bool can_bind(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bool ok = bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;

	close(fd);
	return ok;
}

/* Return: the number of the first thing that is not as it should be. */
static int dropped(bool low_port)
{
	uint32_t mark = 1;

	if (!netns_enter() || !can_bind(443))
		return 77;
	if (sg_privileges_harden(NULL) || sg_privileges_drop(low_port, NULL))
		return 1;
	if (can_bind(444) != low_port)
		return 2;
	if (unshare(CLONE_NEWNET) == 0) /* CAP_SYS_ADMIN */
		return 3;
	if (setsockopt(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_MARK,
		       &mark, sizeof(mark)))
		return 4; /* CAP_NET_ADMIN is still there */
	if (prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) != 0 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 5;
	return 0;
}

static bool effective(int cap)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct d[2];

	return !syscall(SYS_capget, &h, d) &&
	       d[cap / 32].effective >> cap % 32 & 1;
}

static int asleep(bool unused)
{
	if (!effective(CAP_BPF) || !effective(CAP_PERFMON))
		return 77;
	if (sg_privileges_drop(false, NULL))
		return 1;
	if (effective(CAP_BPF) || effective(CAP_PERFMON))
		return 2;
	sg_privileges_bpf(true);
	if (!effective(CAP_BPF) || !effective(CAP_PERFMON))
		return 3;
	sg_privileges_bpf(false);
	if (effective(CAP_BPF) || effective(CAP_PERFMON))
		return 4;
	return effective(CAP_NET_ADMIN) ? 0 : 5;
}

/* Those for a dispatcher: kept where it was said, and awake only when asked for. */
static int for_dispatcher(bool said)
{
	if (!effective(CAP_SYS_ADMIN) || !effective(CAP_DAC_OVERRIDE) ||
	    !effective(CAP_BPF))
		return 77;
	if (said)
		setenv(SG_PRIVILEGES_DISPATCHER, "yes", 1);
	else
		unsetenv(SG_PRIVILEGES_DISPATCHER);
	if (sg_privileges_drop(false, NULL))
		return 1;
	if (effective(CAP_SYS_ADMIN) || effective(CAP_DAC_OVERRIDE))
		return 2;
	sg_privileges_bpf(true);
	if (effective(CAP_SYS_ADMIN) || !effective(CAP_BPF))
		return 3;
	sg_privileges_dispatcher(true);
	if (effective(CAP_SYS_ADMIN) != said ||
	    effective(CAP_DAC_OVERRIDE) != said || !effective(CAP_BPF))
		return 4;
	sg_privileges_dispatcher(false);
	if (effective(CAP_SYS_ADMIN) || effective(CAP_BPF))
		return 5;
	return 0;
}

static void assert_child(void **state, int (*fn)(bool), bool arg)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(fn(arg));
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("SKIP: no network namespaces here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void only_network_administration_stays(void **state)
{
	assert_child(state, dropped, false);
}

static void a_dispatcher_needs_more_where_it_was_said(void **state)
{
	assert_child(state, for_dispatcher, true);
	assert_child(state, for_dispatcher, false);
}

static void low_ports_can_be_kept(void **state)
{
	assert_child(state, dropped, true);
}

static int hardened(bool unused)
{
	struct rlimit l;

	if (sg_privileges_harden(NULL))
		return 1;
	if (getrlimit(RLIMIT_CORE, &l) || l.rlim_cur || l.rlim_max)
		return 2;
#ifndef __SANITIZE_ADDRESS__
	if (prctl(PR_GET_DUMPABLE) != 0)
		return 3;
#endif
	return 0;
}

static void memory_is_not_dumped(void **state)
{
	assert_child(state, hardened, false);
}

static void those_for_programs_sleep_until_one_is_loaded(void **state)
{
	assert_child(state, asleep, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_network_administration_stays),
		cmocka_unit_test(low_ports_can_be_kept),
		cmocka_unit_test(a_dispatcher_needs_more_where_it_was_said),
		cmocka_unit_test(memory_is_not_dumped),
		cmocka_unit_test(those_for_programs_sleep_until_one_is_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
