/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet identity: new, show, rotate. Backups are in backup.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>
#include <sodium.h>

#include "client.h"
#include "common/config.h"
#include "common/file.h"
#include "common/keyfile.h"
#include "human.h"
#include "identity.h"
#include "json.h"
#include "session.h"
#include "start.h"

#define KEY_B64 sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)

static const char help[] =
	"Usage: signet identity COMMAND [ARGUMENT]...\n"
	"This node's identity: an identifier that stays, and keys that can "
	"change.\n\n"
	"  new       make keys and an identifier\n"
	"  show      print the identifier, overlay address and static key\n"
	"  rotate    make the committed next key the current one\n"
	"  backup    write all keys to a file, under a passphrase\n"
	"  restore   read such a file\n\n"
	"Example:\n"
	"  signet identity new\n";

static const char new_help[] =
	"Usage: signet identity new [--name NAME] [--json]\n"
	"Make this node's keys in the state folder. Keys are never "
	"overwritten. Where\n"
	"there is no configuration yet, one with the usual settings is "
	"written.\n\n"
	"  --name NAME   the node's name, in a new configuration [the host's]\n"
	"\nExample:\n"
	"  signet identity new --name gw\n";

static const char show_help[] =
	"Usage: signet identity show [--json]\n"
	"Print this node's identifier, overlay address and static key, none "
	"of which is\n"
	"secret.\n\n"
	"Example:\n"
	"  signet identity show --json | jq -r .identity\n";

static const char rotate_help[] =
	"Usage: signet identity rotate [--next FILE] [--json]\n"
	"Make the committed next key the current one, and commit to another. "
	"The\n"
	"identifier stays. Peers learn of it at the next handshake.\n\n"
	"  --next FILE   where the next key is kept; the one after it is put "
	"there\n"
	"                [identity.next in the state folder]\n\n"
	"Example:\n"
	"  signet identity rotate --next /media/usb/identity.next\n";

const char *const sg_key_files[] = { "identity.key", "identity.next",
				     "identity.history", "static.key", NULL };

int sg_identity_exit(int r)
{
	return r == -EACCES ? SG_EXIT_DENIED : SG_EXIT_FAILED;
}

void sg_owner_enter(const struct sg_tool *t, struct sg_owner *before)
{
	struct stat st;

	before->uid = geteuid();
	before->gid = getegid();
	if (before->uid || stat(t->state, &st) || !st.st_uid)
		return;
	if (setegid(st.st_gid) || seteuid(st.st_uid))
		sg_owner_leave(before);
}

void sg_owner_leave(const struct sg_owner *before)
{
	if (seteuid(before->uid) || setegid(before->gid))
		perror("signet: cannot become root again");
}

/*
 * Folders that are made here belong to the agent's user where systemd runs the
 * agent: it keeps state in one, and pairing writes into the other.
 */
static void make_folder(const struct sg_tool *t, const char *path, mode_t mode)
{
	struct passwd *user;

	if (mkdir(path, mode) || !t->defaults || geteuid() ||
	    !sg_systemd_runs())
		return;
	user = getpwnam("signet");
	if (user && chown(path, user->pw_uid, user->pw_gid))
		rmdir(path);
}

static bool load(const struct sg_tool *t, struct sg_keys **keys, int *r,
		 struct sg_error *err)
{
	struct sg_owner before;

	*keys = sg_keys_alloc();
	if (!*keys) {
		*r = sg_err(err, ENOMEM, "out of memory");
		return false;
	}
	sg_owner_enter(t, &before);
	*r = sg_keys_load(t->state, *keys, err);
	sg_owner_leave(&before);
	return !*r;
}

bool sg_own_id(const struct sg_tool *t, struct signet_id *id)
{
	struct json_object *reply = NULL;
	struct sg_error err = { 0 };
	struct sg_keys *keys;
	bool ok;
	int r;

	ok = load(t, &keys, &r, &err);
	if (ok)
		*id = keys->ident.id;
	sg_keys_free(keys);
	if (ok)
		return true;
	sg_call_quiet(t, "GetStatus", NULL, 2000, &reply);
	ok = !signet_id_parse(
		sg_json_str(sg_json_get(reply, "status"), "identity"), id);
	json_object_put(reply);
	return ok;
}

static struct json_object *describe(const struct sg_keys *k)
{
	struct json_object *o = json_object_new_object();
	char id[SIGNET_ID_STR_LEN], overlay[INET6_ADDRSTRLEN], key[KEY_B64];
	uint8_t addr[16];

	signet_id_format(&k->ident.id, id);
	signet_id_overlay(&k->ident.id, addr);
	inet_ntop(AF_INET6, addr, overlay, sizeof(overlay));
	sodium_bin2base64(key, sizeof(key), k->static_pk, 32,
			  sodium_base64_VARIANT_ORIGINAL);
	sg_json_add_str(o, "identity", id);
	sg_json_add_str(o, "overlay", overlay);
	sg_json_add_str(o, "staticKey", key);
	sg_json_add_int(o, "historyLength", k->ident.head.length);
	return o;
}

static void print(struct sg_tool *t, struct json_object *o)
{
	if (t->json) {
		sg_json_print(stdout, o);
		return;
	}
	printf("identity    %s%s%s\n", sg_style(stdout, SG_BOLD),
	       sg_json_str(o, "identity"), sg_style(stdout, SG_PLAIN));
	printf("overlay     %s\n", sg_json_str(o, "overlay"));
	printf("static key  %s\n", sg_json_str(o, "staticKey"));
	printf("history     %lld change%s\n",
	       (long long)sg_json_int(o, "historyLength"),
	       sg_json_int(o, "historyLength") == 1 ? "" : "s");
}

/* Asked of the agent by those who may not read the files. */
static int show_from_agent(struct sg_tool *t, const char *why)
{
	static const char *const members[] = { "identity", "overlay",
					       "staticKey" };
	struct json_object *reply, *s, *o;

	if (sg_call_quiet(t, "GetStatus", NULL, 2000, &reply))
		return sg_fail(t, SG_EXIT_DENIED, "run it as root", "%s", why);
	s = sg_json_get(reply, "status");
	o = json_object_new_object();
	for (size_t i = 0; i < 3; i++)
		sg_json_add_str(o, members[i], sg_json_str(s, members[i]));
	sg_json_add_int(o, "historyLength", sg_json_int(s, "historyLength"));
	print(t, o);
	json_object_put(o);
	json_object_put(reply);
	return SG_EXIT_OK;
}

int sg_identity_show(struct sg_tool *t, int argc, char **argv)
{
	struct sg_error err = { 0 };
	struct sg_keys *keys;
	struct json_object *o;
	int r;

	if (sg_getopt(t, argc, argv, "", NULL, show_help) != -1 ||
	    !sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	if (load(t, &keys, &r, &err)) {
		o = describe(keys);
		print(t, o);
		json_object_put(o);
	}
	sg_keys_free(keys);
	if (r == -EACCES || (r == -EPERM && geteuid()))
		return show_from_agent(t, err.text);
	return r ? sg_fail(t, SG_EXIT_FAILED, NULL, "%s", err.text)
		 : SG_EXIT_OK;
}

/* A first configuration; 1 where one was written. */
static int first_config(const struct sg_tool *t, const char *name,
			struct sg_error *err)
{
	char text[512], dir[4096];
	const char *slash = strrchr(t->config, '/');
	int n, r;

	if (!access(t->config, F_OK))
		return 0;
	n = snprintf(text, sizeof(text),
		     "# Signet: see signet.conf(5). `signet check` checks it,\n"
		     "# `signet reload` applies it. Peers are in peers.d "
		     "beside it.\n[Node]\n%sName = %s\n# Listen = %d\n"
		     "# Address = 10.77.0.1/24\n",
		     name ? "" : "# ", name ? name : "gw", SG_CONFIG_PORT);
	if (slash && slash != t->config &&
	    snprintf(dir, sizeof(dir), "%.*s", (int)(slash - t->config),
		     t->config) < (int)sizeof(dir))
		make_folder(t, dir, 0755); /* writing says what is wrong */
	r = sg_file_create_atomic(t->config, 0644, text, n, err);
	return r ? r : 1;
}

static void advise(struct sg_tool *t, bool config)
{
	if (t->json)
		return;
	if (config)
		printf("\nA configuration with the usual settings is in %s.\n",
		       t->config);
	printf("\nKeep a copy of %s/identity.next elsewhere, best offline: "
	       "with "
	       "it\nyou can take the identity back if this machine's keys are "
	       "stolen. All keys\nin one file, under a passphrase:\n"
	       "  signet identity backup FILE\n"
	       "Next: `signet up`, then `signet pair` to meet another node.\n",
	       t->state);
}

int sg_identity_new(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' }, { 0 }
	};
	struct sg_error err = { 0 };
	struct json_object *o;
	const char *name = NULL;
	struct sg_owner before;
	struct sg_keys *keys;
	int c, r, config;

	while ((c = sg_getopt(t, argc, argv, "", options, new_help)) != -1) {
		if (c != 'n')
			return SG_EXIT_USAGE;
		name = optarg;
	}
	if (!sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	if (name && !sg_config_name_valid(name))
		return sg_usage(t,
				"--name: \"%s\" is not a name: letters, "
				"digits, \".\", \"_\" and \"-\", at most 63",
				name);
	make_folder(t, t->state, 0700);
	sg_owner_enter(t, &before);
	r = sg_keys_generate(t->state, &err);
	sg_owner_leave(&before);
	if (r)
		return sg_fail(
			t, sg_identity_exit(r),
			r != -EEXIST
				? NULL
				: "`signet identity show` prints the one there "
				  "is",
			"%s", err.text);
	if (!load(t, &keys, &r, &err)) {
		sg_keys_free(keys);
		return sg_fail(t, SG_EXIT_FAILED, NULL, "%s", err.text);
	}
	o = describe(keys);
	print(t, o);
	json_object_put(o);
	sg_keys_free(keys);
	config = first_config(t, name, &err);
	if (config < 0)
		return sg_fail(t, sg_identity_exit(config), NULL,
			       "the keys "
			       "are made, but: %s",
			       err.text);
	if (name && !config)
		sg_note(t, "%s exists, so the node's name is what stands there",
			t->config);
	advise(t, config);
	return SG_EXIT_OK;
}

/* Does a running agent use the rotated key? It reads it with the rest. */
static const char *agent_uses(struct sg_tool *t, const struct sg_keys *keys)
{
	struct json_object *reply = NULL;
	int64_t length;

	if (!sg_agent_answers(t))
		return "no agent runs that could use it now";
	sg_call_quiet(t, "Reload", sg_session_params(false), SG_CALL_SLOW_MS,
		      NULL);
	sg_call_quiet(t, "GetStatus", NULL, SG_CALL_MS, &reply);
	length = sg_json_int(sg_json_get(reply, "status"), "historyLength");
	json_object_put(reply);
	return length == keys->ident.head.length
		       ? "the agent uses it"
		       : "restart the agent, so that it uses it: `systemctl "
			 "restart "
			 "signetd`";
}

int sg_identity_rotate(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "next", required_argument, NULL, 'n' }, { 0 }
	};
	struct sg_error err = { 0 };
	const char *next = NULL;
	struct sg_owner before;
	struct sg_keys *keys;
	struct json_object *o;
	int c, r;

	while ((c = sg_getopt(t, argc, argv, "", options, rotate_help)) != -1) {
		if (c != 'n')
			return SG_EXIT_USAGE;
		next = optarg;
	}
	if (!sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	sg_owner_enter(t, &before);
	r = sg_keys_rotate(t->state, next, &err);
	sg_owner_leave(&before);
	if (r)
		return sg_fail(t, sg_identity_exit(r), NULL, "%s", err.text);
	if (load(t, &keys, &r, &err)) {
		o = describe(keys);
		print(t, o);
		json_object_put(o);
		sg_note(t,
			"Rotated; %s.\nThe next key is a new one: keep a "
			"copy of it elsewhere.",
			agent_uses(t, keys));
	}
	sg_keys_free(keys);
	return r ? sg_fail(t, SG_EXIT_FAILED, NULL, "%s", err.text)
		 : SG_EXIT_OK;
}

int sg_cmd_identity(struct sg_tool *t, int argc, char **argv)
{
	static const struct sg_command commands[] = {
		{ "new", sg_identity_new, "" },
		{ "show", sg_identity_show, "" },
		{ "rotate", sg_identity_rotate, "" },
		{ "backup", sg_identity_backup, "" },
		{ "restore", sg_identity_restore, "" },
		{ 0 }
	};

	return sg_subcommand(t, argc, argv, commands, "identity command", help,
			     "new, show, rotate, backup or restore?");
}
