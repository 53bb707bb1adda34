/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Facts about the machine that help a supporter; never a secret. */
#ifndef SG_FACTS_H
#define SG_FACTS_H

#include "tool.h"

/* Given by the build; see the file VERSION. */
#ifndef SIGNET_VERSION
#define SIGNET_VERSION "unknown"
#endif

struct json_object;

/** sg_facts_versions() - tool, agent, module (null where absent), wire */
struct json_object *sg_facts_versions(const struct sg_tool *t);

/** sg_facts_system() - kernel, distribution, architecture, CPUs, clocks */
struct json_object *sg_facts_system(void);

/** sg_facts_interfaces() - name, flags, MTU and addresses of each */
struct json_object *sg_facts_interfaces(void);

/** sg_facts_files() - owner, mode and size of configuration and state; not
 * what is in them */
struct json_object *sg_facts_files(const struct sg_tool *t);

/** sg_facts_configuration() - whether it is good, and its problems */
struct json_object *sg_facts_configuration(const struct sg_tool *t);

#endif
