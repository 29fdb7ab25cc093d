// SPDX-License-Identifier: Apache-2.0
/* The tables of the kinds, and finding things in them. Checks are in kind_check.c. */
#include "tenant/kind.h"

#include <errno.h>

#include "tenant/check.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *const digest_names[] = {"md5", "sha-256", NULL};

static const struct field tenant_fields[] = {
	{.name = "name", .in_file = "tenant", .type = FIELD_STRING,
	 .flags = FIELD_REQUIRED | FIELD_KEY, .min = 1, .max = 63, .check = check_tenant_name,
	 .rule = "a tenant's name (a-z, 0-9 and inner -)",
	 .text = "What the tenant is called; it never changes."},
	{.name = "domains", .type = FIELD_LIST, .flags = FIELD_REQUIRED | FIELD_LOWER,
	 .min = 1, .max = 16, .check = check_domain,
	 .rule = "a domain (a host name such as acme.example, no address)",
	 .text = "SIP domains of the tenant, of which no other tenant has any. The first is the realm "
	         "of its phones' passwords and the host of its addresses."},
	{.name = "digest", .type = FIELD_LIST, .flags = FIELD_LOWER, .min = 1, .max = 2,
	 .fallback = "[\"md5\"]", .allowed = digest_names,
	 .text = "Algorithms that phones are offered to prove their password with. Many phones give up "
	         "when they see one that they do not know, so sha-256 is offered only when asked for."},
	{.name = "users", .type = FIELD_OBJECTS, .max = 20000, .ref = KIND_USER,
	 .text = "The people. Who is not in the list is removed."},
};

static const struct field user_fields[] = {
	{.name = "name", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .min = 1, .max = 128,
	 .check = check_printable, .rule = "a name (characters that print)",
	 .text = "The name that others see on their phones."},
	{.name = "extension", .type = FIELD_STRING, .flags = FIELD_REQUIRED | FIELD_KEY,
	 .min = 1, .max = 15, .check = check_extension, .rule = "an extension (1 to 15 digits)",
	 .text = "The number that colleagues dial; one user's only. A user whose extension changes is "
	         "another user."},
	{.name = "devices", .type = FIELD_OBJECTS, .max = 16, .ref = KIND_DEVICE,
	 .text = "The phones of this user; all of them ring. What is not in the list is removed."},
};

static const struct field device_fields[] = {
	{.name = "username", .type = FIELD_STRING, .flags = FIELD_REQUIRED | FIELD_KEY,
	 .min = 1, .max = 64, .check = check_username,
	 .rule = "a user name (letters, digits and - _ . +)",
	 .text = "What the phone registers as; unique in the tenant, whatever its letter case."},
	{.name = "password", .type = FIELD_SECRET, .flags = FIELD_KEPT, .min = 1, .max = 128,
	 .check = check_printable, .rule = "a password (characters that print)",
	 .text = "The phone's password. It is kept sealed and never shown again."},
	{.name = "digest", .type = FIELD_LIST, .flags = FIELD_LOWER, .min = 1, .max = 2,
	 .allowed = digest_names,
	 .text = "As the tenant's `digest`, for this phone alone. Left out: the tenant's."},
	{.name = "user", .type = FIELD_REF, .ref = KIND_USER, .text = "Whose phone it is."},
	{.name = "global_username", .type = FIELD_STRING, .flags = FIELD_MADE | FIELD_READ_ONLY,
	 .min = 1, .max = 160, .check = check_username,
	 .rule = "a user name (letters, digits and - _ . +)",
	 .text = "A user name that no other phone of the installation has. A phone that knows only an IP "
	         "address registers with it, and so lands in its tenant."},
};

static const struct kind kinds[KINDS] = {
	[KIND_TENANT] = {KIND_TENANT, "tenant", "tenants", tenant_fields, COUNT(tenant_fields),
	                 "A customer of the service: everything below belongs to it alone."},
	[KIND_USER] = {KIND_USER, "user", "users", user_fields, COUNT(user_fields),
	               "A person with an extension."},
	[KIND_DEVICE] = {KIND_DEVICE, "device", "devices", device_fields, COUNT(device_fields),
	                 "Something that registers and rings: a desk phone, a softphone."},
};

const struct kind *kind_get(enum kind_id id)
{
	return &kinds[id];
}

int kind_find(struct str name, enum kind_id *out)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (str_eq(name, str_z(kinds[i].name)) || str_eq(name, str_z(kinds[i].plural))) {
			*out = kinds[i].id;
			return 0;
		}
	}
	return ENOENT;
}

const struct field *kind_field(const struct kind *k, struct str name)
{
	for (size_t i = 0; i < k->n_fields; i++) {
		if (str_eq(name, str_z(k->fields[i].name)))
			return &k->fields[i];
	}
	return NULL;
}

const struct field *kind_key(const struct kind *k)
{
	const struct field *f = k->fields;

	while (!(f->flags & FIELD_KEY))
		f++;
	return f;
}

void kind_fill(const struct kind *k, json_t *body)
{
	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field *f = &k->fields[i];

		if (f->fallback && !json_object_get(body, f->name))
			json_object_set_new(body, f->name,
			                    json_loads(f->fallback, JSON_DECODE_ANY, NULL));
	}
}
