// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* org.varlink.service: by which clients find out what there is. */
#include <json-c/json.h>
#include <string.h>

#include "daemon/varlink_private.h"

#define SERVICE "org.varlink.service"

static const char service_text[] =
	"# What every Varlink service offers\n"
	"interface org.varlink.service\n"
	"\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"method GetInterfaceDescription(interface: string) -> (\n"
	"  description: string\n"
	")\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"error ExpectedMore ()\n";

static void add(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static void get_info(struct sg_varlink_call *call)
{
	const struct sg_varlink_server_config *cfg = &call->client->server->cfg;
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	add(o, "vendor", "Signet");
	add(o, "product", cfg->product);
	add(o, "version", cfg->version);
	add(o, "url", "");
	json_object_array_add(list, json_object_new_string(SERVICE));
	json_object_array_add(list,
			      json_object_new_string(SG_VARLINK_INTERFACE));
	json_object_object_add(o, "interfaces", list);
	sg_varlink_reply(call, o, false);
}

static void get_description(struct sg_varlink_call *call)
{
	struct json_object *name, *o;
	const char *text = NULL;

	if (!json_object_object_get_ex(call->req.parameters, "interface",
				       &name) ||
	    !json_object_is_type(name, json_type_string) ||
	    json_object_object_length(call->req.parameters) != 1) {
		sg_varlink_invalid_parameter(call, "interface");
		return;
	}
	if (!strcmp(json_object_get_string(name), SERVICE))
		text = service_text;
	else if (!strcmp(json_object_get_string(name), SG_VARLINK_INTERFACE))
		text = sg_varlink_interface_text();
	if (!text) {
		sg_varlink_error_what(call, SG_VARLINK_INTERFACE_NOT_FOUND,
				      "interface",
				      json_object_get_string(name));
		return;
	}
	o = json_object_new_object();
	add(o, "description", text);
	sg_varlink_reply(call, o, false);
}

void varlink_service(struct sg_varlink_call *call, const char *method)
{
	if (!strcmp(method, "GetInfo") &&
	    json_object_object_length(call->req.parameters))
		sg_varlink_invalid_parameter(call, "parameters");
	else if (!strcmp(method, "GetInfo"))
		get_info(call);
	else if (!strcmp(method, "GetInterfaceDescription"))
		get_description(call);
	else
		sg_varlink_error_what(call, SG_VARLINK_METHOD_NOT_FOUND,
				      "method", call->req.method);
}
