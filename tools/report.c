/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet report: a support bundle, checked to hold no secrets. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "client.h"
#include "common/file.h"
#include "facts.h"
#include "json.h"
#include "secrets.h"

static const char help[] =
	"Usage: signet report [-o FILE]\n"
	"A support bundle as one JSON object: what the agent reports, and "
	"kernel,\n"
	"versions, interfaces and file permissions of this machine. It holds "
	"addresses\n"
	"and peers' names, but no keys: it is searched for this node's "
	"secrets before it\n"
	"is written. Works without an agent, too.\n\n"
	"  -o, --output FILE   write it there, mode 0600 [standard output]\n\n"
	"Example:\n"
	"  signet report -o report.json\n";

static struct json_object *make_report(struct sg_tool *t)
{
	struct json_object *o = json_object_new_object(), *reply = NULL;

	json_object_object_add(o, "versions", sg_facts_versions(t));
	json_object_object_add(o, "system", sg_facts_system());
	json_object_object_add(o, "interfaces", sg_facts_interfaces());
	json_object_object_add(o, "files", sg_facts_files(t));
	json_object_object_add(o, "configuration", sg_facts_configuration(t));
	if (sg_call_quiet(t, "Report", NULL, SG_CALL_MS, &reply))
		sg_note(t, "signet: no agent answers: the report holds this "
			   "side's facts only");
	json_object_object_add(o, "agent",
			       json_object_get(sg_json_get(reply, "report")));
	json_object_put(reply);
	return o;
}

static int write_report(struct sg_tool *t, const char *path, const char *text)
{
	struct sg_error err = { 0 };
	size_t len = strlen(text);

	if (!path) {
		fwrite(text, 1, len, stdout);
		putchar('\n');
		return SG_EXIT_OK;
	}
	if (sg_file_write_atomic(path, 0600, text, len, &err))
		return sg_fail(t, SG_EXIT_FAILED, NULL, "%s", err.text);
	sg_note(t, "written to %s; read it before you send it", path);
	return SG_EXIT_OK;
}

int sg_cmd_report(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' }, { 0 }
	};
	struct json_object *report;
	const char *path = NULL, *text, *found;
	int c, code;

	while ((c = sg_getopt(t, argc, argv, "o:", options, help)) != -1) {
		if (c != 'o')
			return SG_EXIT_USAGE;
		path = optarg;
	}
	if (!sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	report = make_report(t);
	text = json_object_to_json_string_ext(
		report, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
				JSON_C_TO_STRING_NOSLASHESCAPE);
	found = sg_secrets_find(t, text);
	if (found)
		code = sg_fail(t, SG_EXIT_FAILED,
			       "this is a bug in signet: "
			       "please tell its authors",
			       "the report would hold a secret (%s); it was "
			       "not written",
			       found);
	else
		code = write_report(t, path, text);
	json_object_put(report);
	return code;
}
