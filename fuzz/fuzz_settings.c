// SPDX-License-Identifier: Apache-2.0
/* Settings: a YAML file, and lines of the command line and the environment, as the first byte
 * says. What is refused has a reason. */
#include <string.h>

#include "app/settings.h"
#include "app/yaml.h"
#include "feed.h"

enum { MAX_FILE = 65536, LINES = 16 };

static void from_file(struct settings *s, struct str text, struct buf *why)
{
	json_t *file = NULL;
	if (yaml_parse(text, MAX_FILE, &file, why) != 0)
		need(why->n && !file);
	else if (settings_put_file(s, file, why) != 0)
		need(why->n);
	json_decref(file);
}

static void from_arguments(struct settings *s, struct str text, struct buf *why)
{
	while (text.n && !why->n) {
		struct str line = str_cut(&text, '\n');
		int err = settings_put_arg(s, line, why);
		need((err != 0) == (why->n != 0));
	}
}

static void from_environment(struct settings *s, struct str text, struct buf *why)
{
	char *environment[LINES + 1] = {NULL};
	size_t n = 0;
	while (text.n && n < LINES)
		environment[n++] = str_dupz(str_cut(&text, '\n'));
	int err = settings_put_env(s, environment, why);
	need((err != 0) == (why->n != 0));
	while (n)
		free(environment[--n]);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct settings s;
	struct buf why;
	if (n == 0)
		return 0;
	struct str text = {(const char *)p + 1, n - 1};
	buf_init(&why, 1 << 16);
	settings_init(&s);
	switch (p[0] % 3) {
	case 0: from_file(&s, text, &why); break;
	case 1: from_arguments(&s, text, &why); break;
	default: from_environment(&s, text, &why); break;
	}
	if (!why.n) {
		int err = settings_settle(&s, p[0] & 128, &why);
		need((err != 0) == (why.n != 0));
	}
	buf_fini(&why);
	return 0;
}
