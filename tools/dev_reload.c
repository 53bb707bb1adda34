/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * signet dev reload: change to the module that is on disk now. The agent may not
 * load modules, so it only moves its channels out of the way and back; the rest
 * is done here, by root.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <json-c/json.h>

#include "client.h"
#include "dev.h"
#include "human.h"
#include "json.h"

static const char help[] =
	"Usage: signet dev reload\n"
	"Have the agent carry its channels on without the kernel module, load "
	"the module\n"
	"that is installed now, and take the channels back to it. Each change "
	"takes a\n"
	"new handshake with every peer, while the old channels still carry "
	"packets.\n"
	"Devices that no agent uses go away with the old module. Only for "
	"root.\n\n"
	"Example:\n"
	"  make -C kmod modules_install && signet dev reload\n";

/* Return: 0 when it ended well. */
static int modprobe(const char *option)
{
	static char *const env[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		NULL,
	};
	char *argv[] = { "modprobe", (char *)(uintptr_t)option, "signet",
			 NULL };
	int status;
	pid_t pid;

	if (posix_spawn(&pid, "/sbin/modprobe", NULL, NULL, argv, env) &&
	    posix_spawn(&pid, "/usr/sbin/modprobe", NULL, NULL, argv, env))
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int move(struct sg_tool *t, const char *to, struct json_object **reply)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "datapath", json_object_new_string(to));
	return sg_call(t, "SetDataPath", o, SG_CALL_SLOW_MS, reply);
}

static int swap(struct sg_tool *t)
{
	if (modprobe("-r"))
		return sg_fail(t, SG_EXIT_FAILED,
			       "see `lsmod` and `dmesg` for who holds it",
			       "the module can't be removed");
	if (modprobe("-a"))
		return sg_fail(t, SG_EXIT_FAILED,
			       "build and install one for `uname -r`",
			       "the module can't be loaded");
	return SG_EXIT_OK;
}

static void print(struct sg_tool *t, struct json_object *reply)
{
	const char *why = sg_json_str(reply, "why");

	if (t->json) {
		sg_json_print(stdout, reply);
		return;
	}
	printf("data path  %s\n", sg_json_str(reply, "datapath"));
	if (*why)
		printf("           not the kernel: %s\n", why);
}

int sg_dev_reload_command(struct sg_tool *t, int argc, char **argv)
{
	struct json_object *reply = NULL;
	int code, back;

	if (sg_getopt(t, argc, argv, "", NULL, help) != -1 ||
	    !sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	if (geteuid())
		return sg_fail(t, SG_EXIT_DENIED, "run it with sudo",
			       "only root may change kernel modules");
	code = move(t, "tun", NULL);
	if (code)
		return code;
	code = swap(t);
	back = move(t, "configured", &reply);
	if (!back)
		print(t, reply);
	json_object_put(reply);
	return code ? code : back;
}
