/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>
#include <signet/wire.h>
#include <sodium.h>

#include "client.h"
#include "common/config.h"
#include "common/kmod.h"
#include "facts.h"
#include "json.h"

#define FILES_MAX 256

/* First line of a small file, or NULL. */
static const char *first_line(const char *path, char *buf, size_t cap)
{
	FILE *f = fopen(path, "re");
	char *ok = f ? fgets(buf, (int)cap, f) : NULL;

	if (f)
		fclose(f);
	if (ok)
		buf[strcspn(buf, "\n")] = '\0';
	return ok;
}

/* From the module itself, else (it answers administrators only) from sysfs.
 * Asking for one that is not there could load it. */
static void add_module(struct json_object *o)
{
	struct sg_kmod *km = NULL;
	struct sg_kmod_module m;
	char buf[64];

	if (access("/sys/module/signet", F_OK)) {
		sg_json_add_str(o, "module", NULL);
	} else if (!sg_kmod_open(&km, false) && !sg_kmod_module_get(km, &m)) {
		sg_json_add_str(o, "module", m.version);
		sg_json_add_int(o, "moduleWire", m.wire_version);
	} else {
		sg_json_add_str(o, "module",
				first_line("/sys/module/signet/version", buf,
					   sizeof(buf))
					? buf
					: "loaded");
	}
	sg_kmod_close(km);
}

struct json_object *sg_facts_versions(const struct sg_tool *t)
{
	struct json_object *o = json_object_new_object(), *reply = NULL, *s;

	sg_json_add_str(o, "tool", SIGNET_VERSION);
	sg_call_quiet(t, "GetStatus", NULL, 2000, &reply);
	s = sg_json_get(reply, "status");
	sg_json_add_str(o, "agent", s ? sg_json_str(s, "version") : NULL);
	if (s)
		sg_json_add_int(o, "agentWire", sg_json_int(s, "wire"));
	add_module(o);
	sg_json_add_int(o, "wire", SIGNET_WIRE_VERSION);
	json_object_put(reply);
	return o;
}

static void add_distribution(struct json_object *o)
{
	FILE *f = fopen("/etc/os-release", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		char *value = strchr(line, '=');

		if (strncmp(line, "PRETTY_NAME=", 12) || !value)
			continue;
		value += 1 + (value[1] == '"');
		value[strcspn(value, "\"\n")] = '\0';
		sg_json_add_str(o, "distribution", value);
	}
	if (f)
		fclose(f);
}

static void add_setting(struct json_object *o, const char *name,
			const char *path)
{
	char buf[128];

	sg_json_add_str(o, name, first_line(path, buf, sizeof(buf)));
}

struct json_object *sg_facts_system(void)
{
	struct json_object *o = json_object_new_object();
	struct timespec ts;
	struct utsname u;

	if (!uname(&u)) {
		sg_json_add_str(o, "kernel", u.release);
		sg_json_add_str(o, "build", u.version);
		sg_json_add_str(o, "machine", u.machine);
	}
	add_distribution(o);
	sg_json_add_int(o, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
	sg_json_add_str(o, "libsodium", sodium_version_string());
	sg_json_add_str(o, "json-c", json_c_version());
	clock_gettime(CLOCK_REALTIME, &ts);
	sg_json_add_int(o, "time", ts.tv_sec);
	clock_gettime(CLOCK_BOOTTIME, &ts);
	sg_json_add_int(o, "sinceBoot", ts.tv_sec);
	add_setting(o, "ioUringDisabled", "/proc/sys/kernel/io_uring_disabled");
	add_setting(o, "ipForward", "/proc/sys/net/ipv4/ip_forward");
	add_setting(o, "ipv6Forward", "/proc/sys/net/ipv6/conf/all/forwarding");
	add_setting(o, "rpFilter", "/proc/sys/net/ipv4/conf/all/rp_filter");
	sg_json_add_bool(o, "tun", !access("/dev/net/tun", F_OK));
	sg_json_add_bool(o, "systemd", !access("/run/systemd/system", F_OK));
	return o;
}

static struct json_object *interface_of(struct json_object *list, int fd,
					const struct ifaddrs *a)
{
	struct json_object *o;
	struct ifreq ifr = { 0 };

	for (size_t i = 0; i < sg_json_len(list); i++) {
		o = json_object_array_get_idx(list, i);
		if (!strcmp(sg_json_str(o, "name"), a->ifa_name))
			return o;
	}
	o = json_object_new_object();
	sg_json_add_str(o, "name", a->ifa_name);
	sg_json_add_bool(o, "up", a->ifa_flags & IFF_UP);
	sg_json_add_bool(o, "running", a->ifa_flags & IFF_RUNNING);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", a->ifa_name);
	if (fd >= 0 && !ioctl(fd, SIOCGIFMTU, &ifr))
		sg_json_add_int(o, "mtu", ifr.ifr_mtu);
	json_object_object_add(o, "addresses", json_object_new_array());
	json_object_array_add(list, o);
	return o;
}

static void add_address(struct json_object *o, const struct sockaddr *sa)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
	char buf[INET6_ADDRSTRLEN];
	const char *s = NULL;

	if (sa && sa->sa_family == AF_INET)
		s = inet_ntop(AF_INET, &v4->sin_addr, buf, sizeof(buf));
	else if (sa && sa->sa_family == AF_INET6)
		s = inet_ntop(AF_INET6, &v6->sin6_addr, buf, sizeof(buf));
	if (s)
		json_object_array_add(sg_json_get(o, "addresses"),
				      json_object_new_string(s));
}

struct json_object *sg_facts_interfaces(void)
{
	struct json_object *list = json_object_new_array();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifaddrs *all = NULL;

	if (!getifaddrs(&all))
		for (struct ifaddrs *a = all; a; a = a->ifa_next)
			add_address(interface_of(list, fd, a), a->ifa_addr);
	freeifaddrs(all);
	if (fd >= 0)
		close(fd);
	return list;
}

static void add_file(struct json_object *list, const char *path)
{
	struct json_object *o = json_object_new_object();
	struct stat st;
	char mode[8];

	sg_json_add_str(o, "path", path);
	if (lstat(path, &st)) {
		sg_json_add_str(o, "error", strerror(errno));
	} else {
		snprintf(mode, sizeof(mode), "%04o", st.st_mode & 07777);
		sg_json_add_str(o, "mode", mode);
		sg_json_add_int(o, "owner", st.st_uid);
		sg_json_add_int(o, "size", st.st_size);
	}
	json_object_array_add(list, o);
}

static void add_folder(struct json_object *list, const char *path)
{
	struct dirent *e;
	DIR *d;

	add_file(list, path);
	d = opendir(path);
	while (d && (e = readdir(d)) && sg_json_len(list) < FILES_MAX) {
		char file[PATH_MAX];

		if (*e->d_name == '.')
			continue;
		if (snprintf(file, sizeof(file), "%s/%s", path, e->d_name) <
		    (int)sizeof(file))
			add_file(list, file);
	}
	if (d)
		closedir(d);
}

struct json_object *sg_facts_files(const struct sg_tool *t)
{
	struct json_object *list = json_object_new_array();
	const char *slash = strrchr(t->config, '/');
	char peers[PATH_MAX];

	add_file(list, t->config);
	snprintf(peers, sizeof(peers), "%.*speers.d",
		 slash ? (int)(slash - t->config) + 1 : 0, t->config);
	add_folder(list, peers);
	add_folder(list, t->state);
	add_file(list, t->socket);
	return list;
}

struct json_object *sg_facts_configuration(const struct sg_tool *t)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct sg_problems *p = calloc(1, sizeof(*p));
	struct sg_config *cfg = NULL;
	char text[1024];

	if (p && !sg_config_load(t->config, &cfg, p))
		sg_json_add_int(o, "peers", cfg->n_peers);
	sg_json_add_bool(o, "good", cfg != NULL);
	for (size_t i = 0; p && i < p->n; i++) {
		sg_problem_format(&p->list[i], text, sizeof(text));
		json_object_array_add(list, json_object_new_string(text));
	}
	json_object_object_add(o, "problems", list);
	sg_config_free(cfg);
	free(p);
	return o;
}
