// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/acpi.h>
#include <linux/io.h>
#include <linux/slab.h>

#include "clone.h"

DEFINE_STATIC_KEY_FALSE(signet_clone_known);
const struct signet_clone_id *signet_clone_now;

/* as the ACPI core has them: in capitals */
static const char * const clone_names[] = { "VMGENCTR", "VM_GEN_COUNTER" };

/* Return: what ADDR of the device answers, the id's address, or 0 */
static phys_addr_t clone_address(acpi_handle handle)
{
	struct acpi_buffer answer = { ACPI_ALLOCATE_BUFFER, NULL };
	const union acpi_object *obj, *half;
	phys_addr_t address = 0;

	if (ACPI_FAILURE(acpi_evaluate_object(handle, "ADDR", NULL, &answer)))
		return 0;
	obj = answer.pointer;
	if (obj && obj->type == ACPI_TYPE_PACKAGE && obj->package.count == 2) {
		half = obj->package.elements;
		if (half[0].type == ACPI_TYPE_INTEGER &&
		    half[1].type == ACPI_TYPE_INTEGER)
			address = half[0].integer.value |
				  (u64)half[1].integer.value << 32;
	}
	kfree(answer.pointer);
	return address;
}

static phys_addr_t clone_find(void)
{
	struct acpi_device *adev = NULL;
	phys_addr_t address = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(clone_names) && !adev; i++)
		adev = acpi_dev_get_first_match_dev(clone_names[i], NULL, -1);
	if (adev) {
		address = clone_address(adev->handle);
		acpi_dev_put(adev);
	}
	return address;
}

/**
 * signet_clone_init() - find the hypervisor's id of this machine
 *
 * A machine without one is none that can be cloned while it runs, or its
 * hypervisor does not tell.
 */
void signet_clone_init(void)
{
	phys_addr_t address = clone_find();

	if (!address)
		return;
	signet_clone_now = memremap(address, sizeof(*signet_clone_now),
				    MEMREMAP_WB);
	if (signet_clone_now)
		static_branch_enable(&signet_clone_known);
}

/**
 * signet_clone_exit() - let go of the id
 *
 * No key is left.
 */
void signet_clone_exit(void)
{
	if (!signet_clone_now)
		return;
	static_branch_disable(&signet_clone_known);
	memunmap((void *)signet_clone_now);
	signet_clone_now = NULL;
}
