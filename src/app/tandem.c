// SPDX-License-Identifier: Apache-2.0
/* The command line: asks the daemon of a data directory, and prints. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/client.h"
#include "app/command.h"
#include "app/print.h"
#include "app/yaml.h"

enum { OUT_MAX = 512 << 20, FILE_MAX = 64 << 20, WHY_MAX = 65536 };

struct options {
	const char *data;
	bool json;
};

static void write_out(struct buf *out)
{
	if (fwrite(out->p, 1, out->n, stdout) != out->n || fflush(stdout) != 0)
		exit(EXIT_REFUSED);
	buf_fini(out);
}

static int say_usage(struct buf *why, const struct command *c)
{
	struct buf usage;
	buf_init(&usage, 4096);
	if (c)
		command_put_usage(&usage, c);
	else
		buf_lit(&usage, "tandem [--data DIR] [--json] COMMAND ...");
	fprintf(stderr, "tandem: " STR_FMT "\nUsage: " STR_FMT "\nMore: tandem %s%s--help\n",
	        STR_ARG(buf_view(why)), STR_ARG(buf_view(&usage)), c ? c->name : "", c ? " " : "");
	buf_fini(&usage);
	return EXIT_USAGE;
}

/* -- files --------------------------------------------------------------------------- */

static int read_all(const char *path, struct buf *out)
{
	char bytes[65536];
	ssize_t n;
	int fd = strcmp(path, "-") == 0 ? 0 : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		buf_add(out, bytes, (size_t)n);
	int err = n < 0 ? errno : 0;
	if (fd != 0)
		close(fd);
	if (err == 0 && !buf_ok(out))
		err = E_LIMIT;
	return err;
}

/* The file's name in `args` becomes what stands in the file. */
static int load_file(json_t *args)
{
	char *path = str_dupz(str_z(json_string_value(json_object_get(args, "file"))));
	struct buf text, why;
	json_t *value = NULL;
	buf_init(&text, FILE_MAX);
	buf_init(&why, WHY_MAX);
	int err = read_all(path, &text);
	if (err)
		buf_printf(&why, "%s", err_text(err));
	else
		err = yaml_parse(buf_view(&text), FILE_MAX, &value, &why);
	if (err)
		fprintf(stderr, "tandem: %s: " STR_FMT "\n", path, STR_ARG(buf_view(&why)));
	else
		json_object_set_new(args, "file", value);
	if (text.cap)
		mem_wipe(text.p, text.cap); /* passwords */
	buf_fini(&text);
	buf_fini(&why);
	free(path);
	return err ? EXIT_REFUSED : EXIT_OK;
}

/* -- one command --------------------------------------------------------------------- */

static int show(const struct options *o, const struct command *c, const json_t *answer)
{
	struct buf out;
	const json_t *result = json_object_get(answer, "result");
	const json_t *text = json_object_get(answer, "text");
	buf_init(&out, OUT_MAX);
	if (o->json) {
		char *s = json_dumps(result, JSON_INDENT(2) | JSON_ENCODE_ANY);
		buf_printf(&out, "%s\n", s ? s : "null");
		free(s);
	} else {
		print_result(&out, c->id, result,
		             (struct str){json_string_value(text), json_string_length(text)});
	}
	write_out(&out);
	return EXIT_OK;
}

static int show_error(const struct options *o, const json_t *answer)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
	json_int_t code = json_integer_value(json_object_get(answer, "code"));
	if (code < EXIT_REFUSED || code > EXIT_NOT_FOUND)
		code = EXIT_REFUSED;
	if (o->json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	fprintf(stderr, "tandem: %s\n", error ? error : "refused");
	return (int)code;
}

static int ask(const struct options *o, const struct command *c, json_t *args)
{
	json_t *answer = NULL;
	struct buf why;
	buf_init(&why, WHY_MAX);
	int code;
	if (client_ask(o->data, c->name, args, &answer, &why) != 0) {
		fprintf(stderr, "tandem: " STR_FMT "\n", STR_ARG(buf_view(&why)));
		code = EXIT_UNREACHABLE;
	} else if (json_is_true(json_object_get(answer, "ok"))) {
		code = show(o, c, answer);
	} else {
		code = show_error(o, answer);
	}
	json_decref(answer);
	buf_fini(&why);
	return code;
}

static int print_completion(void)
{
	struct buf out;
	buf_init(&out, OUT_MAX);
	commands_put_completion(&out);
	write_out(&out);
	return EXIT_OK;
}

static int print_help(const struct command *c)
{
	struct buf out;
	buf_init(&out, OUT_MAX);
	if (c)
		command_put_help(&out, c);
	else
		commands_put_help(&out);
	write_out(&out);
	return EXIT_OK;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* --data and --json also count behind the command: take them out of its words. */
static size_t take_common(struct options *o, size_t n, char **words)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], "--json") == 0)
			o->json = true;
		else if (strcmp(words[i], "--data") == 0 && i + 1 < n)
			o->data = words[++i];
		else if (strncmp(words[i], "--data=", 7) == 0)
			o->data = words[i] + 7;
		else
			words[kept++] = words[i];
	}
	return kept;
}

static int run(struct options *o, const struct command *c, size_t n, char **words)
{
	json_t *args = NULL;
	struct buf why;
	for (size_t i = 0; i < n; i++)
		if (is_help(words[i]))
			return print_help(c);
	n = take_common(o, n, words);
	buf_init(&why, WHY_MAX);
	int code = EXIT_OK;
	if (command_parse(c, n, words, &args, &why) != 0)
		code = say_usage(&why, c);
	else if (c->id == COMMAND_COMPLETION)
		code = print_completion();
	else if (json_object_get(args, "file"))
		code = load_file(args);
	if (code == EXIT_OK && c->id != COMMAND_COMPLETION)
		code = ask(o, c, args);
	json_decref(args);
	buf_fini(&why);
	return code;
}

/* Options before the command; returns how many words they are, or exits. */
static int parse_options(struct options *o, int argc, char **argv)
{
	int i = 1;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (is_help(argv[i]))
			exit(print_help(NULL));
		if (strcmp(argv[i], "--version") == 0) {
			puts("tandem " TANDEM_VERSION);
			exit(EXIT_OK);
		}
		if (strcmp(argv[i], "--json") == 0) {
			o->json = true;
		} else if (strcmp(argv[i], "--data") == 0 && i + 1 < argc) {
			o->data = argv[++i];
		} else if (strncmp(argv[i], "--data=", 7) == 0) {
			o->data = argv[i] + 7;
		} else {
			fprintf(stderr, "tandem: what is %s? See tandem --help\n", argv[i]);
			exit(EXIT_USAGE);
		}
	}
	return i;
}

static int usage_error(const char *what, const char *word)
{
	char mem[512];
	struct buf why;
	buf_init_fixed(&why, mem, sizeof mem);
	buf_printf(&why, "%s%.400s", what, word);
	return say_usage(&why, NULL);
}

int main(int argc, char **argv)
{
	const char *data = getenv("TANDEM_DATA");
	struct options o = {.data = data && *data ? data : "data"};
	int at = parse_options(&o, argc, argv);
	if (at >= argc)
		return usage_error("which command?", "");
	if (strcmp(argv[at], "help") == 0)
		return print_help(at + 1 < argc ? command_find(str_z(argv[at + 1])) : NULL);
	const struct command *c = command_find(str_z(argv[at]));
	if (!c)
		return usage_error("there is no command ", argv[at]);
	return run(&o, c, (size_t)(argc - at - 1), argv + at + 1);
}
