// SPDX-License-Identifier: Apache-2.0
#include "app/demo.h"

#include <unistd.h>

#include "app/commands.h"

enum { PASSWORD_CHARS = 12 };

/* -- the tenant ---------------------------------------------------------------------- */

/* A menu at 500, a group at 510, opening hours, a room at 600. */
static const char *const routing =
	"{\"ring_groups\":[{\"name\":\"sales\",\"extension\":\"510\",\"ring_s\":20,"
	"  \"members\":[\"user:1001\",\"user:1002\"],\"no_answer\":\"mailbox:1001\"}],"
	" \"schedules\":[{\"name\":\"office\","
	"  \"hours\":[{\"days\":\"mon-fri\",\"from\":\"09:00\",\"to\":\"17:00\"}],"
	"  \"holidays\":[{\"date\":\"12-25\",\"name\":\"Christmas\"},"
	"                {\"date\":\"01-01\",\"name\":\"New Year\"}]}],"
	" \"conferences\":[{\"name\":\"room\",\"extension\":\"600\"}],"
	" \"prompts\":[{\"name\":\"welcome\",\"texts\":[\"Welcome to the demo. For sales, press 1. For the "
	"conference, press 2. Or dial an extension.\"]},"
	"              {\"name\":\"closed\",\"texts\":[\"Our office is closed now.\"]},"
	"              {\"name\":\"goodbye\",\"texts\":[\"Goodbye.\"]}],"
	" \"flows\":[{\"name\":\"main\",\"extension\":\"500\",\"start\":\"menu\",\"nodes\":{"
	"  \"menu\":{\"kind\":\"menu\",\"items\":[{\"prompt\":\"welcome\"}],\"dial\":true,"
	"           \"exits\":{\"1\":\"hours\",\"2\":\"room\",\"timeout\":\"bye\"}},"
	"  \"hours\":{\"kind\":\"schedule\",\"schedule\":\"office\","
	"            \"exits\":{\"open\":\"sales\",\"closed\":\"closed\"}},"
	"  \"sales\":{\"kind\":\"forward\",\"to\":\"ring_group:sales\"},"
	"  \"closed\":{\"kind\":\"play\",\"items\":[{\"prompt\":\"closed\"}],\"exits\":{\"next\":\"message\"}},"
	"  \"message\":{\"kind\":\"voicemail\",\"mailbox\":\"mailbox:1001\"},"
	"  \"room\":{\"kind\":\"conference\",\"conference\":\"room\"},"
	"  \"bye\":{\"kind\":\"play\",\"items\":[{\"prompt\":\"goodbye\"}],\"exits\":{\"next\":\"end\"}},"
	"  \"end\":{\"kind\":\"hangup\"}}}]}";

static json_t *make_user(const char *name, const char *extension, struct rng *rng)
{
	char password[PASSWORD_CHARS];
	rng_token(rng, password, sizeof password);
	json_t *user = json_pack("{s:s,s:s,s:b,s:s,s:[{s:s,s:s%}]}", "name", name, "extension", extension,
	                         "voicemail", 1, "voicemail_pin", extension, "devices",
	                         "username", extension, "password", password,
	                         (size_t)PASSWORD_CHARS);
	mem_wipe(password, sizeof password);
	return user;
}

int demo_make(struct config *c, struct rng *rng, uint64_t now_ms, struct buf *why)
{
	static const char *const people[][2] = {
		{"Alice", "1001"}, {"Bob", "1002"}, {"Carol", "1003"}, {"Dave", "1004"}};
	if (config_tenants(c))
		return 0;
	json_t *users = json_array();
	for (size_t i = 0; i < sizeof people / sizeof people[0]; i++)
		json_array_append_new(users, make_user(people[i][0], people[i][1], rng));
	json_t *file = json_pack("{s:s,s:[s],s:o}", "tenant", "demo", "domains", "demo.tandem.test",
	                         "users", users);
	json_t *rest = json_loads(routing, 0, NULL);
	json_object_update(file, rest);
	json_decref(rest);
	struct config_result res;
	int err = config_apply(c, file, "demo", now_ms, &res, why);
	if (err == 0)
		config_result_fini(&res);
	commands_wipe_passwords(file);
	json_decref(file);
	return err;
}

/* -- what to type -------------------------------------------------------------------- */

/* The address this machine reaches others from: the kernel chooses it for a socket; nothing is sent. */
static void find_own_address(struct addr *out)
{
	struct addr far = {.family = ADDR_V4, .port = 9, .ip = {192, 0, 2, 1}};
	struct sockaddr_storage ss, own;
	socklen_t n = addr_to_sockaddr(&far, &ss), own_n = sizeof own;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	*out = (struct addr){.family = ADDR_V4, .ip = {127, 0, 0, 1}};
	if (fd < 0)
		return;
	if (connect(fd, (struct sockaddr *)&ss, n) == 0 &&
	    getsockname(fd, (struct sockaddr *)&own, &own_n) == 0)
		addr_from_sockaddr(out, (struct sockaddr *)&own);
	close(fd);
}

/* Server address as a phone wants it; 5060 goes without saying. */
static void put_server(struct buf *out, const struct settings *s)
{
	struct addr at = s->sip_listen.v[0].at;
	uint16_t port = at.port;
	if (s->sip_advertise.family)
		at = s->sip_advertise;
	else if (addr_is_any(&at))
		find_own_address(&at);
	addr_put_ip(out, &at, true);
	if (port && port != 5060)
		buf_printf(out, ":%u", port);
}

static void put_device(struct buf *out, const struct object *o, const struct seal_key *seal)
{
	char mem[SEAL_MAX_PLAIN];
	struct buf plain;
	buf_init_fixed(&plain, mem, sizeof mem);
	const json_t *sealed = json_object_get(o->body, "password");
	const char *global = json_string_value(json_object_get(o->body, "global_username"));
	struct str text = {json_string_value(sealed), json_string_length(sealed)};
	if (seal_open(seal, text, &plain) == 0)
		buf_printf(out, "    %-12s" STR_FMT "%*s%s\n", o->key, STR_ARG(buf_view(&plain)),
		           plain.n < 16 ? (int)(16 - plain.n) : 1, "", global ? global : "");
	mem_wipe(mem, sizeof mem);
}

void demo_put_help(struct buf *out, struct config *c, const struct seal_key *seal,
                   const struct settings *settings)
{
	const struct object_set *objects = config_objects(c, STR("demo"));
	if (!objects)
		return;
	buf_lit(out, "\nSet up two softphones, each with a line of its own:\n\n    server      ");
	put_server(out, settings);
	buf_lit(out, "   (as domain, registrar or proxy; UDP or TCP)\n\n"
	             "    user name   password        (user name that is right in every case)\n");
	for (size_t i = 0; i < objects->n; i++)
		if (objects->v[i].kind == KIND_DEVICE)
			put_device(out, &objects->v[i], seal);
	buf_lit(out, "\nDial 1002 from 1001. *43 is the echo test: you hear yourself.\n"
	             "500 is a menu, 510 rings Alice and Bob, *60 says the time.\n\n");
}
